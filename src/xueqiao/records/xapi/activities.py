"""Activities and their definitions, interactions included: what it was done with."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from xueqiao.records.xapi import values

_ACTIVITY = frozenset({"objectType", "id", "definition"})
_COMPONENTS = {
    "choice": ("choices",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "true-false": (),
    "fill-in": (),
    "long-fill-in": (),
    "numeric": (),
    "other": (),
}
_LISTS = frozenset({"choices", "scale", "source", "target", "steps"})
_DEFINITION = _LISTS | {
    "name", "description", "type", "moreInfo", "extensions", "interactionType",
    "correctResponsesPattern",
}  # fmt: skip
_COMPONENT = frozenset({"id", "description"})


def activity(value: Any, at: str) -> None:
    """An activity with its address and, perhaps, its definition."""
    found = values.mapping(value, at)
    values.only(found, _ACTIVITY, at)
    if found.get("objectType", "Activity") != "Activity":
        raise values.refuse(
            f"{at}/objectType",
            _("An activity's objectType is “Activity”, not {value}."),
            value=found["objectType"],
        )
    values.iri(values.needs(found, "id", at), f"{at}/id")
    if "definition" in found:
        _definition(found["definition"], f"{at}/definition")


def _definition(value: Any, at: str) -> None:
    found = values.filled(value, at)
    values.only(found, _DEFINITION, at)
    for name in ("name", "description"):
        if name in found:
            values.language_map(found[name], f"{at}/{name}")
    for name in ("type", "moreInfo"):
        if name in found:
            values.iri(found[name], f"{at}/{name}")
    if "extensions" in found:
        values.extensions(found["extensions"], f"{at}/extensions")
    if "interactionType" in found:
        _interaction(found, at)
    elif "correctResponsesPattern" in found or not _LISTS.isdisjoint(found):
        raise values.refuse(at, _("Answers and choices need an interactionType, such as “choice”."))


def _interaction(found: dict[str, Any], at: str) -> None:
    kind = found["interactionType"]
    if type(kind) is not str or kind not in _COMPONENTS:
        raise values.refuse(
            f"{at}/interactionType",
            _("“{value}” is not an interaction type; the standard has {all}."),
            value=kind, all=", ".join(_COMPONENTS),
        )  # fmt: skip
    if "correctResponsesPattern" in found:
        _texts(found["correctResponsesPattern"], f"{at}/correctResponsesPattern")
    for name in _LISTS.intersection(found):
        if name not in _COMPONENTS[kind]:
            raise values.refuse(
                f"{at}/{name}",
                _("An interaction of type “{kind}” has no “{name}”."),
                kind=kind, name=name,
            )  # fmt: skip
        _components(found[name], f"{at}/{name}")


def _texts(value: Any, at: str) -> None:
    if type(value) is not list:
        raise values.refuse(at, _("A list is needed here, not {value}."), value=value)
    for place, item in enumerate(value):
        values.text(item, f"{at}/{place}")


def _components(value: Any, at: str) -> None:
    if type(value) is not list:
        raise values.refuse(at, _("A list is needed here, not {value}."), value=value)
    seen: set[str] = set()
    for place, item in enumerate(value):
        here = f"{at}/{place}"
        component = values.mapping(item, here)
        values.only(component, _COMPONENT, here)
        name = values.needs(component, "id", here)
        values.text(name, f"{here}/id")
        if name in seen:
            raise values.refuse(
                f"{here}/id", _("“{name}” stands twice in this list; ids differ."), name=name
            )
        seen.add(name)
        if "description" in component:
            values.language_map(component["description"], f"{here}/description")
