"""A cursor over a growing table that loses nothing while others write.

On PostgreSQL ids are handed out before rows become visible, so a reader that remembers the last id
skips rows of a slower writer. Each followed table therefore has ``xid`` (the writing transaction)
and readers go by ``(xid, id)``, only below the oldest transaction still running. On SQLite writers
are serial, ``xid`` is 0 and the id alone is enough.

Stored transaction ids are reset when a dump is restored into a new server; see
docs/decisions/0005-pulled-log.md for what to do then.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from django.db import connections, models
from django.db.models import F, QuerySet
from django.db.models.expressions import Func
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan

Row = TypeVar("Row", bound=models.Model)


class CurrentXid(Func):
    """The number of the writing transaction: ``pg_current_xact_id()``, or 0 on SQLite."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = models.BigIntegerField()

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **_extra: Any
    ) -> tuple[str, tuple[Any, ...]]:
        del compiler
        if connection.vendor == "postgresql":
            return "(pg_current_xact_id()::text::bigint)", ()
        return "0", ()


class XidField(models.BigIntegerField):  # type: ignore[type-arg]
    """The column that makes a table followable. Filled by the database; never set by code."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("db_default", CurrentXid())
        options.setdefault("editable", False)
        super().__init__(**options)


class Position(NamedTuple):
    """How far a reader has come: everything up to and including this row has been read."""

    xid: int = 0
    row: int = 0


# What runs is what the snapshot lists, less what certainly runs in another database of the server:
# a long job there must not hold up the readers here. A transaction whose database cannot be told,
# prepared or just beginning, counts. So does our own, which may yet write.
_HORIZON = """
    with now as (select pg_current_snapshot() as taken),
    elsewhere as (
        select transactionid::text::bigint as low
        from pg_locks join pg_stat_activity using (pid)
        where locktype = 'transactionid' and granted and mode = 'ExclusiveLock'
          and datname <> current_database()
    ),
    running as (
        select each::text::bigint as xid from now, pg_snapshot_xip(taken) as each
        where each::text::bigint % 4294967296 not in (select low from elsewhere)
        union all select pg_current_xact_id_if_assigned()::text::bigint
        -- One past the newest that has ended: a snapshot lists nothing that began after it.
        union all select pg_snapshot_xmax(taken)::text::bigint from now
    )
    select min(xid) from running
"""


def horizon(using: str = "default") -> int | None:
    """The oldest transaction still running; rows at or above it may yet get company.

    None where there is no limit: SQLite.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as ask:
        ask.execute(_HORIZON)
        return int(ask.fetchone()[0])


def after(rows: QuerySet[Row], position: Position) -> QuerySet[Row]:
    """The rows behind a position that are safe to read, in reading order.

    Call it outside the transaction that writes rows: a transaction's own rows lie at the horizon.
    """
    limit = horizon(rows.db)
    if limit is None:
        # One writer at a time: every xid is 0 and the id alone tells the order. Naming the 0 lets
        # an index on (…, xid, id) start at the position instead of at its beginning.
        return rows.filter(xid=0, pk__gt=position.row).order_by("xid", "pk")
    # Compared as a pair, so that the index starts at the position; an OR makes PostgreSQL sort.
    behind = TupleGreaterThan(Tuple(F("xid"), F("pk")), (position.xid, position.row))
    return rows.filter(behind, xid__lt=limit).order_by("xid", "pk")
