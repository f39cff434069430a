"""What the platform itself says about a registration, and how a learner is named there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings

from xueqiao.cmi5.vocabulary import (
    BLOCK_TYPE,
    CATEGORY,
    COURSE_TYPE,
    MOVE_ON_CATEGORY,
    SESSION_ID,
    SHOWN,
    Verb,
)
from xueqiao.kernel import ids
from xueqiao.records import checking, sources, statements

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta
    from uuid import UUID

    from xueqiao.cmi5.models import Part, Registration
    from xueqiao.records.deliveries import Source

SPOKEN = "1.0.3"


def platform(at: datetime) -> Source:
    """The source of what the platform says."""
    return sources.open_source(code="cmi5", name="Xueqiao cmi5", at=at)


def units(at: datetime) -> Source:
    """The source of what assignable units say."""
    return sources.open_source(code="cmi5-units", name="Xueqiao cmi5 units", at=at)


def account(person_key: UUID) -> tuple[str, str]:
    """Home page and name of a learner's account here; nothing of it tells who it is."""
    return f"{settings.PUBLIC_URL}/", str(person_key)


def actor(person_key: UUID) -> dict[str, Any]:
    """The learner, as every statement of a registration names them."""
    home_page, name = account(person_key)
    return {"objectType": "Agent", "account": {"homePage": home_page, "name": name}}


def grouping(publisher_id: str) -> dict[str, Any]:
    """The publisher's identifier of what a statement is about, as an activity."""
    return {"objectType": "Activity", "id": publisher_id}


def about_unit(part: Part) -> dict[str, Any]:
    """An assignable unit as the object of a statement."""
    return _activity(part.activity_id, part.title, part.description, part.activity_type)


def about_block(part: Part) -> dict[str, Any]:
    """A block as the object of a satisfied statement."""
    return _activity(part.activity_id, part.title, part.description, BLOCK_TYPE)


def about_course(registration: Registration) -> dict[str, Any]:
    """The course as the object of a satisfied statement."""
    version = registration.version
    found = registration.course.activity_id
    return _activity(found, version.title, version.description, COURSE_TYPE)


def statement(
    verb: Verb,
    *,
    registration: Registration,
    session: UUID,
    thing: dict[str, Any],
    publisher_id: str,
    at: datetime,
    result: dict[str, Any] | None = None,
    extensions: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One of the four statements of the platform. Said again, it has the same id."""
    categories = [CATEGORY, MOVE_ON_CATEGORY] if result and "success" in result else [CATEGORY]
    key = ids.stable_uuid("cmi5", verb, str(registration.key), str(session), thing["id"])
    made: dict[str, Any] = {
        "id": str(key),
        "actor": actor(registration.person.key),
        "verb": {"id": str(verb), "display": {"en": SHOWN[verb]}},
        "object": thing,
        "context": {
            "registration": str(registration.key),
            "contextActivities": {
                "grouping": [grouping(publisher_id)],
                "category": [{"objectType": "Activity", "id": each} for each in categories],
            },
            "extensions": {SESSION_ID: str(session), **(extensions or {})},
        },
        "timestamp": moment(at),
    }
    if result:
        made["result"] = result
    return made


def store(made: Iterable[dict[str, Any]], *, at: datetime, key: str) -> None:
    """Write statements of the platform, in their order; the caller holds the transaction."""
    items = [checking.Incoming(json.dumps(each, ensure_ascii=False), each, SPOKEN) for each in made]
    if items:
        statements.store_all(source=platform(at), items=items, received_at=at, batch_key=key)


def moment(at: datetime) -> str:
    """An instant as the profile wants it: in UTC, to the millisecond."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def duration(span: timedelta) -> str:
    """A span as ISO 8601, to the hundredth of a second: PT62.5S."""
    hundredths = max(0, round(span.total_seconds() * 100))
    return f"PT{hundredths / 100:g}S" if hundredths < 10**7 else f"PT{hundredths // 100}S"


def _activity(
    key: str, title: dict[str, str], description: dict[str, str], kind: str
) -> dict[str, Any]:
    definition: dict[str, Any] = {}
    for name, texts in (("name", title), ("description", description)):
        if shown := {language: text for language, text in texts.items() if text}:
            definition[name] = shown
    if kind:
        definition["type"] = kind
    return {"objectType": "Activity", "id": key, "definition": definition}
