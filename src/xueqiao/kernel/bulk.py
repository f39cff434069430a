"""Many rows in one statement, on both databases, without an object for each.

``bulk_create`` spends 50 to 90 µs a row on building and preparing objects; a recognised lot has
seven rows. Here a row is a tuple: arrays in one statement on PostgreSQL, a prepared statement on
SQLite.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from django.db import connection, models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from uuid import UUID

Key = TypeVar("Key")
_MOST_KEYS = 5000

# Of text the length is left to the column: a cast to varchar(n) would cut it without a word.
_ARRAYS = {
    models.CharField: "text",
    models.TextField: "text",
    models.JSONField: "jsonb",
    models.UUIDField: "uuid",
    models.DateTimeField: "timestamptz",
    models.DateField: "date",
    models.BooleanField: "boolean",
    models.BigIntegerField: "bigint",
    models.IntegerField: "integer",
    models.BigAutoField: "bigint",
}


def insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    ignore_conflicts: bool = False,
) -> int:
    """Insert rows in their order.

    Args:
        columns: field names, foreign keys by ``<name>_id``. Columns that are left out get the
            database's default.
        rows: values as Python has them; instants aware; JSON values as they are.
        ignore_conflicts: leave out rows whose unique key is there. Then give rows sorted by it, so
            that no writer waits for one who waits for it.

    Returns:
        How many rows were new.
    """
    if not rows:
        return 0
    fields = [_field(model, name) for name in columns]
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    start = f"insert into {connection.ops.quote_name(model._meta.db_table)} ({names})"
    end = "on conflict do nothing" if ignore_conflicts else ""
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%b::{_array(field)}[]" for field in fields)
        values = [
            _column(field, held)
            for field, held in zip(fields, zip(*rows, strict=True), strict=True)
        ]
        return _run_on_postgresql(f"{start} select * from unnest({arrays}) {end}", values)  # noqa: S608 - names come from models
    adapt = [_to_sqlite(field) for field in fields]
    plain = [tuple(to(value) for to, value in zip(adapt, row, strict=True)) for row in rows]
    with connection.cursor() as run:
        run.executemany(f"{start} values ({', '.join(['%s'] * len(fields))}) {end}", plain)
        return int(run.rowcount)


def numbers(model: type[models.Model], count: int) -> list[int]:
    """Ids for rows that will be inserted in this transaction; nobody else gets them."""
    table = model._meta.db_table
    with connection.cursor() as ask:
        if connection.vendor == "postgresql":
            ask.execute(
                "select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)",
                [table, count],
            )
            return sorted(number for (number,) in ask.fetchall())
        # SQLite has one writer, which this transaction is since it began.
        ask.execute("select seq from sqlite_sequence where name = %s", [table])
        last = (ask.fetchone() or (0,))[0]
        return list(range(last + 1, last + 1 + count))


def holds_any(model: type[models.Model], column: str, keys: Iterable[UUID]) -> bool:
    """Whether a row has one of these identifiers. One parameter, however many they are."""
    words = [key.hex for key in keys]
    if not words:
        return False
    name, table = map(connection.ops.quote_name, (column, model._meta.db_table))
    question = f"select 1 from {table} where {name}"  # noqa: S608 - names come from models
    if connection.vendor == "postgresql":
        with _plain_cursor() as run:
            run.execute(f"{question} = any(%b::uuid[]) limit 1", [f"{{{','.join(words)}}}"])
            return run.fetchone() is not None
    question += " in (select value from json_each(%s)) limit 1"
    with connection.cursor() as ask:
        ask.execute(question, [_json(words)])
        return ask.fetchone() is not None


def remove(rows: models.QuerySet[Any]) -> int:
    """Delete rows in one statement, without reading them first; how many those were.

    What refers to them is the caller's: the database refuses where something still does.
    """
    return int(rows._raw_delete(rows.db) or 0)  # noqa: SLF001 - Django's own plain DELETE; delete() reads every row to follow what refers to it


def chunks(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """The keys of a look-up in lists that fit one statement: SQLite takes 32,766 parameters."""
    held = list(keys)
    for start in range(0, len(held), _MOST_KEYS):
        yield held[start : start + _MOST_KEYS]


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name.removesuffix("_id") if name.endswith("_id") else name)
    assert isinstance(field, models.Field)
    return field


def _target(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    return field.target_field if isinstance(field, models.ForeignKey) else field


def _array(field: models.Field[Any, Any]) -> str:
    kinds = type(_target(field)).__mro__
    return next(_ARRAYS[kind] for kind in kinds if kind in _ARRAYS)


def _column(field: models.Field[Any, Any], values: tuple[Any, ...]) -> list[Any]:
    if isinstance(field, models.JSONField):
        return [_json(value) for value in values]
    return list(values)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _to_sqlite(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    kind = _array(field)
    change: dict[str, Callable[[Any], Any]] = {
        "jsonb": _json, "uuid": _hex, "timestamptz": _naive, "date": _day,
    }  # fmt: skip
    return change.get(kind, _same)


def _same(value: Any) -> Any:
    return value


def _hex(value: UUID | None) -> str | None:
    return value.hex if value else None


@lru_cache(maxsize=4096)  # one instant stands in many columns of a batch
def _naive(value: datetime | None) -> str | None:
    return str(value.astimezone(UTC).replace(tzinfo=None)) if value else None


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _run_on_postgresql(statement: str, arrays: list[list[Any]]) -> int:
    # Binary arrays in one round trip; Django's own cursor sends text only.
    with _plain_cursor() as run:
        run.execute(statement, arrays)
        return int(run.rowcount)


@contextmanager
def _plain_cursor() -> Iterator[Any]:
    """A cursor of psycopg's own, on Django's connection and with its errors."""
    import psycopg  # noqa: PLC0415 - not needed, and perhaps not there, on SQLite

    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as run:
        yield run


def count_anew(*models_: type[models.Model]) -> None:
    """Let the database count the rows of tables that have just grown, so that it plans by them.

    Without it SQLite reads all statements of a verb to find those of one actor (310 ms for 3 ms),
    and PostgreSQL checks each foreign key of a load by reading the whole table it points to.
    """
    with connection.cursor() as run:
        if connection.vendor == "sqlite":
            run.execute("pragma analysis_limit = 1000")
        for model in models_:
            run.execute(f"analyze {connection.ops.quote_name(model._meta.db_table)}")
