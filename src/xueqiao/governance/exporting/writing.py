"""Writing an export: part by part, each whole on the disk before its row says so."""

from __future__ import annotations

import csv
import io
import logging
import shutil
import time
from datetime import timedelta
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from openpyxl import Workbook

from xueqiao.governance import leftovers
from xueqiao.governance.models import LakeExport, LakeExportPart
from xueqiao.governance.workbench import results
from xueqiao.kernel import cells, clock, lease, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

log = logging.getLogger(__name__)
State = LakeExport.State
PART_ROWS = 100_000
KEPT = timedelta(hours=72)


def home() -> Path:
    """Where the folders of exports lie."""
    root: Path = settings.HOME
    return root / "lake_exports"


def folder(export: LakeExport) -> Path:
    """Where the parts of an export lie."""
    return home() / export.key.hex


def work(*, now: datetime, seconds: float = 40.0) -> int:
    """Write on what is asked for, oldest first, for about so many seconds. How many steps."""
    until, done = time.monotonic() + seconds, 0
    for number in LakeExport.objects.to_work().order_by("pk").values_list("pk", flat=True):
        has_more = True
        while has_more and time.monotonic() < until:
            has_more = step(number=number, at=now)
            done += 1
    return done


def step(*, number: int, at: datetime) -> bool:
    """Write the next part of an export, if nobody else does; whether there is more to do."""
    export = _claim(number, at)
    if export is None:
        return False
    try:
        rows = _next(export)
        # A result without rows is one file with its heading.
        if rows.num_rows or not export.rows:
            _part(export, rows, at)
        if export.rows >= export.run.rows:
            _end(export, at)
            return False
    except FileNotFoundError:
        _fail(export, _("The result is not there any more. Run the query again."), at)
        return False
    except OSError as why:
        _fail(export, why.strerror or str(why), at)
        return False
    except DatabaseError:
        raise
    except Exception:
        # One export that cannot be written does not stand in the way of those behind it.
        log.exception("The export %s could not be written", export.key)
        _fail(export, _("Its values do not fit into this kind of file. Choose another kind."), at)
        return False
    return True


def sweep(*, now: datetime) -> int:
    """Remove the files of exports whose time is over or that came to nothing. How many exports.

    Looks at the folders that are there, not at all exports that ever were.
    """
    over = LakeExport.objects.filter(state=State.DONE, expires_at__lte=now)
    over.update(state=State.EXPIRED)
    there = leftovers.by_key(home())
    needed = LakeExport.objects.filter(
        key__in=there, state__in=[State.WAITING, State.RUNNING, State.DONE]
    )
    left = there.keys() - set(needed.values_list("key", flat=True))
    for key in left:
        # A writer that has not heard yet may be in it; the next sweep takes the rest.
        shutil.rmtree(there[key], ignore_errors=True)
    return len(left)


def _claim(number: int, at: datetime) -> LakeExport | None:
    me = lease.owner()
    with transaction.atomic():
        rows = LakeExport.objects.select_for_update(of=("self",)).select_related("run")
        export = rows.filter(pk=number, state__in=[State.WAITING, State.RUNNING]).first()
        if export is None or not lease.is_free(export.owner, export.owned_at, at=at):
            return None
        export.state, export.owner, export.owned_at = State.RUNNING, me, at
        export.save(update_fields=["state", "owner", "owned_at"])
    return export


def _next(export: LakeExport) -> pa.Table:
    """The rows behind those that are written, at most ``PART_ROWS``."""
    pieces: list[pa.Table] = []
    start, skip, left = 0, export.rows, PART_ROWS
    with pq.ParquetFile(results.file(export.run)) as file:
        for number in range(file.num_row_groups):
            size = file.metadata.row_group(number).num_rows
            if start + size > skip and left > 0:
                piece = file.read_row_group(number).slice(max(0, skip - start), left)
                pieces.append(piece)
                left -= piece.num_rows
            start += size
        schema = file.schema_arrow
    return pa.concat_tables(pieces) if pieces else schema.empty_table()


def _part(export: LakeExport, rows: pa.Table, at: datetime) -> None:
    number = export.parts.count() + 1
    name = f"part-{number:05d}.{export.kind}"
    path = folder(export) / name
    digest = put(export.kind, path, rows, is_first=number == 1)
    before = export.rows
    with transaction.atomic():
        # Who lost the job in the meantime, to a cancel or to another worker, adds nothing.
        still = LakeExport.objects.filter(
            pk=export.pk, state=State.RUNNING, owner=export.owner, rows=before
        )
        export.rows = before + rows.num_rows
        if still.update(rows=export.rows, owned_at=at):
            LakeExportPart.objects.create(
                export=export, number=number, name=name, rows=rows.num_rows,
                size_bytes=path.stat().st_size, sha256=digest,
            )  # fmt: skip


def put(kind: str, path: Path, rows: pa.Table, *, is_first: bool = True) -> str:
    """Write rows as a file of one kind, whole or not at all; its SHA-256."""
    return whole.write(path, lambda file: fill(kind, file, rows, is_first=is_first))


def fill(kind: str, file: IO[bytes], rows: pa.Table, *, is_first: bool = True) -> None:
    """Rows as the content of a file of one kind.

    Args:
        is_first: whether it is the first part: only that one has the heading of a CSV.
    """
    if kind == LakeExport.Kind.PARQUET:
        pq.write_table(rows, file, compression="zstd")
    elif kind == LakeExport.Kind.XLSX:
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.freeze_panes = "A2"
        for line in lines(rows, has_heading=True):
            sheet.append([cells.in_workbook(each) for each in line])
        book.save(file)
    else:
        scratch = io.StringIO()
        # Excel takes a file without a byte order mark for the local 8-bit encoding.
        scratch.write("\ufeff" if is_first else "")
        csv.writer(scratch).writerows(lines(rows, has_heading=is_first))
        file.write(scratch.getvalue().encode())


def lines(rows: pa.Table, *, has_heading: bool) -> Iterator[list[object]]:
    """Rows as cells that no spreadsheet runs; instants in Asia/Shanghai."""
    if has_heading:
        yield [cells.plain(name) for name in rows.column_names]
    columns = [[_shown(value) for value in column.to_pylist()] for column in rows.columns]
    yield from ([*row] for row in zip(*columns, strict=True))


def _shown(value: object) -> object:
    if getattr(value, "tzinfo", None) is not None:
        value = value.astimezone(clock.LOCAL).isoformat()  # type: ignore[attr-defined]
    return cells.plain(value)


def _end(export: LakeExport, at: datetime) -> None:
    done = LakeExport.objects.filter(
        pk=export.pk, state=State.RUNNING, owner=export.owner, rows=export.rows
    )
    done.update(state=State.DONE, finished_at=at, expires_at=at + KEPT, owner="", owned_at=None)


def _fail(export: LakeExport, why: str, at: datetime) -> None:
    running = LakeExport.objects.filter(pk=export.pk, state=State.RUNNING)
    running.update(state=State.FAILED, failure=why[:300], finished_at=at, owner="")
