"""What a query would read, before it is run: tables, rows, bytes of the columns it needs.

The query is planned against empty tables in the process that would run it; nothing is read but the
footers of the files. The numbers are upper bounds: parts that a filter excludes are counted too.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.governance.workbench import scope as scopes
from xueqiao.governance.workbench import telling
from xueqiao.kernel import errors
from xueqiao.lake.sandbox import starting

if TYPE_CHECKING:
    from xueqiao.governance.workbench.scope import Scope

PLAN_SECONDS = 10.0
MOST_CHARACTERS = 20_000


class NothingAsked(errors.Refusal):
    """There is no query, or it is too long."""

    code = "lake.nothing_asked"
    status = 422


class TableNotGranted(errors.Refusal):
    """The query reads rows of persons for which there is no grant."""

    code = "lake.table_not_granted"
    status = 403


@dataclass(frozen=True)
class Scan:
    """One table that a query reads."""

    table: str
    rows: int
    size_bytes: int
    columns: tuple[str, ...]
    is_personal: bool


@dataclass(frozen=True)
class Cost:
    """What a query would read at most, and the columns that it gives."""

    scans: tuple[Scan, ...]
    gives: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(scan.rows for scan in self.scans)

    @property
    def size_bytes(self) -> int:
        return sum(scan.size_bytes for scan in self.scans)

    @property
    def tables(self) -> list[str]:
        return [scan.table for scan in self.scans]

    @property
    def is_personal(self) -> bool:
        return any(scan.is_personal for scan in self.scans)


def limits() -> starting.Limits:
    """What one query may use, by the settings."""
    megabytes = settings.WORKBENCH_MEGABYTES
    return starting.Limits(
        seconds=settings.WORKBENCH_SECONDS,
        memory=f"{megabytes}MB",
        memory_bytes=megabytes * 1_000_000,
        spill=f"{4 * megabytes}MB",
    )


def folder() -> Path:
    """Where the folders of runs lie."""
    home: Path = settings.HOME
    return home / "workbench"


def of(sql: str, scope: Scope) -> Cost:
    """Plan a query.

    Raises:
        NothingAsked: no query, or one of too many characters.
        TableNotGranted: it reads tables that the scope does not open.
        telling.QueryFaulty, telling.QueryTooLong: it cannot be planned.
    """
    text = sql.strip()
    if not text or len(text) > MOST_CHARACTERS:
        words = _("Write a query of 1 to {n} characters.").format(n=MOST_CHARACTERS)
        raise NothingAsked(words, pointer="sql")
    # All tables are known while planning: what is missing can be named.
    inputs = [scopes.given(table) for table in scope.tables.values()]
    found = _planned(text, inputs)
    cost = Cost(
        tuple(
            Scan(
                scan["name"], scan["rows"], scan["bytes"], tuple(scan["columns"]),
                scope.tables[scan["name"]].is_personal,
            )
            for scan in found["scans"]
        ),
        tuple(found["columns"]),
    )  # fmt: skip
    closed = [name for name in cost.tables if not scope.is_open(name)]
    if closed:
        words = _(
            "{tables}: rows of persons, for which you hold no grant for this purpose. Ask for one, "
            "or choose another purpose."
        )
        raise TableNotGranted(words.format(tables=", ".join(closed)), pointer="sql")
    return cost


def _planned(sql: str, inputs: list[starting.Input]) -> dict[str, Any]:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = Path(tempfile.mkdtemp(dir=folder(), prefix="plan-"))
    try:
        starting.start(
            folder=scratch, what="plan", question=starting.Question(sql, inputs),
            limits=replace(limits(), seconds=PLAN_SECONDS),
        )  # fmt: skip
        outcome = starting.awaited(scratch, PLAN_SECONDS + starting.GRACE_SECONDS)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if outcome["state"] != "done":
        raise telling.refusal(outcome["code"], outcome.get("text", ""))
    return outcome
