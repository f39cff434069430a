"""A profile as it is published: JSON-LD with templates, read into what checking needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jsonpath
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

MOST_TEMPLATES = 500
MOST_RULES = 200
_CONFORMS = "https://w3id.org/xapi/profiles#1.0"
_PRESENCE = frozenset({"included", "excluded", "recommended"})
# Determining properties that name one address, and those that name several.
_CONTEXT = ("parent", "grouping", "category", "other")


class ProfileUnfit(errors.Refusal):
    """The document is not a profile that statements can be checked against."""

    code = "relay.profile_unfit"
    status = 422


@dataclass(frozen=True)
class Rule:
    """What a template asks of a place in the statement; see ``matching.broken``."""

    location: str
    places: jsonpath.JSONPath | jsonpath.CompoundJSONPath
    selector: jsonpath.JSONPath | jsonpath.CompoundJSONPath | None
    presence: str
    any_of: list[Any] | None
    all_of: list[Any] | None
    none_of: list[Any] | None


@dataclass(frozen=True)
class Template:
    """What a statement must have to belong to it (determining properties), and its rules.

    Attributes:
        context_types: for each of parent, grouping, category, other the activity types it names.
        only_marked: nothing but the profile itself determines it: the statement then has to name
            the profile among its category activities.
    """

    iri: str
    title: str
    verb: str
    object_type: str
    context_types: dict[str, frozenset[str]]
    attachment_types: frozenset[str]
    rules: tuple[Rule, ...]

    @property
    def only_marked(self) -> bool:
        held = self.verb or self.object_type or self.attachment_types or self.context_types
        return not held


@dataclass(frozen=True)
class Profile:
    """A profile, ready to check with."""

    iri: str
    version_iri: str
    title: str
    templates: tuple[Template, ...]


def read(given: Any) -> Profile:
    """A profile from its JSON.

    Raises:
        ProfileUnfit: it is no profile, or a part that checking needs cannot be read.
    """
    if not isinstance(given, dict) or given.get("type") != "Profile":
        raise _unfit(_("This is no xAPI profile: its type is not “Profile”."), "/type")
    conforms = given.get("conformsTo", "")
    if not str(conforms).startswith(_CONFORMS.partition("#")[0]):
        raise _unfit(_("A profile names the specification it conforms to."), "/conformsTo")
    versions = given.get("versions")
    if not isinstance(versions, list) or not versions or not isinstance(versions[0], dict):
        raise _unfit(_("A profile lists its versions, newest first."), "/versions")
    templates = given.get("templates", [])
    if not isinstance(templates, list) or not 0 < len(templates) <= MOST_TEMPLATES:
        text = _("A profile has 1 to {most} statement templates; without one nothing is checked.")
        raise _unfit(text.format(most=MOST_TEMPLATES), "/templates")
    return Profile(
        iri=_text(given, "id", ""),
        version_iri=_text(versions[0], "id", "/versions/0"),
        title=_words(given.get("prefLabel")) or _text(given, "id", ""),
        templates=tuple(_template(each, f"/templates/{n}") for n, each in enumerate(templates)),
    )


def _unfit(text: str, at: str) -> ProfileUnfit:
    return ProfileUnfit(text, pointer=at)


def _text(given: dict[str, Any], name: str, at: str, *, optional: bool = False) -> str:
    value = given.get(name, "" if optional else None)
    if not isinstance(value, str) or len(value) > 400:  # noqa: PLR2004 - the column
        raise _unfit(_("“{name}” is a text of at most 400 characters.").format(name=name), at)
    return value


def _words(given: Any) -> str:
    """The Chinese of a language map, else the English, else any."""
    if not isinstance(given, dict):
        return ""
    found = given.get("zh-Hans") or given.get("zh") or given.get("en") or next(iter(given.values()))
    return str(found)[:200]


def _addresses(given: dict[str, Any], name: str, at: str) -> frozenset[str]:
    value = given.get(name, [])
    held = [value] if isinstance(value, str) else value
    if not isinstance(held, list) or not all(isinstance(each, str) for each in held):
        raise _unfit(_("“{name}” is an address or a list of them.").format(name=name), at)
    return frozenset(held)


def _template(given: Any, at: str) -> Template:
    if not isinstance(given, dict):
        raise _unfit(_("A template is an object."), at)
    rules = given.get("rules", [])
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        raise _unfit(_("A template has at most {most} rules.").format(most=MOST_RULES), at)
    types = {kind: _addresses(given, f"context{kind.title()}ActivityType", at) for kind in _CONTEXT}
    return Template(
        iri=_text(given, "id", at),
        title=_words(given.get("prefLabel")) or _text(given, "id", at),
        verb=_text(given, "verb", at, optional=True),
        object_type=_text(given, "objectActivityType", at, optional=True),
        context_types={kind: held for kind, held in types.items() if held},
        attachment_types=_addresses(given, "attachmentUsageType", at),
        rules=tuple(_rule(each, f"{at}/rules/{n}") for n, each in enumerate(rules)),
    )


def _rule(given: Any, at: str) -> Rule:
    if not isinstance(given, dict):
        raise _unfit(_("A rule is an object."), at)
    presence = _text(given, "presence", at, optional=True)
    held = [given.get(name) for name in ("any", "all", "none")]
    if presence not in _PRESENCE | {""} or not (presence or any(h is not None for h in held)):
        text = _("A rule says presence (included, excluded or recommended), any, all or none.")
        raise _unfit(text, at)
    if not all(each is None or isinstance(each, list) for each in held):
        raise _unfit(_("any, all and none are lists of values."), at)
    location = _text(given, "location", at)
    selector = _text(given, "selector", at, optional=True)
    return Rule(
        location=f"{location} {selector}".strip(),
        places=_path(location, f"{at}/location"),
        selector=_path(selector, f"{at}/selector") if selector else None,
        presence=presence,
        any_of=held[0],
        all_of=held[1],
        none_of=held[2],
    )


def _path(text: str, at: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    try:
        return jsonpath.compile(text)
    except jsonpath.JSONPathError as why:
        said = _("“{path}” is not a JSONPath: {why}.")
        raise _unfit(said.format(path=text, why=str(why).splitlines()[0]), at) from why
