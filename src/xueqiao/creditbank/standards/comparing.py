"""Two versions of a framework or a standard side by side: what was added, removed, changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from xueqiao.creditbank.models import QualificationFramework, Standard
from xueqiao.kernel import credit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django_stubs_ext import StrPromise

# The words of a row, in the order in which they are shown.
WORDS: dict[str, StrPromise] = {
    "title_zh": gettext_lazy("Title in Chinese"),
    "title_en": gettext_lazy("Title in English"),
    "name_zh": gettext_lazy("Name in Chinese"),
    "name_en": gettext_lazy("Name in English"),
    "level": gettext_lazy("Level"),
    "field": gettext_lazy("Field"),
    "owner": gettext_lazy("Kept by"),
    "credit": gettext_lazy("Credit"),
    "notional_hours": gettext_lazy("Hours of learning"),
    "outcomes": gettext_lazy("Learning outcomes"),
    "criteria": gettext_lazy("Assessment criteria"),
    "module_code": gettext_lazy("Module whose completion it recognises"),
    "knowledge": gettext_lazy("Knowledge"),
    "skills": gettext_lazy("Skills"),
    "competence": gettext_lazy("Competence"),
    "valid_from": gettext_lazy("In force from"),
    "source": gettext_lazy("Source"),
}

# A Latin word, number or date is compared as a whole, Chinese sign by sign.
WORD = re.compile(r"[A-Za-z0-9.-]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; ``old`` and ``new`` are (text, is it changed) in order."""

    title: str | StrPromise
    old: list[tuple[str, bool]]
    new: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Part:
    """A standard's head, a unit or a level. ``what`` is added, removed, changed or same."""

    code: str
    title_zh: str
    title_en: str
    what: str
    changes: list[Change] = field(default_factory=list)


def compare(
    old: Standard | QualificationFramework, new: Standard | QualificationFramework
) -> list[Part]:
    """The head first, then every unit or level of either version, by code. 4 queries."""
    head = _part("", _facts(old), _facts(new))
    before, after = _children(old), _children(new)
    codes = sorted(before.keys() | after.keys())
    return [head, *(_part(str(code), before.get(code), after.get(code)) for code in codes)]


def _children(row: Standard | QualificationFramework) -> dict[Any, dict[str, str]]:
    if isinstance(row, Standard):
        units = row.units.select_related("level").order_by("code")
        found = {unit.code: _facts(unit) for unit in units}
        for facts in found.values():
            facts.pop("valid_from")  # the standard's, told there
        return found
    return {level.number: _facts(level) for level in row.levels.order_by("number")}


def _facts(row: Any) -> dict[str, str]:
    found = {}
    for name in WORDS:
        if name == "credit" and hasattr(row, "credit_hundredths"):
            found[name] = credit.show(row.credit_hundredths)
        elif name == "level" and hasattr(row, "level"):
            found[name] = f"{row.level.number} {row.level.name_zh}"
        elif hasattr(row, name):
            value = getattr(row, name)
            found[name] = "\n".join(value) if isinstance(value, list) else str(value)
    return found


def _part(code: str, old: dict[str, str] | None, new: dict[str, str] | None) -> Part:
    either = new or old or {}
    title_zh = either.get("title_zh", either.get("name_zh", ""))
    title_en = either.get("title_en", either.get("name_en", ""))
    if old is None or new is None:
        return Part(code, title_zh, title_en, "added" if old is None else "removed")
    changes = [
        Change(WORDS[name], *_marked(old[name], new[name]))
        for name in WORDS
        if name in old and name in new and old[name] != new[name]
    ]
    return Part(code, title_zh, title_en, "changed" if changes else "same", changes)


def _marked(old: str, new: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    before, after = WORD.findall(old), WORD.findall(new)
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return (
        list(_pieces(("".join(before[a:b]), tag != "equal") for tag, a, b, _c, _d in steps)),
        list(_pieces(("".join(after[c:d]), tag != "equal") for tag, _a, _b, c, d in steps)),
    )


def _pieces(found: Iterable[tuple[str, bool]]) -> Iterable[tuple[str, bool]]:
    return (each for each in found if each[0])
