"""Flat rows of a table for readers outside the database, many at a time and no object for each.

A room says in an ``Export`` which columns it gives, by names that stay; that is its contract with
the lake. Rows come as they are cheapest to read: instants are microseconds since 1970 on PostgreSQL
and text on SQLite, where days are text too, identifiers hexadecimal digits and truth a number;
whoever wants types knows them from the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models import Count, ExpressionWrapper, F, Max, Q, Sum, Value

from xueqiao.kernel import cursor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

Chunk = list[tuple[Any, ...]]
CHUNK = 20_000
_MOST_KEYS = 5000
_PRIME, _WEIGHTS = 1_000_003, 1009
"""Numbers and weights are taken by these, so that sums over billions of rows fit into 63 bits."""


@dataclass(frozen=True)
class Export:
    """The flat rows of one table.

    Attributes:
        rows: the query; what it leaves out does not exist for readers.
        columns: name in the contract → path of the field, such as ``school__code``.
        key: the name of the whole-number key; "" where the contract has none.
        changed: the name of the instant of a row's last change; "" where the table has none.
    """

    rows: QuerySet[Any]
    columns: dict[str, str]
    key: str
    changed: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def all(self) -> Iterator[Chunk]:
        """All rows by key."""
        return self._chunks(self.rows.order_by("pk"))

    def since(self, instant: datetime) -> Iterator[Chunk]:
        """Rows changed at or after an instant, by key. Ask again from some minutes earlier each
        time, for transactions that committed late.
        """
        changed = {f"{self.columns[self.changed]}__gte": instant}
        return self._chunks(self.rows.filter(**changed).order_by("pk"))

    def among(self, keys: Iterable[int]) -> Iterator[Chunk]:
        """The rows of some keys."""
        wanted = sorted(keys)
        for start in range(0, len(wanted), _MOST_KEYS):
            some = wanted[start : start + _MOST_KEYS]
            yield from self._chunks(self.rows.filter(pk__in=some).order_by("pk"))

    def every_key(self) -> Iterator[int]:
        """The keys of all rows, in order."""
        for chunk in chunks(self.rows.order_by("pk").values_list("pk")):
            yield from (key for (key,) in chunk)

    def after(self, position: cursor.Position, limit: int) -> Chunk:
        """The next rows behind a position, in reading order; of tables that have ``xid``."""
        found = cursor.after(self.rows, position).values_list(*self.columns.values())[:limit]
        return [row for chunk in chunks(found, limit) for row in chunk]

    def waiting(self, position: cursor.Position) -> int:
        """How many rows lie behind a position."""
        return cursor.after(self.rows, position).count()

    def count(self) -> int:
        return self.rows.count()

    def latest(self) -> datetime | None:
        """When a row was last changed; None without rows."""
        found: datetime | None = self.rows.order_by().aggregate(at=Max(self.columns[self.changed]))[
            "at"
        ]
        return found

    def stamp(self) -> list[Any]:
        """A value that changes with any row, from one look of the database over the table.

        Where nothing tells when a row changed, counts and sums over all columns stand in for it, in
        which each row has a weight of its own.
        """
        found = self.rows.order_by().aggregate(**self._facts)
        return sorted((name, str(value)) for name, value in found.items())

    @cached_property
    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"rows": Count("*"), "highest": Max("pk")}
        if self.changed:
            return facts | {"changed": Max(self.columns[self.changed])}
        is_numbered = isinstance(field_of(self.rows.model, "pk"), models.IntegerField)
        weight = F("pk") % _WEIGHTS + 1 if is_numbered else Value(1)
        for number, path in enumerate(self.columns.values()):
            field = field_of(self.rows.model, path)
            facts |= _facts_of(f"c{number}", path, field, weight)
        return facts

    def _chunks(self, rows: QuerySet[Any]) -> Iterator[Chunk]:
        return chunks(rows.values_list(*self.columns.values()))


def same(*names: str) -> dict[str, str]:
    """Columns that are called as their fields are."""
    return {name: name for name in names}


def dicts(names: Sequence[str], found: Iterable[Chunk]) -> Iterator[dict[str, Any]]:
    """Chunks as dicts, for few rows."""
    for chunk in found:
        for row in chunk:
            yield dict(zip(names, row, strict=True))


def field_of(model: Any, path: str) -> Any:
    """The field at the end of a path from a model; of a foreign key, the field it holds."""
    *through, last = path.split("__")
    for name in through:
        model = model._meta.get_field(name).related_model
    field = model._meta.pk if last == "pk" else model._meta.get_field(last)
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


def chunks(rows: QuerySet[Any], size: int = CHUNK) -> Iterator[Chunk]:
    """The rows of a ``values_list`` as the driver gives them, streamed."""
    connection = connections[rows.db]
    try:
        statement, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return
    names = [f"c{number}" for number in range(len(rows.query.values_select))]
    # Python would parse each value of these; said otherwise, whole columns are read as they come.
    said = [
        _said(connection.vendor, name, field_of(rows.model, path))
        for name, path in zip(names, rows.query.values_select, strict=True)
    ]
    statement = (
        f"with found({', '.join(names)}) as ({statement}) select {', '.join(said)} from found"  # noqa: S608 - numbered names
    )
    with _streaming(connection) as ask:
        ask.execute(statement, values)
        while chunk := ask.fetchmany(size):
            yield chunk


def _said(vendor: str, name: str, field: Any) -> str:
    """The SQL of a column that costs the driver nothing to read."""
    if vendor == "sqlite":
        # A bare column is parsed by its declared type, value by value; an expression is not.
        return f"+{name}"
    if isinstance(field, models.DateTimeField):
        return f"(extract(epoch from {name}) * 1000000)::bigint"
    return f"{name}::text" if isinstance(field, models.UUIDField) else name


def _streaming(connection: Any) -> Any:
    if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
        return connection.cursor()
    return connection.chunked_cursor()


def _facts_of(name: str, path: str, field: Any, weight: Any) -> dict[str, Any]:
    """What tells of a change in one column, also of one that another row makes up for.

    Args:
        weight: a number of the row, by which its value counts more or less than in another row.
    """
    if isinstance(field, models.BooleanField):
        return {name: Sum(weight, filter=Q(**{path: True}))}
    found = {name: Count(path)}
    if isinstance(field, models.UUIDField | models.JSONField):
        return found
    number: Any = F(path)
    if isinstance(field, models.DateField):
        number = _Seconds(number)
    elif not isinstance(field, models.IntegerField):
        number = _Word(number)
    counted = ExpressionWrapper((number % _PRIME) * weight, models.BigIntegerField())
    return found | {f"{name}_sum": Sum(counted)}


class _Seconds(models.Func):
    """An instant or a day as a whole number."""

    output_field = models.BigIntegerField()
    template = "cast((julianday(%(expressions)s) - 2440587.5) * 86400 as integer)"

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "extract(epoch from %(expressions)s)::bigint"
        return self.as_sql(compiler, connection, template=template, **more)


class _Word(models.Func):
    """A text as a whole number. SQLite has no hash: there its length and three letters stand in."""

    output_field = models.BigIntegerField()
    template = (
        "(length(%(expressions)s) * 31 + coalesce(unicode(%(expressions)s), 0)"
        " + coalesce(unicode(substr(%(expressions)s, -1)), 0) * 7"
        " + coalesce(unicode(substr(%(expressions)s, length(%(expressions)s) / 2 + 1)), 0) * 13)"
    )

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="hashtext(%(expressions)s)::bigint", **more
        )
