"""Distinct persons of a province: bitmaps made, a day added, and questions at all five levels.

The marts are made up by DuckDB in the shape of a province: 1 × 13 × 104 × 1,500 × 23,400 places in
one register, learners spread over the villages, each there on some days of each month.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

from xueqiao.lake import build, engines, tables
from xueqiao.lake.distinct import counts, making

LEARNERS = 1_000_000
MONTHS = 12
ACTIVE = int(os.environ.get("XUEQIAO_BENCH_EVENTS", "6000000")) // MONTHS // 5
SIZES = (1, 13, 104, 1_500, 23_400)
COUNTY = 3
REGISTER, EVERY = "nbs", {f"2024-{month:02}" for month in range(1, MONTHS + 1)}
PLACES = " union all ".join(
    f"select {level} as level, {level} * 100000 + n as place_id, n from range({size}) t(n)"
    for level, size in enumerate(SIZES, 1)
)
MARTS = {
    "register": f"select '{REGISTER}' as register, date '2024-12-31' as as_of, 5 as deepest_level",
    "place": f"select '{REGISTER}' as register, place_id, level::int as level from ({PLACES})",
    # The place above number n of a level: as many parts of its level come before it.
    "closure": f"""
        with places as ({PLACES}), sizes as (
            select level, count(*) as size from places group by level
        )
        select '{REGISTER}' as register, low.place_id as descendant_id,
               up.place_id as ancestor_id, (low.level - up.level)::int as depth,
               false as is_carried
        from places low join sizes s on s.level = low.level
        join sizes t on t.level <= low.level
        join places up on up.level = t.level and up.n = low.n * t.size // s.size
    """,
    "learner_place": f"""
        select 2 * n as learner_id, '{REGISTER}' as register,
               500000 + n * 7919 % {SIZES[-1]} as place_id
        from range(1, {LEARNERS} + 1) t(n)
    """,
    "learner": f"""
        select 2 * n as learner_id, (1930 + n % 80)::int as birth_year, (n % 2 + 1)::varchar as sex
        from range(1, {LEARNERS} + 1) t(n)
    """,
}


def presence(month: str, days: int = 28, share: int = 5) -> str:
    """Each active learner of a month on five days of its first ``days``."""
    return f"""
        select distinct 'active' as kind, 2 * (1 + n * 104729 % {LEARNERS}) as learner_id,
               date '{month}-01' + ((n * 31 + k * 7 + n // 1000) % {days})::int as day,
               '{month}' as part
        from range({ACTIVE}) t(n), range({share}) u(k)
    """


def fill(root: Path, engine, months: set[str], days: int = 28) -> None:
    sql = " union all ".join(f"({presence(month, days)})" for month in sorted(months))
    tables.Table(root, "marts.presence", is_parted=True).commit(
        batches=engine.sql(sql), marks={}, replace=sorted(months) if days > 28 else "everything"
    )


def timed(call) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def slowest(calls) -> float:
    """Milliseconds below which 95 of 100 calls stay."""
    times = [timed(call) * 1000 for call in calls]
    return statistics.quantiles(times, n=20)[-1]


def run() -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with engines.opened(name="duckdb", memory="1GB", root=root) as engine:
            for name, sql in MARTS.items():
                tables.Table(root, f"marts.{name}").commit(
                    batches=engine.sql(sql), marks={}, replace="everything"
                )
            fill(root, engine, EVERY)
            whole = timed(lambda: making.refresh(root=root, engine=engine))
            fill(root, engine, {"2024-12"}, days=29)
            day = timed(lambda: making.refresh(root=root, engine=engine))
            size = sum(each.stat().st_size for each in root.glob("distinct/**/*.parquet"))
            return [*made(whole, day, size), *questions(root), recount(root, engine)]


def made(whole: float, day: float, size: int) -> list[dict]:
    rows = ACTIVE * 5 * MONTHS
    return [
        {
            "what": f"bitmaps of {rows:,} person-days, {LEARNERS:,} learners",
            "value": whole,
            "unit": "s",
        },
        {"what": "the same after one new day", "value": day, "unit": "s"},
        {"what": "bytes of all bitmaps a person-day", "value": size / rows, "unit": "B"},
    ]


def questions(root: Path) -> list[dict]:
    """A month of one place and of all places of each level; one county in any 100 days."""
    asked = {"root": root, "register": REGISTER}
    months = [counts.Period.month(2024, month) for month in range(1, MONTHS + 1)]
    # The first question of a process also loads the libraries.
    counts.persons(**asked, place_id=100_000, period=months[0])
    rows = []
    for level, size in enumerate(SIZES, 1):
        place = level * 100_000 + size // 2
        one = [partial(counts.persons, **asked, place_id=place, period=each) for each in months]
        every = [
            partial(counts.persons_below, **asked, level=level, period=each) for each in months
        ]
        what = f"distinct persons of a month: a place of level {level}, p95"
        rows.append({"what": what, "value": slowest(one), "unit": "ms", "limit": "150"})
        what = f"distinct persons of a month: all {size:,} places of level {level}, p95"
        rows.append({"what": what, "value": slowest(every), "unit": "ms"})
    spans = [counts.Period(date(2024, 1, 5 + n), date(2024, 4, 10 + n)) for n in range(MONTHS)]
    county = [partial(counts.persons, **asked, place_id=300_042, period=each) for each in spans]
    what = "distinct persons of some 97 days: one county, p95"
    return [*rows, {"what": what, "value": slowest(county), "unit": "ms", "limit": "150"}]


def recount(root: Path, engine) -> dict:
    """The same question to the marts, and the same answer."""
    reading = build.Reading(root)
    for name in ("presence", "learner_place", "closure", "place"):
        reading.attach(engine, name, parts=["2024-03"] if name == "presence" else None)
    query = f"""
        select ancestor_id, count(distinct learner_id) as n
        from presence join learner_place home using (learner_id)
        join closure on closure.register = home.register and descendant_id = home.place_id
        join place on place.place_id = ancestor_id and place.level = {COUNTY}
        group by ancestor_id
    """
    begun = time.perf_counter()
    rows = engine.sql(query).read_all()
    took = time.perf_counter() - begun
    found = dict(zip(rows["ancestor_id"].to_pylist(), rows["n"].to_pylist(), strict=True))
    month = counts.Period.month(2024, 3)
    asked = counts.persons_below(root=root, register=REGISTER, level=COUNTY, period=month)
    assert asked == found, "bitmaps and recount disagree"
    return {
        "what": "a month of all counties recounted from the marts",
        "value": took * 1000,
        "unit": "ms",
    }
