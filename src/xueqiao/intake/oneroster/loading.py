"""Taking a package in: rows are kept, and enrolments that begin or end become statements.

A portion holds rows of one table. Its statements and its rows are stored in one transaction, so a
stopped package goes on at its row. Rows that a bulk table no longer has have left.
"""

from __future__ import annotations

import hashlib
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake.files import FileUnreadable
from xueqiao.intake.kinds import Portion
from xueqiao.intake.models import RosterRow
from xueqiao.intake.oneroster import checking, keeping, package
from xueqiao.intake.oneroster.enrolment import Enrolments
from xueqiao.intake.oneroster.tables import TABLES
from xueqiao.kernel import clock
from xueqiao.records.checking import Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xueqiao.intake.drops import Found
    from xueqiao.intake.oneroster.keeping import Change, Taking
    from xueqiao.intake.oneroster.package import Package, Row
    from xueqiao.records.checking import Incoming

# What is held was written by another platform in its own words: it is sent again, not mended here.
FORM = "roster:"

ROWS_A_PORTION = 1000
MOST_LEAVING_PERCENT = 50
# Below this a class that ends may be half of what there is.
FEW_ROWS = 100
_ENCODER = msgspec.json.Encoder()


class _Step(NamedTuple):
    """A row, read: its place, and either what it changes or why it is refused."""

    line: int
    change: Change | None
    refused: Refused | None


def portions(
    found: Found, config: Mapping[str, Any], watermark: dict[str, Any]
) -> Iterator[Portion]:
    """The rows of one package, table by table. Goes on where a stopped run left it.

    Raises:
        FileUnreadable: it is no package of the binding, or more would leave than may.
    """
    with package.opened(found.path, found.name) as opened:
        place = watermark if watermark.get("file") == found.digest else {}
        source = keeping.source_number(str(config["source"]))
        if not place:
            _refuse_emptied(opened, source, config, found.name)
            place = {"file": found.digest, "package": str(uuid4()), "table": "", "line": 0}
        taking = keeping.Taking(
            UUID(place["package"]), source, found.name, found.digest, opened.modes,
            opened.passed_over, clock.now(),
        )  # fmt: skip
        yield from _Loader(opened, config, taking, place).run()


def _refuse_emptied(opened: Package, source: int, config: Mapping[str, Any], name: str) -> None:
    """Refuse a package from which most of what is held would leave: more likely it is cut short."""
    most = int(config.get("most_leaving_percent") or MOST_LEAVING_PERCENT)
    for table, mode in opened.modes.items():
        # Reading every table once also finds what cannot be read before anything is stored.
        here = {row.cells.get("sourcedId", "") for row in opened.rows(table)}
        held = keeping.active_ids(source, table) if mode == "bulk" else set()
        leaving = len(held - here)
        if len(held) >= FEW_ROWS and leaving * 100 > most * len(held):
            text = _(
                "{leaving} of {held} rows of {table}.csv would leave with {name}, more than {most} "
                "%. Allow it in the connection if that is meant."
            )
            raise FileUnreadable(
                text.format(leaving=leaving, held=len(held), table=table, name=name, most=most)
            )


class _Loader:
    """One package on its way in."""

    def __init__(
        self, opened: Package, config: Mapping[str, Any], taking: Taking, place: dict[str, Any]
    ) -> None:
        self._opened, self._taking, self._place = opened, taking, place
        self._source = taking.source
        self._enrolments = Enrolments(config, taking.source)

    def run(self) -> Iterator[Portion]:
        tables = list(self._opened.modes)
        done, line = self._place["table"], self._place["line"]
        begin = tables.index(done) if done in tables else 0
        for table in tables[begin:]:
            yield from self._table(table, line if table == done else 0)
        # Of a whole package nothing is passed over when it is laid down again.
        finish = partial(keeping.finish, self._taking, clock.now())
        yield Portion(self._taking.digest, [], {"name": self._taking.name}, also=finish)

    def _table(self, table: str, begin: int) -> Iterator[Portion]:
        mode, seen = self._opened.modes[table], set[str]()
        steps = self._steps(table, mode, seen)
        for part in _parts(steps, ROWS_A_PORTION):
            if part[-1].line <= begin:
                continue
            fresh = [step for step in part if step.line > begin]
            yield from self._portions(table, fresh[-1].line, fresh)
        if mode == "bulk":
            left = sorted(keeping.active_ids(self._source, table) - seen)
            for start in range(0, len(left), ROWS_A_PORTION):
                yield self._leaving(table, left[start : start + ROWS_A_PORTION])

    def _steps(self, table: str, mode: str, seen: set[str]) -> Iterator[_Step]:
        known = {name: keeping.active_ids(self._source, name) for name in _referred(table)}
        if table in known:
            # A parent may stand below its child.
            known[table] |= {row.cells.get("sourcedId", "") for row in self._opened.rows(table)}
        for row in self._opened.rows(table):
            wrong = list(checking.faults(table, row, mode=mode, known=known))
            key = row.cells.get("sourcedId", "")
            if not wrong and key in seen:
                text = _("The sourcedId stands in an earlier row of this file.")
                wrong = [checking.Fault("sourcedId", Reason.CONFLICT, text)]
            seen.add(key)
            if wrong:
                if table in known and not row.columns:
                    known[table].discard(key)
                yield _Step(row.line, None, _refused(table, row, wrong))
            else:
                yield _Step(row.line, keeping.change(table, row), None)

    def _portions(self, table: str, line: int, steps: list[_Step]) -> Iterator[Portion]:
        refused = [step.refused for step in steps if step.refused]
        if refused:
            # Named by themselves alone: the same faults in the next package add nothing.
            texts = "\n".join(f"{each.pointer} {each.text}" for each in refused)
            key = f"oneroster:{hashlib.sha256(texts.encode(errors='replace')).hexdigest()}"
            yield Portion(key, list(refused), dict(self._place))
        changes = [step.change for step in steps if step.change]
        judged = keeping.judge(self._source, table, changes)
        counts = keeping.counts(judged) | {"rows": len(steps), "refused": len(refused)}
        items: list[Incoming | Refused] = []
        if table == "enrollments":
            items += self._enrolments.facts(judged, clock.now())
        yield self._made(f"{table}:{line}", table, line, items, partial(
            keeping.store, self._taking, table, judged, counts,
        ))  # fmt: skip

    def _leaving(self, table: str, ids: list[str]) -> Portion:
        judged = keeping.leave(self._source, table, ids)
        items: list[Incoming | Refused] = []
        if table == "enrollments":
            items += self._enrolments.facts(judged, clock.now())
        line = 1 << 53
        counts = {"missing": len(ids)}
        return self._made(f"{table}:left:{ids[0]}", table, line, items, partial(
            keeping.store, self._taking, table, judged, counts,
        ))  # fmt: skip

    def _made(
        self, key: str, table: str, line: int, items: list[Incoming | Refused], also: Any
    ) -> Portion:
        self._place = self._place | {"table": table, "line": line}
        return Portion(f"oneroster:{self._digest(key)}", items, dict(self._place), also=also)

    def _digest(self, key: str) -> str:
        return hashlib.sha256(f"{self._place['file']}:{key}".encode()).hexdigest()


def _referred(table: str) -> set[str]:
    return {field.refers for field in TABLES[table] if field.refers}


def _parts(steps: Iterable[_Step], size: int) -> Iterator[list[_Step]]:
    found = iter(steps)
    while part := list(islice(found, size)):
        yield part


def _refused(table: str, row: Row, wrong: list[checking.Fault]) -> Refused:
    first = wrong[0]
    detail = " ".join(f"{each.column}: {each.text}".removeprefix(": ") for each in wrong)
    where = f"{table}.csv:{row.line}:{first.column}".rstrip(":")
    return Refused(_ENCODER.encode(row.cells).decode(), first.reason, detail, where, FORM)


def rows_held(source: int, table: str) -> int:
    """How many rows of a table are held and have not left."""
    return RosterRow.objects.active(source, table).count()
