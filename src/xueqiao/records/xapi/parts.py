"""The parts around actor, verb and object: result, context, attachments."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from xueqiao.records.xapi import activities, agents, values

_RESULT = frozenset({"score", "success", "completion", "response", "duration", "extensions"})
_SCORE = frozenset({"scaled", "raw", "min", "max"})
_CONTEXT = frozenset({
    "registration", "instructor", "team", "contextActivities", "revision", "platform", "language",
    "statement", "extensions",
})  # fmt: skip
_CONTEXT_2 = _CONTEXT | {"contextAgents", "contextGroups"}
_KINDS = frozenset({"parent", "grouping", "category", "other"})
_CONTEXT_AGENT = {"contextAgents": "agent", "contextGroups": "group"}
_ATTACHMENT = frozenset({
    "usageType", "display", "description", "contentType", "length", "sha2", "fileUrl",
})  # fmt: skip
_REFERENCE = frozenset({"objectType", "id"})


def result(value: Any, at: str) -> None:
    """A measured outcome."""
    found = values.filled(value, at)
    values.only(found, _RESULT, at)
    if "score" in found:
        _score(found["score"], f"{at}/score")
    for name in ("success", "completion"):
        if name in found:
            values.boolean(found[name], f"{at}/{name}")
    if "response" in found:
        values.text(found["response"], f"{at}/response")
    if "duration" in found:
        values.duration(found["duration"], f"{at}/duration")
    if "extensions" in found:
        values.extensions(found["extensions"], f"{at}/extensions")


def _score(value: Any, at: str) -> None:
    found = values.filled(value, at)
    values.only(found, _SCORE, at)
    for name in found:
        values.number(found[name], f"{at}/{name}")
    if "scaled" in found and not -1 <= found["scaled"] <= 1:
        raise values.refuse(
            f"{at}/scaled", _("{value} is not between -1 and 1."), value=found["scaled"]
        )
    low, high = found.get("min"), found.get("max")
    if low is not None and high is not None and low >= high:
        raise values.refuse(
            f"{at}/min", _("The minimum {low} is not below the maximum {high}."), low=low, high=high
        )
    if "raw" not in found:
        return
    raw = found["raw"]
    if (low is not None and raw < low) or (high is not None and raw > high):
        raise values.refuse(
            f"{at}/raw",
            _("The score {raw} lies outside its range from {low} to {high}."),
            raw=raw, low=low, high=high,
        )  # fmt: skip


def context(value: Any, at: str, *, about_activity: bool, version: str) -> None:
    """What gives a statement meaning.

    Args:
        value: of any kind.
        at: its JSON pointer.
        about_activity: whether the statement's object is an activity; revision and platform need
            that.
        version: of the standard; agents in roles came with 2.0.0.
    """
    found = values.filled(value, at)
    values.only(found, _CONTEXT if version < "2" else _CONTEXT_2, at)
    for name, check in _CONTEXT_CHECKS.items():
        if name in found:
            check(found[name], f"{at}/{name}")
    for name in ("revision", "platform"):
        if name in found and not about_activity:
            raise values.refuse(
                f"{at}/{name}",
                _("“{name}” is allowed only where the object is an activity."),
                name=name,
            )


def _context_activities(value: Any, at: str) -> None:
    found = values.filled(value, at)
    values.only(found, _KINDS, at)
    for name, held in found.items():
        if type(held) is list:
            for place, item in enumerate(held):
                activities.activity(item, f"{at}/{name}/{place}")
        else:
            activities.activity(held, f"{at}/{name}")


def _agents_in_roles(value: Any, at: str) -> None:
    if type(value) is not list:
        raise values.refuse(at, _("A list is needed here, not {value}."), value=value)
    name = at.rpartition("/")[2]
    kind = _CONTEXT_AGENT[name]
    for place, item in enumerate(value):
        here = f"{at}/{place}"
        found = values.mapping(item, here)
        values.only(found, frozenset({"objectType", kind, "relevantTypes"}), here)
        if values.needs(found, "objectType", here) != name[:-1]:
            raise values.refuse(
                f"{here}/objectType", _("The objectType here is “{name}”."), name=name[:-1]
            )
        who = values.needs(found, kind, here)
        (agents.agent if kind == "agent" else agents.group)(who, f"{here}/{kind}")
        types = found.get("relevantTypes", [""])
        if type(types) is not list or not types:
            raise values.refuse(f"{here}/relevantTypes", _("The list has at least one address."))
        if "relevantTypes" in found:
            for number, each in enumerate(types):
                values.iri(each, f"{here}/relevantTypes/{number}")


def reference(value: Any, at: str) -> None:
    """A reference to another statement."""
    found = values.mapping(value, at)
    values.only(found, _REFERENCE, at)
    if found.get("objectType") != "StatementRef":
        raise values.refuse(f"{at}/objectType", _("A reference's objectType is “StatementRef”."))
    values.uuid(values.needs(found, "id", at), f"{at}/id")


def attachments(value: Any, at: str) -> None:
    """Descriptions of attachments; the files themselves travel in a multipart message."""
    if type(value) is not list:
        raise values.refuse(at, _("A list is needed here, not {value}."), value=value)
    for place, item in enumerate(value):
        here = f"{at}/{place}"
        found = values.mapping(item, here)
        values.only(found, _ATTACHMENT, here)
        values.iri(values.needs(found, "usageType", here), f"{here}/usageType")
        values.language_map(values.needs(found, "display", here), f"{here}/display")
        values.media_type(values.needs(found, "contentType", here), f"{here}/contentType")
        values.whole_number(values.needs(found, "length", here), f"{here}/length")
        values.sha2(values.needs(found, "sha2", here), f"{here}/sha2")
        if "description" in found:
            values.language_map(found["description"], f"{here}/description")
        if "fileUrl" in found:
            values.iri(found["fileUrl"], f"{here}/fileUrl")


_CONTEXT_CHECKS = {
    "registration": values.uuid,
    "instructor": agents.actor,
    "team": agents.group,
    "contextActivities": _context_activities,
    "revision": values.text,
    "platform": values.text,
    "language": values.language,
    "statement": reference,
    "extensions": values.extensions,
    "contextAgents": _agents_in_roles,
    "contextGroups": _agents_in_roles,
}
