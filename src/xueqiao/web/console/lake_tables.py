"""The tables of the lake as the catalogue shows them: words, guard, facts, who answers for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deltalake.exceptions import DeltaError
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xueqiao.governance import catalogue
from xueqiao.kernel import clock
from xueqiao.lake import facts, meanings, tables
from xueqiao.lake.lineage.columns import Column
from xueqiao.web.cockpit import lineage
from xueqiao.web.console import lake_names

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.governance.catalogue import Entry
    from xueqiao.lake.recipes import Recipe

LAST_RUNS = 10
FRESH = timedelta(days=1)
LETTERS = ("B", "KB", "MB", "GB", "TB")
THOUSAND = 1024


@dataclass(frozen=True)
class Row:
    """One table in the list."""

    pk: str
    entry: Entry
    facts: facts.Facts | None

    @property
    def floor(self) -> str:
        return facts.floor(self.pk)

    @property
    def order(self) -> int:
        return facts.FLOORS.index(self.floor)

    @property
    def level(self) -> int:
        return int(self.entry.level)

    @property
    def rows(self) -> int | None:
        return self.facts.rows if self.facts else None

    @property
    def size(self) -> int | None:
        return self.facts.size if self.facts else None

    @property
    def changed_at(self) -> datetime | None:
        return self.facts.changed_at if self.facts else None

    @property
    def steward(self) -> str:
        return self.entry.custody.steward.name if self.entry.custody else ""

    @property
    def words(self) -> str:
        """All that a search looks through."""
        return f"{self.pk} {self.entry.described.zh} {self.entry.described.en}".lower()


def rows() -> list[Row]:
    """Every table; two database queries."""
    known = facts.of(settings.LAKE)
    return [Row(entry.name, entry, known.get(entry.name)) for entry in catalogue.entries()]


def columns(entry: Entry) -> list[dict[str, Any]]:
    """The columns of a table with their words, guard, and what lies directly before them."""
    into = lineage.whole().into
    found = []
    for name, column in entry.columns.items():
        before = [edge.source for edge in into.get(Column(entry.name, name), [])]
        found.append(
            {
                "name": name,
                "text": column.meaning.text,
                "category": column.category.label,
                "level": column.level.title,
                "guarded": level_word(column.level),
                "is_decided": column.decision is not None,
                "waiting": column.waiting,
                "before": [str(each) for each in dict.fromkeys(before)],
            }
        )
    return found


def neighbours(name: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The tables that a table is made of, and those made of it; each with its title."""
    whole = lineage.whole()
    columns_of = whole.of_table(name)
    above = [e.source.table for column in columns_of for e in whole.into.get(column, [])]
    below = [e.target.table for column in columns_of for e in whole.out_of.get(column, [])]
    return _titled(above, name), _titled(below, name)


def _titled(names: list[str], own: str) -> list[tuple[str, str]]:
    return [(name, lake_names.title(name)) for name in dict.fromkeys(names) if name != own]


def runs(name: str) -> list[dict[str, Any]]:
    """The last builds of a table, newest first: made, failed, or skipped for another's failure."""
    opened = tables.Table(settings.LAKE, "runs.build").opened()
    if opened is None:
        return []
    wanted = ["started_at", "outcome", "rows", "parts", "milliseconds", "why"]
    try:
        found = opened.to_pyarrow_table(columns=wanted, filters=[("table", "=", name)])
    except (DeltaError, KeyError, ValueError):
        return []
    made: list[dict[str, Any]] = found.sort_by([("started_at", "descending")]).to_pylist()
    return made[:LAST_RUNS]


def grain(name: str, recipe: Recipe) -> str:
    """What one row stands for: in English as its SQL says, else by the names of its columns."""
    said = recipe.heading["grain"]
    described = meanings.described(name, facts.columns(name)).columns
    keys = [word for word in re.findall(r"\w+", said) if word in described]
    if is_english() or not keys:
        return said
    words = "、".join(f"{lake_names.plain(described[key].text)}（{key}）" for key in keys)
    return _("one row for each {columns}").format(columns=words)


def units(recipe: Recipe) -> str:
    """Units and clock, as the SQL says in English; elsewhere the meanings of the columns do."""
    return f"{recipe.heading['units']}; {recipe.heading['clock']}" if is_english() else ""


def is_english() -> bool:
    return get_language() in {None, "en"}


def level_word(level: int) -> str:
    """The colour of a level: personal data warns, sensitive and above is marked."""
    return {1: "ok", 2: ""}.get(level, "warn" if level == 3 else "bad")  # noqa: PLR2004 - levels


def freshness(changed_at: datetime | None) -> tuple[str, str]:
    """How fresh a table is, in words and as a state."""
    if changed_at is None:
        return _("never filled"), "warn"
    if clock.now() - changed_at <= FRESH:
        return _("changed within a day"), "ok"
    return _("not changed for more than a day"), ""


def size(count: int | None) -> str:
    """Bytes for people.

    >>> size(0), size(2048), size(5 * 1024 * 1024)
    ('0 B', '2.0 KB', '5.0 MB')
    """
    if count is None:
        return "–"
    value, unit = float(count), 0
    while value >= THOUSAND and unit < len(LETTERS) - 1:
        value, unit = value / THOUSAND, unit + 1
    return f"{value:.1f} {LETTERS[unit]}" if unit else f"{count} B"
