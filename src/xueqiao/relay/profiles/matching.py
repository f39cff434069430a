"""Which template a statement belongs to, and which of its rules it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xueqiao.relay.profiles.document import Profile, Rule, Template


class Broken(NamedTuple):
    """A rule that a statement breaks: its place in the template, and the sentence."""

    rule: int
    location: str
    why: str


def templates(profile: Profile, statement: Mapping[str, Any]) -> list[Template]:
    """The templates of a profile that a statement belongs to: all it is determined by fits."""
    return [each for each in profile.templates if _belongs(profile, each, statement)]


def _belongs(profile: Profile, template: Template, statement: Mapping[str, Any]) -> bool:
    if template.only_marked:
        return profile.iri in _ids(statement, "category") or (
            profile.version_iri in _ids(statement, "category")
        )
    if template.verb and statement["verb"]["id"] != template.verb:
        return False
    thing = statement["object"].get("definition", {}).get("type", "")
    if template.object_type and thing != template.object_type:
        return False
    used = {each.get("usageType") for each in statement.get("attachments", [])}
    if not template.attachment_types <= used:
        return False
    return all(wanted <= _types(statement, k) for k, wanted in template.context_types.items())


def _context(statement: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    held = statement.get("context", {}).get("contextActivities", {}).get(kind, [])
    return held if isinstance(held, list) else [held]


def _ids(statement: Mapping[str, Any], kind: str) -> set[str]:
    return {each["id"] for each in _context(statement, kind)}


def _types(statement: Mapping[str, Any], kind: str) -> set[str]:
    return {each.get("definition", {}).get("type", "") for each in _context(statement, kind)}


def broken(template: Template, statement: Mapping[str, Any]) -> list[Broken]:
    """The rules of a template that a statement breaks; what is only recommended is not broken."""
    return [
        Broken(place, rule.location, why)
        for place, rule in enumerate(template.rules)
        if (why := _why(rule, statement))
    ]


def _why(rule: Rule, statement: Mapping[str, Any]) -> str:
    values, missing = _values(rule, statement)
    if rule.presence == "excluded":
        return _("stands there and must not") if values else ""
    if rule.presence == "included" and (not values or missing):
        return _("is missing")
    if not values:
        # Values are asked of what is there.
        return ""
    if rule.any_of is not None and not any(each in rule.any_of for each in values):
        return _("has none of the values asked for: {values}").format(values=_short(values))
    others = [each for each in values if rule.all_of is not None and each not in rule.all_of]
    if others or (rule.all_of is not None and missing):
        return _("has other values than those allowed: {values}").format(values=_short(others))
    barred = [each for each in values if rule.none_of is not None and each in rule.none_of]
    return (
        _("has a value that is not allowed: {values}").format(values=_short(barred))
        if barred
        else ""
    )


def _values(rule: Rule, statement: Mapping[str, Any]) -> tuple[list[Any], bool]:
    """What stands at a rule's place, and whether the selector found nothing in one of them."""
    places = rule.places.findall(statement)
    if rule.selector is None:
        return places, False
    found = [
        rule.selector.findall(each) if isinstance(each, dict | list) else [] for each in places
    ]
    return [value for some in found for value in some], not all(found)


def _short(values: list[Any]) -> str:
    text = ", ".join(str(each) for each in values[:5])
    return text if len(text) <= 200 else f"{text[:199]}…"  # noqa: PLR2004 - a line on a page
