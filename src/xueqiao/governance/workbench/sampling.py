"""A few rows of a table, to see what they look like: for who holds a grant, and written down.

They are read by the process that runs queries (decision 139), so a grant narrows them to its place
in the same way, and nothing of them stays on the disk.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from xueqiao.governance import datasets, readings, rules
from xueqiao.governance.models import AccessGrant, LakeReading, Purpose
from xueqiao.governance.workbench import costs, scope, telling
from xueqiao.kernel import clock
from xueqiao.lake.sandbox import starting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from xueqiao.people.models import Person

ROWS = 20
SECONDS = 15.0


@dataclass(frozen=True)
class Sample:
    """Some rows of a table, as it is now. ``purpose``: "" where no grant was needed."""

    columns: list[str]
    rows: list[list[Any]]
    purpose: str


def purposes(person: Person, table: str, day: date) -> list[str]:
    """The purposes for which a grant lets somebody read a table, in the order of ``Purpose``."""
    held = AccessGrant.objects.in_force(day).filter(person=person)
    found = {purpose for purpose, names in held.values_list("purpose", "tables") if table in names}
    return [purpose for purpose in Purpose.values if purpose in found]


def is_personal(columns: Iterable[str]) -> bool:
    """Whether a table with these columns needs a grant."""
    return rules.is_personal(columns)


def take(*, by: Person, table: str, purpose: str, at: datetime) -> Sample:
    """At most ``ROWS`` rows of a table that somebody may read for a purpose, in no order.

    Args:
        purpose: "" reads tables without rows of persons only.

    Raises:
        datasets.NoSuchTable, datasets.OutOfReach.
        costs.TableNotGranted: rows of persons without a grant in force.
        readings.LogBusy; telling.…: the process could not read them.
    """
    seen = scope.of(by, purpose, clock.local_date(at))
    if table not in seen.tables:
        datasets.of(table)
    if not seen.is_open(table):
        text = _("{tables}: rows of persons, for which you hold no grant for this purpose.")
        raise costs.TableNotGranted(text.format(tables=table), pointer="purpose")
    found = _read(table, seen)
    if not seen.tables[table].is_personal:
        return found
    readings.note(
        by=by, at=at, what=LakeReading.What.SAMPLE, purpose=purpose, tables=[table],
        rows=len(found.rows), grants=[grant.pk for grant in seen.grants_for([table])],
        detail={"version": seen.tables[table].version},
    )  # fmt: skip
    return replace(found, purpose=purpose)


def _read(table: str, seen: scope.Scope) -> Sample:
    inputs, keep = seen.inputs([table])
    question = starting.Question(
        sql=f"select * from {table} limit {ROWS}",  # noqa: S608 - a name among those of our recipes
        tables=inputs,
        keep=keep,
        helpers=seen.helpers() if keep else (),
    )
    costs.folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(dir=costs.folder(), prefix="sample-"))
    try:
        limits = replace(costs.limits(), seconds=SECONDS, rows=ROWS)
        starting.start(folder=folder, what="run", question=question, limits=limits)
        outcome = starting.awaited(folder, SECONDS + starting.GRACE_SECONDS)
        if outcome["state"] != "done":
            raise telling.refusal(outcome["code"], outcome.get("text", ""))
        rows = pq.read_table(folder / "rows.parquet")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    cells = [column.to_pylist() for column in rows.columns]
    return Sample(rows.column_names, [[*row] for row in zip(*cells, strict=True)], "")
