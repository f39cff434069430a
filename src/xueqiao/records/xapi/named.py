"""Whom and what a checked statement names, besides its actor and its object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.records.roles import Role
from xueqiao.records.xapi import agents

if TYPE_CHECKING:
    from collections.abc import Iterator

# Plain numbers: a row is built for each of them.
_OBJECT, _MEMBER, _INSTRUCTOR, _TEAM, _CONTEXT, _WITHIN = map(
    int, (Role.OBJECT, Role.MEMBER, Role.INSTRUCTOR, Role.TEAM, Role.CONTEXT, Role.WITHIN)
)
_KINDS = {
    "parent": int(Role.PARENT),
    "grouping": int(Role.GROUPING),
    "category": int(Role.CATEGORY),
    "other": int(Role.OTHER),
}
DIRECT = _MEMBER  # up to this role the filter by agent looks without being asked for related ones


class Named:
    """What is named: identifier or address to its nearest role, and what activities are said to be.

    Attributes:
        agents: without the actor; identifiers as ``agents.identifier`` writes them.
        activities: without the object.
        definitions: address to definition, the object's included; the last one of an address.
    """

    __slots__ = ("activities", "agents", "definitions")

    def __init__(
        self,
        agents: dict[str, int] | None = None,
        activities: dict[str, int] | None = None,
        definitions: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.agents = {} if agents is None else agents
        self.activities = {} if activities is None else activities
        self.definitions = {} if definitions is None else definitions


NOBODY = Named()


def read(statement: dict[str, Any]) -> Named:
    """What a statement names that ``validate.check`` let pass."""
    named = Named()
    actor, thing = statement["actor"], statement["object"]
    kind = thing.get("objectType", "Activity")
    if kind == "Activity":
        _define(named, thing)
    elif kind in {"Agent", "Group"}:
        _person(named, thing, _OBJECT, _MEMBER)
    if "member" in actor:
        _members(named, actor, _MEMBER)
    if "context" in statement:
        _of_context(named, statement["context"], None)
    if kind == "SubStatement":
        _within(named, thing)
    if named.agents:
        named.agents.pop(agents.identifier(actor), None)
    if kind == "Activity" and named.activities:
        named.activities.pop(thing["id"], None)
    return named


def of_activity(activity: dict[str, Any]) -> Named:
    """What an activity names as the object of a statement."""
    named = Named()
    _define(named, activity)
    return named


def of_context(context: dict[str, Any]) -> Named:
    """What the context of a statement names."""
    named = Named()
    _of_context(named, context, None)
    return named


def joined(thing: Named, context: Named, *, actor: str, activity: str) -> Named:
    """What a statement about an activity names, made of what its object and its context name.

    Args:
        actor: identifier of its actor, a single agent or an identified group.
        activity: address of its object.
    """
    return Named(
        _without(context.agents, actor),
        _without(context.activities, activity),
        {**thing.definitions, **context.definitions} if context.definitions else thing.definitions,
    )


def _without(held: dict[str, int], name: str) -> dict[str, int]:
    if name not in held:
        return held
    return {each: role for each, role in held.items() if each != name}


def _of_context(named: Named, context: dict[str, Any], role: int | None) -> None:
    """Take in what a context names, in its own roles or in one for all."""
    if "contextActivities" in context:
        held = context["contextActivities"]
        for name, own in _KINDS.items():
            for each in _list(held.get(name, ())):
                named.activities.setdefault(each["id"], role or own)
                _define(named, each)
    if "instructor" in context:
        _person(named, context["instructor"], role or _INSTRUCTOR, role or _INSTRUCTOR)
    if "team" in context:
        _person(named, context["team"], role or _TEAM, role or _TEAM)
    for each in context.get("contextAgents", ()):
        _person(named, each["agent"], role or _CONTEXT, role or _CONTEXT)
    for each in context.get("contextGroups", ()):
        _person(named, each["group"], role or _CONTEXT, role or _CONTEXT)


def _within(named: Named, inner: dict[str, Any]) -> None:
    _person(named, inner["actor"], _WITHIN, _WITHIN)
    thing = inner["object"]
    kind = thing.get("objectType", "Activity")
    if kind == "Activity":
        named.activities.setdefault(thing["id"], _WITHIN)
        _define(named, thing)
    elif kind in {"Agent", "Group"}:
        _person(named, thing, _WITHIN, _WITHIN)
    if "context" in inner:
        _of_context(named, inner["context"], _WITHIN)


def _person(named: Named, actor: dict[str, Any], role: int, members: int) -> None:
    identifier = agents.identifier(actor)
    if identifier:
        named.agents.setdefault(identifier, role)
    if "member" in actor:
        _members(named, actor, members)


def _members(named: Named, group: dict[str, Any], role: int) -> None:
    for each in group["member"]:
        named.agents.setdefault(agents.identifier(each), role)


def _define(named: Named, activity: dict[str, Any]) -> None:
    if activity.get("definition"):
        named.definitions[activity["id"]] = activity["definition"]


def _list(held: Any) -> Any:
    return (held,) if isinstance(held, dict) else held


def attachments(statement: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The attachments of a statement and of one inside it, each with its JSON pointer."""
    for place, each in enumerate(statement.get("attachments", ())):
        yield f"/attachments/{place}", each
    thing = statement["object"]
    if thing.get("objectType") == "SubStatement":
        for place, each in enumerate(thing.get("attachments", ())):
            yield f"/object/attachments/{place}", each
