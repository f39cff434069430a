"""Code tables that the lake ships: what a verb means, and the codes of national standards.

Each is a CSV file beside this module and becomes a table of bronze like any other source, so a
changed code reopens what was made with it. A row holds from ``valid_from`` to the day before
``valid_to``; an empty day is open.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xueqiao.lake.sources import DAY, FLAG, TEXT, Snapshot, columns

if TYPE_CHECKING:
    import pyarrow as pa

HERE = Path(__file__).parent
FAMILIES = (
    "session", "video", "assessment", "discussion", "enrolment", "completion", "credential",
    "offline", "search", "recommendation", "other",
)  # fmt: skip
"""The kinds of events. A verb that no row of the table classes is ``other``."""

FAMILY = columns(
    verb=TEXT, activity_type=TEXT, family=TEXT, is_success=FLAG, is_completion=FLAG,
    valid_from=DAY, valid_to=DAY,
)  # fmt: skip

CODE = columns(
    scheme=TEXT, code=TEXT, name_zh=TEXT, name_en=TEXT, valid_from=DAY, valid_to=DAY, source=TEXT
)


def sources() -> list[Snapshot]:
    """The code tables as bronze reads them."""
    return [
        table("bronze.family", FAMILY, "families.csv"),
        table("bronze.code", CODE, "codes.csv"),
    ]


def table(name: str, schema: pa.Schema, file: str) -> Snapshot:
    """A shipped file as a bronze table; its rows are their own stamp."""
    return Snapshot(name, schema, lambda: rows(schema, file), lambda: rows(schema, file))


@cache
def rows(schema: pa.Schema, file: str) -> list[dict[str, Any]]:
    """The rows of a shipped file, by the types of a schema; an empty cell is none, of text ""."""
    with (HERE / file).open(encoding="utf-8", newline="") as lines:
        return [
            {field.name: value(field.type, row[field.name]) for field in schema}
            for row in csv.DictReader(lines)
        ]


def value(kind: pa.DataType, cell: str) -> str | bool | date | None:
    """A cell by the type of its column.

    >>> value(TEXT, ""), value(FLAG, "true"), value(FLAG, ""), value(DAY, "2022-11-30")
    ('', True, None, datetime.date(2022, 11, 30))
    """
    if kind == TEXT:
        return cell
    if not cell:
        return None
    return cell == "true" if kind == FLAG else date.fromisoformat(cell)
