"""Sessions of assignable units: launched, opened with a token, ended or abandoned."""

from __future__ import annotations

import hmac
import json
import secrets
import uuid
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.cmi5 import content, notebook, registrations, rules, writing
from xueqiao.cmi5.models import Part, Registration, Session
from xueqiao.cmi5.vocabulary import (
    LAUNCH_MODE,
    LAUNCH_PARAMETERS,
    LAUNCH_URL,
    MASTERY_SCORE,
    MOVE_ON,
    SESSION_ID,
    Verb,
)
from xueqiao.kernel import errors, ids

if TYPE_CHECKING:
    from datetime import datetime

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=3)
TOKEN_PREFIX = "cmi5-"  # noqa: S105 - the public half, which tells a session's token from a key


class NoSuchUnit(errors.Refusal):
    """The part is no unit of the learner's course."""

    code = "cmi5.no_such_unit"
    status = 404


class Launch(NamedTuple):
    """A unit that is ready to be opened.

    Attributes:
        address: where the browser goes; complete, with the five parameters of the profile.
    """

    session: Session
    address: str


class Fetched(NamedTuple):
    """The answer of a fetch address: a token, or a code of the profile and why."""

    token: str
    code: str = ""
    text: str = ""


def launch(
    *, registration_id: int, part_id: int, mode: rules.Mode, site: str, return_url: str,
    languages: str, at: datetime,
) -> Launch:  # fmt: skip
    """Begin a session. One that is still open in the registration is abandoned first.

    Launch data and preferences are written before the address is given out, and so is the
    launched statement.

    Args:
        site: scheme and host of this site, as the learner reaches it.
        return_url: where the unit sends the learner when it is done.
        languages: the learner's languages in order, such as ``zh-CN,en``.

    Raises:
        NoSuchUnit: the part is no unit of the registration's version.
    """
    with transaction.atomic():
        registration = registrations.locked(registration_id)
        part = Part.objects.filter(
            pk=part_id, version_id=registration.version_id, is_block=False
        ).first()
        if part is None:
            raise NoSuchUnit(_("This course has no such unit. Start one from the course's page."))
        for earlier in Session.objects.filter(
            registration=registration, terminated_at=None, abandoned_at=None
        ):
            _abandon(registration, earlier, at)
        key, fetch = uuid.uuid4(), secrets.token_urlsafe(24)
        session = Session.objects.create(
            key=key,
            registration=registration,
            part=part,
            mode=mode,
            fetch_hash=_hash("fetch", fetch),
            launched_at=at,
            ends_at=at + LONGEST,
        )
        plain = _plain_address(part, site, at)
        data = launch_data(part, session, return_url)
        notebook.write(registration, part, data, languages=languages, at=at)
        said = _launched(registration, session, plain, at)
        writing.store([said], at=at, key=f"cmi5:launched:{key}")
    return Launch(session, _address(plain, registration, part, site, fetch))


def fetch(*, token: str, at: datetime) -> Fetched:
    """The credential of a session, once; a second call gets code 1, and so does an ended one."""
    given = _hash("fetch", token)
    session = Session.objects.filter(fetch_hash=given).first()
    if session is None:
        return Fetched("", "2", _("This address belongs to no session."))
    secret = secrets.token_urlsafe(32)
    rows = Session.objects.filter(
        pk=session.pk, secret_hash="", terminated_at=None, abandoned_at=None, ends_at__gt=at
    )
    if not rows.update(secret_hash=_hash(str(session.key), secret)):
        return Fetched("", "1", _("The token was handed out before, or the session is over."))
    pair = f"{TOKEN_PREFIX}{session.key}:{secret}"
    return Fetched(b64encode(pair.encode()).decode())


def authenticate(*, key: str, secret: str, at: datetime) -> Session | None:
    """The open session of a credential, or None: it ends with its session."""
    try:
        wanted = uuid.UUID(key.removeprefix(TOKEN_PREFIX))
    except ValueError:
        return None
    rows = Session.objects.select_related("registration__person", "part")
    found = rows.filter(key=wanted, terminated_at=None, abandoned_at=None, ends_at__gt=at).first()
    given = _hash(str(wanted), secret)
    return found if found and hmac.compare_digest(found.secret_hash, given) else None


def abandon(*, session_id: int, at: datetime) -> bool:
    """End a session that did not end by itself. Returns whether it was open."""
    with transaction.atomic():
        registration = registrations.locked(
            Session.objects.values_list("registration_id", flat=True).get(pk=session_id)
        )
        session = Session.objects.get(pk=session_id)
        if not session.is_open:
            return False
        _abandon(registration, session, at)
    return True


def abandon_due(*, at: datetime, limit: int = 500) -> int:
    """Abandon the sessions that ran out, or from which nothing was heard for long."""
    rows = Session.objects.filter(terminated_at=None, abandoned_at=None)
    overdue = rows.filter(ends_at__lte=at).values_list("pk", flat=True)
    silent = rows.filter(heard_at__lte=at - IDLE, ends_at__gt=at).values_list("pk", flat=True)
    found = [*overdue[:limit], *silent[:limit]]
    return sum(abandon(session_id=each, at=at) for each in found)


def _abandon(registration: Registration, session: Session, at: datetime) -> None:
    """Write that a session was abandoned; the caller holds the registration locked."""
    session.abandoned_at = at
    session.save(update_fields=["abandoned_at"])
    last = session.heard_at or session.launched_at
    said = writing.statement(
        Verb.ABANDONED,
        registration=registration,
        session=session.key,
        thing=writing.about_unit(session.part),
        publisher_id=session.part.publisher_id,
        at=at,
        result={"duration": writing.duration(last - session.launched_at)},
    )
    writing.store([said], at=at, key=f"cmi5:abandoned:{session.key}")


def _plain_address(part: Part, site: str, at: datetime) -> str:
    """Where a unit lies, before the parameters of a launch."""
    parts = urlsplit(part.url)
    if parts.netloc:
        return part.url
    path = content.address(part.version_id, "", at) + parts.path
    return urljoin(f"{site}/", urlunsplit(("", "", path, parts.query, parts.fragment)))


def _address(plain: str, registration: Registration, part: Part, site: str, fetch: str) -> str:
    parts = urlsplit(plain)
    given = {
        "endpoint": f"{site}/xapi/",
        "fetch": f"{site}/cmi5/fetch/{fetch}/",
        "actor": json.dumps(writing.actor(registration.person.key), separators=(",", ":")),
        "registration": str(registration.key),
        "activityId": part.activity_id,
    }
    query = "&".join(filter(None, [parts.query, urlencode(given)]))
    return urlunsplit(parts._replace(query=query))


def _launched(
    registration: Registration, session: Session, plain: str, at: datetime
) -> dict[str, Any]:
    part = session.part
    extensions: dict[str, Any] = {
        LAUNCH_MODE: session.mode,
        LAUNCH_URL: plain,
        MOVE_ON: part.move_on,
    }
    if part.mastery is not None:
        extensions[MASTERY_SCORE] = part.mastery / rules.WHOLE
    if part.launch_parameters is not None:
        extensions[LAUNCH_PARAMETERS] = part.launch_parameters
    return writing.statement(
        Verb.LAUNCHED,
        registration=registration,
        session=session.key,
        thing=writing.about_unit(part),
        publisher_id=part.publisher_id,
        at=at,
        extensions=extensions,
    )


def launch_data(part: Part, session: Session, return_url: str) -> dict[str, Any]:
    """The document ``LMS.LaunchData``. Source: cmi5 Quartz, section 10."""
    found: dict[str, Any] = {
        "contextTemplate": {
            "contextActivities": {"grouping": [writing.grouping(part.publisher_id)]},
            "extensions": {SESSION_ID: str(session.key)},
        },
        "launchMode": session.mode,
        "launchMethod": part.launch_method,
        "moveOn": part.move_on,
        "returnURL": return_url,
    }
    if part.mastery is not None:
        found["masteryScore"] = part.mastery / rules.WHOLE
    if part.launch_parameters is not None:
        found["launchParameters"] = part.launch_parameters
    if part.entitlement_key is not None:
        found["entitlementKey"] = {"courseStructure": part.entitlement_key}
    return found


def _hash(kind: str, secret: str) -> str:
    return ids.keyed_hash(settings.IDENTITY_KEY, f"cmi5\x1f{kind}\x1f{secret}")
