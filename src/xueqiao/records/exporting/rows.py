"""What a row of an export holds: the whole statement, or its flat columns."""

from __future__ import annotations

import csv
import gzip
import io
from typing import IO, TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from xueqiao.kernel import cells
from xueqiao.records import shown
from xueqiao.records.models import ExportJob
from xueqiao.records.xapi import agents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xueqiao.records.models import Statement

INSTANT = pa.timestamp("us", tz="UTC")
TEXT, REAL, FLAG = pa.string(), pa.float64(), pa.bool_()
# Columns of CSV and Parquet; "statement" is the whole text, in Parquet only.
SCHEMA = pa.schema([
    ("id", TEXT), ("stored", INSTANT), ("timestamp", INSTANT), ("source", TEXT), ("actor", TEXT),
    ("actor_name", TEXT), ("verb", TEXT), ("object_type", TEXT), ("object", TEXT),
    ("object_name", TEXT), ("registration", TEXT), ("success", FLAG), ("completion", FLAG),
    ("score_scaled", REAL), ("score_raw", REAL), ("duration", TEXT), ("voids", TEXT),
    ("statement", TEXT),
])  # fmt: skip
CSV_COLUMNS = SCHEMA.names[:-1]
SUFFIXES = {
    ExportJob.Kind.NDJSON: "ndjson.gz",
    ExportJob.Kind.CSV: "csv.gz",
    ExportJob.Kind.PARQUET: "parquet",
}


def flat(row: Statement, statement: dict[str, Any]) -> dict[str, Any]:
    """The columns of ``SCHEMA``; None where a statement does not say."""
    thing, result = statement["object"], statement.get("result", {})
    score = result.get("score", {})
    kind = thing.get("objectType", "Activity")
    return {
        "id": str(row.uuid),
        "stored": row.stored_at,
        "timestamp": row.event_at,
        "source": row.source.code,
        "actor": agents.identifier(statement["actor"]),
        "actor_name": statement["actor"].get("name"),
        "verb": statement["verb"]["id"],
        "object_type": kind,
        "object": _object(thing, kind),
        "object_name": _first(thing.get("definition", {}).get("name")),
        "registration": str(row.registration) if row.registration else None,
        "success": result.get("success"),
        "completion": result.get("completion"),
        "score_scaled": _real(score.get("scaled")),
        "score_raw": _real(score.get("raw")),
        "duration": result.get("duration"),
        "voids": str(row.voids) if row.voids else None,
        "statement": msgspec.json.encode(statement).decode(),
    }


def _object(thing: dict[str, Any], kind: str) -> str:
    if kind in {"Agent", "Group"}:
        return agents.identifier(thing)
    return str(thing.get("id", ""))


def _first(names: dict[str, str] | None) -> str | None:
    return next(iter(names.values()), None) if names else None


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def write(kind: str, file: IO[bytes], rows: Sequence[Statement], *, is_first: bool) -> None:
    """Write rows into an open file; gzip of parts one behind the other is gzip of the whole.

    Args:
        is_first: whether it is the first part: only that one has the heading of a CSV.
    """
    statements = shown.statements(rows, shown.Form(version="2.0.0"))
    if kind == ExportJob.Kind.PARQUET:
        columns = [flat(row, each) for row, each in zip(rows, statements, strict=True)]
        pq.write_table(pa.Table.from_pylist(columns, SCHEMA), file, compression="zstd")
        return
    # Without a time of its own a part is the same bytes each time it is written.
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, compresslevel=6) as packed:
        if kind == ExportJob.Kind.NDJSON:
            packed.writelines(msgspec.json.encode(each) + b"\n" for each in statements)
        else:
            packed.write(_csv(rows, statements, is_first=is_first))


def _csv(rows: Sequence[Statement], statements: list[dict[str, Any]], *, is_first: bool) -> bytes:
    scratch = io.StringIO()
    writer = csv.writer(scratch)
    if is_first:
        # Excel takes a file without a byte order mark for the local 8-bit encoding.
        scratch.write("\ufeff")
        writer.writerow(CSV_COLUMNS)
    for row, statement in zip(rows, statements, strict=True):
        found = flat(row, statement)
        found["stored"], found["timestamp"] = row.stored_at.isoformat(), row.event_at.isoformat()
        writer.writerow([cells.plain(found[name]) for name in CSV_COLUMNS])
    return scratch.getvalue().encode()
