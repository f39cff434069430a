"""Calendar days within a part, by which the large tables are made anew where only some changed.

Days are those of Asia/Shanghai. A table says which of its columns tells the day of a row: ``day``,
a date, or another one, an instant.
"""

from __future__ import annotations

import calendar
import itertools
import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

DAY = "day"
Days = frozenset[date]
FEW = 3
"""Of days that are told one by one instead of their part."""
MOST = 400
"""Of days that one commit names; one of more changed its parts as a whole."""


def of(values: pa.ChunkedArray | pa.Array) -> set[date]:
    """The days of some dates or instants; of null none.

    >>> of(pa.array([0], pa.timestamp("us", tz="UTC"))), of(pa.array([None], pa.date32()))
    ({datetime.date(1970, 1, 1)}, set())
    """
    if pa.types.is_timestamp(values.type):
        local = pc.local_timestamp(values.cast(pa.timestamp("us", tz=str(clock.LOCAL))))
        values = local.cast(pa.date32(), safe=False)
    return {day for day in pc.unique(values).to_pylist() if day is not None}


def local(value: date | datetime) -> date:
    """The day of a date or an instant."""
    return value.astimezone(clock.LOCAL).date() if isinstance(value, datetime) else value


def expression(column: str) -> str:
    """SQL of the day of a row."""
    return column if column == DAY else f"({column} at time zone 'Asia/Shanghai')::date"


def condition(column: str, days: Collection[date]) -> str:
    """SQL that is true for the rows of some days, as an engine can look it up in its files.

    >>> condition("day", [])
    'false'
    >>> condition("day", [date(2024, 3, 2)])
    "day in (date '2024-03-02')"
    >>> condition("event_at", [date(2024, 3, 2), date(2024, 3, 1)])[:50]
    "(event_at >= timestamptz '2024-02-29 16:00:00+00:0"
    >>> condition("event_at", [date.max])
    "(event_at >= timestamptz '9999-12-30 16:00:00+00:00')"
    """
    if not days:
        return "false"
    if column == DAY:
        named = (f"date '{day}'" for day in sorted(days))
        return f"day in ({', '.join(named)})"
    return " or ".join(f"({_between(column, *span)})" for span in spans(days))


def _between(column: str, first: date, last: date) -> str:
    """SQL of instants from a day to another. What lies beyond the calendar has no other bound."""
    bounds = []
    if first > date.min:
        bounds.append(f"{column} >= timestamptz '{clock.start_of(first)}'")
    if last < date.max:
        bounds.append(f"{column} < timestamptz '{clock.start_of(last + timedelta(days=1))}'")
    return " and ".join(bounds) or "true"


def spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days on end as first and last day.

    >>> spans([date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 5)])[1]
    (datetime.date(2024, 3, 5), datetime.date(2024, 3, 5))
    """
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and found[-1][1] + timedelta(days=1) == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def month(part: str) -> list[date]:
    """The days of a part.

    >>> len(month("2024-02"))
    29
    """
    year, number = (int(each) for each in part.split("-"))
    return [date(year, number, 1 + n) for n in range(calendar.monthrange(year, number)[1])]


def runs(part: str, count: int) -> list[Days]:
    """The days of a part in so many runs on end of nearly the same length.

    >>> [len(run) for run in runs("2024-02", 4)]
    [7, 7, 7, 8]
    """
    every = month(part)
    bounds = [len(every) * n // count for n in range(count + 1)]
    return [frozenset(every[low:high]) for low, high in itertools.pairwise(bounds)]


def shown(parts: Iterable[str], by_day: Mapping[str, Days]) -> str:
    """Parts for people, and in the place of some their days where these are few.

    >>> shown(["2024-03", "2024-04"], {"2024-03": frozenset({date(2024, 3, 5)})})
    '2024-03-05, 2024-04'
    """
    found = list[str]()
    for part in sorted(parts):
        on = by_day.get(part, ())
        found += sorted(map(str, on)) if 0 < len(on) <= FEW else [part]
    return ", ".join(found)


def written(changed: Mapping[str, Iterable[date]]) -> str:
    """Part → days, as a commit keeps them; "" where they are too many to name.

    >>> read(written({"2024-03": [date(2024, 3, 1)]}))
    {'2024-03': frozenset({datetime.date(2024, 3, 1)})}
    """
    named = {part: sorted(day.isoformat() for day in days) for part, days in changed.items()}
    return json.dumps(named) if sum(map(len, named.values())) <= MOST else ""


def read(text: str) -> dict[str, Days]:
    """What ``written`` wrote; nothing for ""."""
    named = json.loads(text) if text else {}
    return {part: frozenset(map(date.fromisoformat, days)) for part, days in named.items()}
