"""The parameters of a request to the statement resource, each checked by the standard."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import shown
from xueqiao.records.query import MOST_ROWS, Filters, Place
from xueqiao.records.xapi import agents, formats, values

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONE = frozenset({"statementId", "voidedStatementId"})
_SINGLE = _ONE | {"attachments", "format"}
_MANY = frozenset({
    "agent", "verb", "activity", "registration", "related_activities", "related_agents", "since",
    "until", "limit", "format", "attachments", "ascending", "from",
})  # fmt: skip


# Rows of a page that brings their files.
MOST_WITH_FILES = 100


class ParameterUnfit(errors.Refusal):
    """A parameter of the request is unknown, or its value is none of the standard."""

    code = "records.parameter_unfit"
    status = 400


def unfit(name: str, sentence: str, **given: Any) -> ParameterUnfit:
    return ParameterUnfit(sentence.format(name=name, **given), pointer=name)


def single(given: Mapping[str, str]) -> tuple[UUID, bool] | None:
    """The id that is asked for and whether among voided ones; None where a list is asked for.

    Raises:
        ParameterUnfit: both ids, another parameter beside one, or no UUID.
    """
    asked = _ONE.intersection(given)
    if not asked:
        return None
    name = min(asked)
    if len(asked) > 1 or (others := set(given) - _SINGLE):
        other = "voidedStatementId" if len(asked) > 1 else min(others)
        raise unfit(name, _("“{name}” cannot stand beside “{other}”."), other=other)
    return uuid(name, given[name]), name == "voidedStatementId"


def filters(given: Mapping[str, str]) -> Filters:
    """The filters of a list.

    Raises:
        ParameterUnfit: a parameter is unknown or its value does not fit.
    """
    for name in given:
        if name not in _MANY:
            raise unfit(name, _("“{name}” is not a parameter of this resource."))
    registration, files = given.get("registration"), flag(given, "attachments")
    return Filters(
        agent=_agent(given["agent"]) if "agent" in given else None,
        verb=_iri(given, "verb"),
        activity=_iri(given, "activity"),
        registration=uuid("registration", registration) if registration is not None else None,
        related_agents=flag(given, "related_agents"),
        related_activities=flag(given, "related_activities"),
        since=_instant(given, "since"),
        until=_instant(given, "until"),
        limit=min(_limit(given.get("limit", "0")), MOST_WITH_FILES if files else MOST_ROWS),
        ascending=flag(given, "ascending"),
        behind=_place(given["from"]) if "from" in given else None,
    )


def uuid(name: str, value: str) -> UUID:
    try:
        values.uuid(value, name)
    except values.Invalid as why:
        raise ParameterUnfit(why.text, pointer=name) from why
    return UUID(value)


def flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in {"true", "false"}:
        raise unfit(name, _("“{name}” is true or false, not “{value}”."), value=value[:80])
    return value == "true"


def form(given: Mapping[str, str], *, version: str, languages: str) -> shown.Form:
    """The form in which statements are asked for.

    Args:
        given: the parameters.
        version: of the standard that the reader speaks.
        languages: the header Accept-Language.

    Raises:
        ParameterUnfit: the format is none of the standard.
    """
    asked = given.get("format", shown.EXACT)
    if asked not in shown.FORMATS:
        raise unfit("format", _("“{name}” is exact, ids or canonical."))
    return shown.Form(version, asked, tuple(formats.languages(languages)))


def _agent(text: str) -> str:
    try:
        found = msgspec.json.decode(text)
        agents.actor(found, "agent")
    except (msgspec.DecodeError, RecursionError) as why:
        raise unfit("agent", _("“{name}” is not JSON.")) from why
    except values.Invalid as why:
        raise ParameterUnfit(why.text, pointer=why.pointer) from why
    if not (identifier := agents.identifier(found)):
        raise unfit("agent", _("“{name}” needs an identifier; an anonymous group has none."))
    return identifier


def _iri(given: Mapping[str, str], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not values.is_iri(value):
        raise unfit(name, _("“{name}” is not an absolute address (IRI)."))
    return value


def _instant(given: Mapping[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    # "+" of an offset that was not escaped arrives as a space.
    found = values.instant(given[name]) or values.instant(given[name].replace(" ", "+"))
    if found is None:
        raise unfit(name, _("“{name}” is not a date and time of ISO 8601."))
    return found


def _limit(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > len("999999999"):
        raise unfit("limit", _("“{name}” is a whole number from 0; 0 asks for as many as allowed."))
    return min(int(value) or MOST_ROWS, MOST_ROWS)


def token(place: Place) -> str:
    """A place as text for the link to the next page."""
    micros = int((place.stored_at - _EPOCH).total_seconds() * 1_000_000)
    return base64.urlsafe_b64encode(f"{micros}.{place.row}".encode()).decode().rstrip("=")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _place(text: str) -> Place:
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        micros, row = map(int, decoded.split("."))
        return Place(datetime.fromtimestamp(micros // 1_000_000, UTC).replace(
            microsecond=micros % 1_000_000), row if row < 2**63 else 0)  # fmt: skip
    except (binascii.Error, ValueError, OverflowError, OSError) as why:
        raise unfit(
            "from", _("The link to the next page is damaged; ask for the list again.")
        ) from why
