"""Writing an export: part by part, each whole on the disk before its row says so."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
import time
from datetime import timedelta
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from openpyxl import Workbook

from xueqiao.governance.models import LakeExport, LakeExportPart
from xueqiao.governance.workbench import results
from xueqiao.kernel import cells, clock, lease

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

State = LakeExport.State
PART_ROWS = 100_000
KEPT = timedelta(hours=72)
# Whoever owns a job on another machine and says nothing for so long is taken to be dead.
SILENT = timedelta(minutes=15)


def folder(export: LakeExport) -> Path:
    """Where the parts of an export lie."""
    home: Path = settings.HOME
    return home / "lake_exports" / export.key.hex


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
    except (OSError, pa.ArrowException) as why:
        _fail(export, getattr(why, "strerror", None) or str(why), at)
        return False
    return True


def sweep(*, now: datetime) -> int:
    """Remove the files of exports whose time is over or that came to nothing. How many exports."""
    ended = [State.CANCELLED, State.FAILED, State.EXPIRED]
    over = LakeExport.objects.filter(Q(state__in=ended) | Q(state=State.DONE, expires_at__lte=now))
    removed = 0
    for export in over:
        if export.state == State.DONE:
            LakeExport.objects.filter(pk=export.pk).update(state=State.EXPIRED)
        if folder(export).exists():
            shutil.rmtree(folder(export))
            removed += 1
    return removed


def _claim(number: int, at: datetime) -> LakeExport | None:
    me = lease.owner()
    with transaction.atomic():
        rows = LakeExport.objects.select_for_update(of=("self",)).select_related("run")
        export = rows.filter(pk=number, state__in=[State.WAITING, State.RUNNING]).first()
        if export is None or not _is_free(export, me, at):
            return None
        export.state, export.owner, export.owned_at = State.RUNNING, me, at
        export.save(update_fields=["state", "owner", "owned_at"])
    return export


def _is_free(export: LakeExport, me: str, at: datetime) -> bool:
    if export.owner in {"", me} or lease.is_dead(export.owner):
        return True
    return export.owned_at is None or export.owned_at < at - SILENT


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
    digest = _write(export.kind, path, rows, is_first=number == 1)
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


def _write(kind: str, path: Path, rows: pa.Table, *, is_first: bool) -> str:
    """Write a file beside its place and move it there when it is whole; its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("wb") as file:
        fill(kind, file, rows, is_first=is_first)
        file.flush()
        os.fsync(file.fileno())
    with scratch.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    scratch.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return digest


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
            sheet.append(line)
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
