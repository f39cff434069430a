"""The parameters of a request to a document resource: which document is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.utils.translation import gettext as _

from xueqiao.records import parameters
from xueqiao.records.documents import Place
from xueqiao.records.models import DocumentKind
from xueqiao.records.xapi import agents, values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# An index entry of PostgreSQL holds 2.7 kB, the other columns of the key included.
_LONGEST_KEY_BYTES = 1000
_NEEDED = {
    DocumentKind.STATE: ("activityId", "agent"),
    DocumentKind.AGENT_PROFILE: ("agent",),
    DocumentKind.ACTIVITY_PROFILE: ("activityId",),
}
KEYS = {
    DocumentKind.STATE: "stateId",
    DocumentKind.AGENT_PROFILE: "profileId",
    DocumentKind.ACTIVITY_PROFILE: "profileId",
}


def place(kind: DocumentKind, given: Mapping[str, str], *, also: tuple[str, ...] = ()) -> Place:
    """The place that parameters name; its key is "" where none is given.

    Args:
        also: parameters beside those of the place that the request may have.

    Raises:
        ParameterUnfit: one is missing, unknown, or of another form.
    """
    known = {*_NEEDED[kind], KEYS[kind], *also}
    if kind == DocumentKind.STATE:
        known.add("registration")
    for name in given:
        if name not in known:
            raise parameters.unfit(name, _("“{name}” is not a parameter of this resource."))
    for name in _NEEDED[kind]:
        need(given, name)
    registration = given.get("registration")
    return Place(
        kind,
        activity(given) if "activityId" in given else "",
        agents.identifier(agent(given)) if "agent" in given else "",
        parameters.uuid("registration", registration) if registration is not None else None,
        _key(given, KEYS[kind]),
    )


def one(kind: DocumentKind, given: Mapping[str, str]) -> Place:
    """The place of one document.

    Raises:
        ParameterUnfit: one is missing, unknown, or of another form.
    """
    need(given, KEYS[kind])
    return place(kind, given)


def need(given: Mapping[str, str], name: str) -> None:
    """Refuse a request without the parameter."""
    if name not in given:
        raise parameters.unfit(name, _("The parameter “{name}” is missing."))


def since(given: Mapping[str, str]) -> datetime | None:
    """The instant after which documents were written, if one is given."""
    if "since" not in given:
        return None
    # "+" of an offset that was not escaped arrives as a space.
    asked = given["since"]
    found = values.instant(asked) or values.instant(asked.replace(" ", "+"))
    if found is None:
        raise parameters.unfit("since", _("“{name}” is not a date and time of ISO 8601."))
    return found


def activity(given: Mapping[str, str]) -> str:
    """The address of ``activityId``."""
    if not values.is_iri(given["activityId"]):
        raise parameters.unfit("activityId", _("“{name}” is not an absolute address (IRI)."))
    return given["activityId"]


def agent(given: Mapping[str, str]) -> dict[str, Any]:
    """The agent or identified group of ``agent``, checked."""
    try:
        found: dict[str, Any] = msgspec.json.decode(given["agent"])
        agents.actor(found, "agent")
    except (msgspec.DecodeError, RecursionError) as why:
        raise parameters.unfit("agent", _("“{name}” is not JSON.")) from why
    except values.Invalid as why:
        raise parameters.ParameterUnfit(why.text, pointer=why.pointer) from why
    if not agents.identifier(found):
        text = _("“{name}” needs an identifier; an anonymous group has none.")
        raise parameters.unfit("agent", text)
    return found


def _key(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "")
    if (name in given and not value) or len(value.encode()) > _LONGEST_KEY_BYTES:
        raise parameters.unfit(name, _("“{name}” has 1 to {most} bytes."), most=_LONGEST_KEY_BYTES)
    return value
