"""Editions: a design run in a process of its own, and its rows written as files.

An edition is whole on the disk before its row says so. What was made before is served until then,
and also when making fails; why it failed stands at the design.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.governance import leftovers, rules
from xueqiao.governance.designs import checking, columns
from xueqiao.governance.exporting import writing
from xueqiao.governance.models import DataEdition, EditionFile, Shape
from xueqiao.governance.workbench import costs, telling
from xueqiao.kernel import errors
from xueqiao.lake import pseudonyms
from xueqiao.lake.sandbox import starting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from xueqiao.governance.designs.checking import Design
    from xueqiao.governance.models import OpenDataset, SharedDataset
    from xueqiao.governance.workbench.scope import Scope

MOST_ROWS = 1_000_000
PREVIEW_ROWS = 20
MONTH = "month"
UNFINISHED = timedelta(hours=1)


class TooManyRows(errors.Refusal):
    """The design gives more rows than one file may have."""

    code = "lake.too_many_rows"
    status = 507


class EditionGone(errors.Refusal):
    """The files of an edition are not there (any more), or not yet."""

    code = "lake.edition_gone"
    status = 404


@dataclass(frozen=True)
class Rows:
    """What a design gave.

    Attributes:
        versions: table → the version it was read at.
        hidden: cells left out because they are too small.
    """

    table: pa.Table
    versions: dict[str, int]
    hidden: int


def home() -> Path:
    """Where the folders of editions lie."""
    root: Path = settings.HOME
    return root / "editions"


def folder(edition: DataEdition) -> Path:
    """Where the files of an edition lie."""
    return _folder(edition.key)


def is_current(design: Design, read: Mapping[str, int]) -> bool:
    """Whether gold tables still have the versions that were read, by name."""
    tables = checking.seen(design).tables
    return all(name in tables and tables[name].version == read[name] for name in read)


def run(design: Design, *, purpose: str) -> Rows:
    """Run a design over the newest gold tables.

    Args:
        purpose: for which the keys in the place of ``learner_id`` are made, in rows of persons.

    Raises:
        checking.…, costs.…, telling.…: it cannot leave, or cannot be run.
        TooManyRows.
    """
    tables = checking.seen(design)
    cost = checking.checked(design, tables)
    found, hidden = _sandboxed(design, tables, cost.tables)
    if design.shape == Shape.ROWS:
        found = pseudonyms.replace(found, purpose=purpose)
    read = {name: tables.tables[name].version for name in cost.tables}
    return Rows(found, read, hidden)


def keep(
    rows: Rows, *, name: str, revision: int, at: datetime,
    meanings: Mapping[str, Any] | None = None, opened: OpenDataset | None = None,
    shared: SharedDataset | None = None,
) -> DataEdition:  # fmt: skip
    """Write rows as files and make them the newest edition of a design.

    Args:
        name: of the files, without their ending.
        meanings: column → zh and en, where the catalogue of the lake has none.
    """
    key = uuid.uuid4()
    files = [
        _file(kind, _folder(key) / f"{name}.{kind}", rows.table) for kind in EditionFile.Kind.values
    ]
    first, last = covered(rows.table)
    before = DataEdition.objects.filter(opened=opened, shared=shared).order_by("-number").first()
    made = DataEdition.objects.create(
        key=key, opened=opened, shared=shared, revision=revision, made_at=at,
        number=before.number + 1 if before else 1, versions=rows.versions,
        columns=_described(rows, meanings or {}),
        rows=rows.table.num_rows, hidden_cells=rows.hidden, first_day=first, last_day=last,
        preview=[] if shared and shared.shape == Shape.ROWS else _preview(rows.table),
    )  # fmt: skip
    for file in files:
        file.edition = made
    EditionFile.objects.bulk_create(files)
    return made


def remove(editions: Iterable[DataEdition], at: datetime) -> None:
    """Take the files of editions off the disk, and their first rows. A second time does nothing."""
    for edition in editions:
        kept = DataEdition.objects.filter(pk=edition.pk, removed_at=None)
        kept.update(removed_at=at, preview=[])
        shutil.rmtree(folder(edition), ignore_errors=True)


def sweep(*, now: datetime) -> int:
    """Delete folders that no edition keeps: what was written when a job was killed. How many."""
    there = leftovers.by_key(home())
    kept = DataEdition.objects.kept().filter(key__in=there).values_list("key", flat=True)
    # Files are written before their rows are.
    late = (now - UNFINISHED).timestamp()
    left = [there[key] for key in there.keys() - set(kept) if there[key].stat().st_mtime < late]
    for found in left:
        shutil.rmtree(found, ignore_errors=True)
    return len(left)


def path(edition: DataEdition | None, kind: str) -> Path:
    """The file of an edition.

    Raises:
        EditionGone: there is none.
    """
    file = edition.files.filter(kind=kind).first() if edition else None
    if edition is None or file is None or not (folder(edition) / file.name).exists():
        text = _("This file is not there (any more). Look at the page of the data set.")
        raise EditionGone(text)
    return folder(edition) / file.name


def covered(rows: pa.Table) -> tuple[date | None, date | None]:
    """First and last day that rows speak of, by their first column of days; a month to its end.

    >>> covered(pa.table({"month": [date(2026, 2, 1)]}))
    (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))
    """
    field = next((each for each in rows.schema if pa.types.is_date(each.type)), None)
    if field is None or not rows.num_rows:
        return None, None
    ends = pc.min_max(rows[field.name]).as_py()
    first, last = ends["min"], ends["max"]
    if last is not None and field.name == MONTH:
        last = (last.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first, last


def _sandboxed(design: Design, tables: Scope, names: list[str]) -> tuple[pa.Table, int]:
    inputs, kept = tables.inputs(names)
    question = starting.Question(
        sql=design.sql.strip(), tables=inputs, keep=kept,
        helpers=tables.helpers() if kept else (),
        shape="counts" if design.shape == Shape.COUNTS else "rows",
        least=rules.SMALLEST_CELL, is_strict=True,
    )  # fmt: skip
    limits = replace(costs.limits(), rows=MOST_ROWS)
    costs.folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = Path(tempfile.mkdtemp(dir=costs.folder(), prefix="design-"))
    try:
        starting.start(folder=scratch, what="run", question=question, limits=limits)
        outcome = starting.awaited(scratch, limits.seconds + starting.GRACE_SECONDS)
        if outcome["state"] != "done":
            raise telling.refusal(outcome["code"], outcome.get("text", ""))
        if outcome["is_cut"]:
            text = _("It gives more than {n} rows. Count by fewer columns, or fewer months.")
            raise TooManyRows(text.format(n=MOST_ROWS), pointer="sql")
        return _plain(pq.read_table(scratch / "rows.parquet")), outcome["hidden_cells"]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _plain(rows: pa.Table) -> pa.Table:
    """Sums as whole numbers: DuckDB's sum of whole numbers is wider than most programs read."""
    fields = [
        field.with_type(pa.int64())
        if pa.types.is_decimal(field.type) and field.type.scale == 0
        else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def _file(kind: str, path: Path, rows: pa.Table) -> EditionFile:
    digest = writing.put(kind, path, rows)
    return EditionFile(kind=kind, name=path.name, size_bytes=path.stat().st_size, sha256=digest)


def _described(rows: Rows, own: Mapping[str, Any]) -> list[dict[str, str]]:
    known = columns.known(rows.table.column_names, sorted(rows.versions), own)
    nothing = {"zh": "", "en": ""}
    return [
        {"name": each.name, "kind": str(each.type), **known.get(each.name, nothing)}
        for each in rows.table.schema
    ]


def _preview(rows: pa.Table) -> list[list[Any]]:
    lines = list(writing.lines(rows.slice(0, PREVIEW_ROWS), has_heading=False))
    return [["" if cell is None else str(cell) for cell in line] for line in lines]


def _folder(key: uuid.UUID) -> Path:
    return home() / key.hex
