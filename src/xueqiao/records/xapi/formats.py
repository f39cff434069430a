"""The forms in which a statement is given back: exact, ids, canonical, and for which version.

Each function changes the decoded statement that it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.records.xapi import agents, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

# Properties of 2.0.0 that a reader of 1.0.x must not meet.
_NEW_IN_2 = ("contextAgents", "contextGroups")
_COMPONENTS = ("choices", "scale", "source", "target", "steps")


def _parts(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The statement, and the one inside it if there is one."""
    yield statement
    if statement["object"].get("objectType") == "SubStatement":
        yield statement["object"]


def lists(statement: dict[str, Any]) -> None:
    """Give activities of the context as lists, as the standard asks, even where one came alone."""
    for part in _parts(statement):
        held = part.get("context", {}).get("contextActivities", {})
        for kind, each in held.items():
            if isinstance(each, dict):
                held[kind] = [each]


def for_1_0(statement: dict[str, Any]) -> None:
    """Take out what a reader of 1.0.x does not know."""
    for part in _parts(statement):
        for name in _NEW_IN_2:
            part.get("context", {}).pop(name, None)
    if not str(statement.get("version", "1.0")).startswith("1.0"):
        statement["version"] = "1.0.0"


def in_utc(statement: dict[str, Any], moment: Callable[[datetime], str]) -> None:
    """Give times in UTC, as 2.0.0 asks; one that is in UTC stays as it came."""
    for part in _parts(statement):
        given = part.get("timestamp")
        if given and not given.endswith("Z") and (found := values.instant(given)):
            part["timestamp"] = moment(found)


def ids(statement: dict[str, Any]) -> None:
    """Leave of agents, verbs and activities only what says which ones they are."""
    for part in _parts(statement):
        part["actor"] = _who(part["actor"])
        part["verb"] = {"id": part["verb"]["id"]}
        kind = part["object"].get("objectType", "Activity")
        if kind == "Activity":
            part["object"] = _what(part["object"])
        elif kind in {"Agent", "Group"}:
            part["object"] = _who(part["object"])
        if "context" in part:
            _ids_of_context(part["context"])
    if "authority" in statement:
        statement["authority"] = _who(statement["authority"])


def _ids_of_context(context: dict[str, Any]) -> None:
    for name in ("instructor", "team"):
        if name in context:
            context[name] = _who(context[name])
    for kind, held in context.get("contextActivities", {}).items():
        context["contextActivities"][kind] = [_what(each) for each in held]
    for each in context.get("contextAgents", ()):
        each["agent"] = _who(each["agent"])
    for each in context.get("contextGroups", ()):
        each["group"] = _who(each["group"])


def _who(actor: dict[str, Any]) -> dict[str, Any]:
    found = {name: actor[name] for name in agents.IDENTIFIERS if name in actor}
    if "objectType" in actor:
        found["objectType"] = actor["objectType"]
    if not agents.identifier(actor):
        found["member"] = [_who(each) for each in actor.get("member", ())]
    return found


def _what(activity: dict[str, Any]) -> dict[str, Any]:
    return {"id": activity["id"]}


def activities(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every activity of a statement whose context has been made ``lists``."""
    for part in _parts(statement):
        if part["object"].get("objectType", "Activity") == "Activity":
            yield part["object"]
        for held in part.get("context", {}).get("contextActivities", {}).values():
            yield from held


def canonical(
    statement: dict[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    languages: Sequence[str],
) -> None:
    """Say what activities are as the store knows it, and everything in one language.

    Args:
        statement: whose context has been made ``lists``.
        known: the canonical definition of each activity, by its address.
        languages: that the reader wants, the most wanted first.
    """
    for activity in activities(statement):
        definition = known.get(activity["id"], activity.get("definition"))
        if definition:
            activity["definition"] = in_one_language(definition, languages)
    for part in _parts(statement):
        if "display" in part["verb"]:
            part["verb"]["display"] = one_language(part["verb"]["display"], languages)
        for each in part.get("attachments", ()):
            for name in ("display", "description"):
                if name in each:
                    each[name] = one_language(each[name], languages)


def in_one_language(definition: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    """A definition with one language in each of its language maps."""
    found = dict(definition)
    for name in ("name", "description"):
        if name in found:
            found[name] = one_language(found[name], languages)
    for name in _COMPONENTS:
        if name in found:
            found[name] = [
                each | {"description": one_language(each["description"], languages)}
                if "description" in each
                else each
                for each in found[name]
            ]
    return found


def one_language(words: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """The entry of a language map that a reader wants most; its first one if none is wanted.

    By RFC 4647, 3.4: ``zh-Hans-CN`` finds ``zh-Hans`` and ``zh``. ``zh`` finds ``zh-Hans`` where
    nothing better is there.

    >>> one_language({"en-US": "color", "en-GB": "colour"}, ["fr", "en-GB"])
    {'en-GB': 'colour'}
    >>> one_language({"zh-Hans": "课", "en": "course"}, ["zh-Hans-CN"])
    {'zh-Hans': '课'}
    """
    tags = {tag.lower(): tag for tag in words}
    for wanted in languages:
        range_ = wanted.lower()
        while range_ and range_ != "*":
            if range_ in tags:
                return {tags[range_]: words[tags[range_]]}
            range_ = range_.rpartition("-")[0]
    for wanted in languages:
        for lower, tag in tags.items():
            if lower.startswith(f"{wanted.lower()}-"):
                return {tag: words[tag]}
    return {tag: words[tag] for tag in list(words)[:1]}


def languages(header: str) -> list[str]:
    """The languages of an ``Accept-Language`` header, the most wanted first; what is not, left out.

    >>> languages("zh;q=0.8, en-GB, fr;q=0")
    ['en-GB', 'zh']
    """
    found = []
    for place, each in enumerate(header[:1000].split(",")):
        tag, _semicolon, weight = each.partition(";")
        quality = _quality(weight)
        if tag.strip() and quality > 0:
            found.append((-quality, place, tag.strip()))
    return [tag for _quality_, _place, tag in sorted(found)]


def _quality(weight: str) -> float:
    name, _equals, value = weight.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
