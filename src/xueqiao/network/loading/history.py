"""What change events say about a place: under which codes and names it was listed, and its end.

A place goes on through a change of code, name or kind. It ends where the source says 撤销 and names
the place that got its ground, unless that one was founded in the same year from it alone
(株洲县 to 渌口区), which is the same place under a new name. See docs/decisions/0011.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.network import rules
from xueqiao.network.loading import files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

COLUMNS = ("year", "type", "level", "old_code", "old_name", "new_code", "new_name", "doc_no")
FOUNDED = "新设"
DISSOLVED = "撤销"
CONTINUING = frozenset(
    {"撤县设市", "撤县设区", "撤市设区", "撤地设市", "更名", "同名改码", "码位改派"}
)


@dataclass(frozen=True)
class Change:
    """One event, codes short (320611 for 320611000000)."""

    year: int
    kind: str
    level: int
    old_code: str
    old_name: str
    new_code: str
    new_name: str
    document: str
    source: str

    @property
    def day(self) -> date:
        return rules.effective_day(self.year)


@dataclass(frozen=True)
class Period:
    """A code and name that a place was listed under; on ``valid_to`` it no longer was."""

    code: str
    name: str
    valid_from: date
    valid_to: date | None


def read(paths: Iterable[Path]) -> list[Change]:
    """The change events of some files, oldest first.

    Raises:
        FileMissing, WrongEncoding, FileDamaged: as their names say.
    """
    changes = []
    for path in paths:
        for line, row in enumerate(files.read_table(path, COLUMNS), start=2):
            if not (row["year"].isdecimal() and row["level"] in {"2", "3"}):
                what = _("{year!r} and {level!r} are not year and level of a change")
                raise files.damaged(path, line, what.format(**row))
            changes.append(
                Change(
                    int(row["year"]), row["type"], int(row["level"]),
                    rules.short_code(row["old_code"]), row["old_name"],
                    rules.short_code(row["new_code"]), row["new_name"],
                    row["doc_no"], row.get("source_url", ""),
                )
            )  # fmt: skip
    return sorted(changes, key=lambda change: change.year)


class History:
    """The events since the tree is kept, ready to be asked about single codes."""

    def __init__(self, changes: Iterable[Change]) -> None:
        recent = [each for each in changes if each.day >= rules.TREE_BEGINS]
        founded = {(each.year, each.new_code): each for each in recent if each.kind == FOUNDED}
        dissolved = defaultdict(list)
        for each in recent:
            if each.kind == DISSOLVED and each.new_code:
                dissolved[each.year, each.new_code].append(each)
        renewed = {
            id(events[0])
            for key, events in dissolved.items()
            if len(events) == 1 and key in founded
        }
        self._continuing: dict[str, list[Change]] = defaultdict(list)
        self._founded: dict[str, list[Change]] = defaultdict(list)
        self.endings: list[Change] = []
        for each in recent:
            if each.kind in CONTINUING or id(each) in renewed:
                self._continuing[each.new_code].append(each)
            elif each.kind == FOUNDED:
                self._founded[each.new_code].append(each)
            elif each.kind == DISSOLVED and each.new_code:
                self.endings.append(each)

    def periods(self, code: str, name: str, ends: date | None = None) -> list[Period]:
        """How a place was listed, newest first, from its last code and name backwards."""
        found: list[Period] = []
        while True:
            before = _last_before(self._continuing[code], ends)
            born = _last_before(self._founded[code], ends)
            start = before.day if before else born.day if born else rules.TREE_BEGINS
            found.append(Period(code, name, start, ends))
            if before is None:
                return found
            code, name, ends = before.old_code, before.old_name, start


def _last_before(changes: list[Change], day: date | None) -> Change | None:
    earlier = [change for change in changes if day is None or change.day < day]
    return max(earlier, key=lambda change: change.day, default=None)
