"""Many rows in one statement, on both databases; rows whose key is already there are left out.

``bulk_create`` builds an object for each row: 35 µs a statement, more than checking it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

# SQLite takes 32,766 parameters in one statement; every list of keys is cut to this.
MOST_KEYS = 5000


def insert(
    table: str, columns: dict[str, str], rows: Sequence[tuple[Any, ...]], *, key: str
) -> int:
    """Insert rows in their order; one whose key exists is left out and keeps what is there.

    Args:
        table: name of the table; from code, never from outside.
        columns: name and PostgreSQL type of each column, in the order of the rows.
        rows: values as Python has them; instants aware, in UTC.
        key: columns of the unique constraint, separated by commas. Give rows sorted by it where
            several writers meet, so that none waits for one who waits for it.

    Returns:
        How many rows were new.
    """
    if not rows:
        return 0
    conflict = f"on conflict ({key}) do nothing"
    start = f"insert into {table} ({', '.join(columns)})"
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%b::{kind}[]" for kind in columns.values())
        statement = f"{start} select * from unnest({arrays}) {conflict}"  # noqa: S608 - from code
        return _run_on_postgresql(statement, [list(column) for column in zip(*rows, strict=True)])
    statement = f"{start} values ({', '.join(['%s'] * len(columns))}) {conflict}"
    with connection.cursor() as run:
        run.executemany(statement, list(_for_sqlite(rows, columns)))
        return int(run.rowcount)


def _run_on_postgresql(statement: str, arrays: list[list[Any]]) -> int:
    # Binary arrays in one round trip: 8 ms for 1,000 statements, as fast as COPY, which knows no
    # ON CONFLICT; arrays as text take 75 ms. Django's own cursor sends text only.
    import psycopg  # noqa: PLC0415 - not needed, and perhaps not there, on SQLite

    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as run:
        run.execute(statement, arrays)
        return run.rowcount


def _for_sqlite(
    rows: Sequence[tuple[Any, ...]], columns: dict[str, str]
) -> Iterator[tuple[Any, ...]]:
    """The rows with identifiers and instants as Django's SQLite backend writes them."""
    kinds = enumerate(columns.values())
    places = [(place, _AS_TEXT[kind]) for place, kind in kinds if kind in _AS_TEXT]
    for row in rows:
        changed = list(row)
        for place, to_text in places:
            if changed[place] is not None:
                changed[place] = to_text(changed[place])
        yield tuple(changed)


def _hex(value: UUID) -> str:
    return value.hex


def _naive(value: datetime) -> str:
    return str(value.replace(tzinfo=None))


_AS_TEXT: dict[str, Callable[[Any], str]] = {"uuid": _hex, "timestamptz": _naive}


def ids_ahead(table: str, count: int) -> list[int | None]:
    """Row numbers for rows that will be inserted in another order than theirs.

    On PostgreSQL rows go in sorted by key, and still are numbered in the order they arrived. SQLite
    has one writer, inserts in order, and numbers by itself.
    """
    if connection.vendor != "postgresql":
        return [None] * count
    with connection.cursor() as ask:
        ask.execute(
            "select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)",
            [table, count],
        )
        return sorted(number for (number,) in ask.fetchall())


def chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """The keys in lists short enough for one statement."""
    held = list(keys)
    for start in range(0, len(held), MOST_KEYS):
        yield held[start : start + MOST_KEYS]
