"""Extraction from a database by cursor: rows become statements by the same contract as a file's.

Rows are read in the order of a column that only grows, such as the time of the last change, and of
a key. Each run begins a little before where the last one ended, because a row may become visible
after one with a later value; what is read again is a duplicate. Within a run's walk the place is
exact, so a walk of any length comes to its end.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake import sql_source
from xueqiao.intake.kinds import Kind, Portion, Setting
from xueqiao.intake.sql_source import Place, SqlSource, TableUnfit
from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables.rows import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xueqiao.records.checking import Incoming, Refused

ROWS_A_PORTION = 1000
LAG = 300


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    """Portion by portion; the watermark is ``cursor`` and ``key``, and ``walk`` within a walk."""
    mapping = mappings.read(config["contract"])
    with sql_source.opened(config) as source:
        mappings.against(mapping, source.heading)
        form = f"contract:{config['contract'].get('id', '')}"
        rows = _Rows(source, Converter(mapping, source=config["source"], form=form))
        yield from _walk(rows, config, watermark)


class _Rows:
    """Rows of the source as items."""

    def __init__(self, source: SqlSource, converter: Converter) -> None:
        self.source, self._converter = source, converter

    def items(self, rows: Sequence[Sequence[Any]]) -> list[Incoming | Refused]:
        heading = self.source.heading
        return [
            self._converter.item(heading, [sql_source.as_text(cell) for cell in row])
            for row in rows
        ]


def _walk(rows: _Rows, config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    source = rows.source
    after = _place(watermark)
    if not watermark.get("walk"):
        if source.has_empty_cursor():
            text = _(
                "Rows of {table} have no “{name}” and would never come. Choose another column."
            )
            raise TableUnfit(text.format(table=config["table"], name=config["cursor"]))
        after = _before(after, int(config.get("lag") or LAG))
    now = _now(source)
    until = None if now is None else now + dt.timedelta(days=1)
    top = watermark
    while found := source.rows(after=after, until=until, limit=ROWS_A_PORTION):
        after = source.place(found[-1])
        is_last = len(found) < ROWS_A_PORTION
        top = _ended(after, now) if is_last else _mark(after) | {"walk": True}
        yield _portion(rows.items(found), top)
        if is_last:
            break
    if top.get("walk") and after is not None:
        top = _ended(after, now)
        yield Portion("database:end", [], top)
    if until is not None and (ahead := source.beyond(until, ROWS_A_PORTION)):
        # Of tomorrow and later: they are held, and the place stays behind them.
        yield _portion(rows.items(ahead), top)


def _now(source: SqlSource) -> Any:
    """The source's clock in the form of the cursor column; None where that is no time."""
    first = source.rows(after=None, until=None, limit=1)
    value = source.place(first[0]).cursor if first else None
    if not isinstance(value, dt.date):
        return None
    is_aware = isinstance(value, dt.datetime) and value.tzinfo is not None
    now = source.now(is_aware=is_aware)
    return now if isinstance(value, dt.datetime) else now.date()


def _ended(place: Place, now: Any) -> dict[str, Any]:
    """Where the next walk begins: who is ahead of the clock would hide what comes later."""
    if now is not None and place.cursor > now:
        return {"cursor": _packed(now), "key": _packed(place.key)}
    return _mark(place)


def _portion(items: list[Incoming | Refused], watermark: dict[str, Any]) -> Portion:
    digest = hashlib.sha256()
    for item in items:
        digest.update(item.text.encode(errors="surrogatepass") + b"\n")
    return Portion(f"database:{digest.hexdigest()}", items, watermark)


def _before(place: Place | None, lag: int) -> Place | None:
    """A little before a place: seconds for a time, a number for a number."""
    if place is None:
        return None
    value = place.cursor
    if isinstance(value, dt.datetime):
        return Place(value - dt.timedelta(seconds=lag), None)
    if isinstance(value, dt.date):
        return Place(value - dt.timedelta(days=1 + lag // 86_400), None)
    if isinstance(value, (int, Decimal)):
        return Place(value - lag, None)
    return Place(value, None)


_KINDS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "decimal": Decimal,
    "time": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "text": str,
}


def _mark(place: Place) -> dict[str, Any]:
    return {"cursor": _packed(place.cursor), "key": _packed(place.key)}


def _packed(value: Any) -> list[str]:
    """A value with its type, as JSON keeps it.

    >>> _packed(5), _packed(dt.datetime(2026, 3, 2, 1, 2, 3, 4))
    (['int', '5'], ['time', '2026-03-02T01:02:03.000004'])
    """
    if isinstance(value, (dt.datetime, dt.date)):
        kind = "time" if isinstance(value, dt.datetime) else "date"
        return [kind, value.isoformat()]
    kind = {int: "int", Decimal: "decimal"}.get(type(value), "text")
    return [kind, str(value)]


def _place(watermark: Mapping[str, Any]) -> Place | None:
    if not watermark.get("cursor"):
        return None
    return Place(*(_KINDS[kind](text) for kind, text in (watermark["cursor"], watermark["key"])))


KIND = Kind(
    "database",
    gettext_lazy("Database, extracted by cursor"),
    (
        Setting(
            "engine", gettext_lazy("Database system"), "choice",
            choices=(("postgresql", "PostgreSQL"), ("mysql", "MySQL, MariaDB")),
        ),
        Setting(
            "host", gettext_lazy("Host"),
            help=gettext_lazy("Has to be listed by the operator in XUEQIAO_OUTBOUND_ALLOW."),
        ),
        Setting("port", gettext_lazy("Port"), "number", required=False),
        Setting("database", gettext_lazy("Database")),
        Setting(
            "user", gettext_lazy("User"),
            help=gettext_lazy("One that may only read this table or view."),
        ),
        Setting("password", gettext_lazy("Password"), "secret", required=False),
        Setting(
            "tls", gettext_lazy("Encryption"), "choice",
            choices=(
                ("verify", gettext_lazy("Encrypted, certificate checked")),
                ("encrypt", gettext_lazy("Encrypted, certificate not checked")),
                ("off", gettext_lazy("Not encrypted")),
            ),
        ),
        Setting(
            "table", gettext_lazy("Table or view"),
            help=gettext_lazy("With its schema where it has one: school.grades"),
        ),
        Setting(
            "cursor", gettext_lazy("Column that only grows"),
            help=gettext_lazy("Time of the last change, or a number given in order."),
        ),
        Setting(
            "key", gettext_lazy("Key column"),
            help=gettext_lazy("Tells apart rows with the same value in the column that grows."),
        ),
        Setting(
            "lag", gettext_lazy("How far to go back"), "number", required=False,
            help=gettext_lazy("In seconds, or in numbers; rows that come late are seen. Else 300."),
        ),
        Setting("contract", gettext_lazy("Contract"), "mapping"),
    ),
    pull,
    help=gettext_lazy("Reads what is new in a table or view, by schedule, without writing to it."),
)  # fmt: skip
