"""The lake at sizes: a year of made-up events built into gold, one more day, one learner erased.

XUEQIAO_BENCH_EVENTS sets the sizes, as "10000000 50000000"; a year has 170 events a learner. Every
event is arithmetic of its number, so two runs make the same bytes. Each step is a process of its
own: its peak memory is that step's.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from tests.lake import worlds
from xueqiao.kernel.cursor import Position
from xueqiao.lake import build, engines, tables
from xueqiao.lake.distinct import making
from xueqiao.lake.erasure import carrying, holdings

SIZES = [int(each) for each in os.environ.get("XUEQIAO_BENCH_EVENTS", "1000000").split()]
MEMORY = os.environ.get("XUEQIAO_BENCH_MEMORY", "4GB")
EACH, DAY = 170, 550_000
DAYS = 364
"""Of the year before the last day, which comes alone."""
MONTHS = range(1, 13)
VERBS = (
    "http://adlnet.gov/expapi/verbs/experienced",
    "https://w3id.org/xapi/video/verbs/played",
    "https://w3id.org/xapi/video/verbs/paused",
    "http://adlnet.gov/expapi/verbs/answered",
    "http://adlnet.gov/expapi/verbs/completed",
)
ACTIVITIES = 20_000
SPREAD = 2654435761
"""Knuth's multiplier: numbers one after another fall everywhere in 32 bits."""
TEXT = """
    '{"id":"' || name || '","actor":{"objectType":"Agent","account":{"homePage":'
    || '"https://platform.example","name":"u' || actor || '"}},"verb":{"id":"' || verb
    || '","display":{"zh-CN":"学习"}},"object":{"objectType":"Activity","id":'
    || '"https://platform.example/units/' || activity || '","definition":{"name":{"zh-CN":"第'
    || activity || '单元"},"type":"http://adlnet.gov/expapi/activities/lesson"}},"result":{'
    || '"duration":"PT' || (5 + r % 1800) || 'S","completion":' || (r % 5 = 0)
    || ',"score":{"scaled":0.' || lpad((r % 100)::varchar, 2, '0') || '}},"context":{"platform":'
    || '"example","language":"zh-CN","registration":"' || class || '"},"timestamp":"'
    || strftime(local, '%Y-%m-%dT%H:%M:%S+08:00') || '","version":"1.0.3"}'
"""


def events(first: int, last: int, learners: int, local: str, voids: str = "null") -> str:
    """Rows of ``bronze.statement``: numbers from ``first`` on, before ``last``.

    Args:
        local: SQL of the local time of event n.
        voids: SQL of the statement that it declares void.
    """
    return f"""
        with drawn as (
            select n, (n * {SPREAD} % 4294967296)::bigint as r,
                   md5(n::varchar)::uuid::varchar as name, {local} as local
            from range({first}, {last}) t(n)
        ), named as (
            -- A few learners do much: the share is the square of an even draw.
            select *, 1 + floor({learners} * pow(r / 4294967296.0, 2))::bigint as actor,
                   1 + r // 7 % {ACTIVITIES} as activity, 1 + r // 11 % {len(VERBS)} as verb_id,
                   ({list(VERBS)})[1 + r // 11 % {len(VERBS)}] as verb
            from drawn
        ), classed as (select *, md5((actor // 40)::varchar)::uuid::varchar as class from named),
        said as (select *, {TEXT} as text from classed)
        select 0::bigint as xid, n as id, name as statement_id, actor as actor_id,
               verb_id::bigint as verb_id, activity::bigint as activity_id, class as registration,
               local at time zone 'Asia/Shanghai' as event_at,
               local at time zone 'Asia/Shanghai' + interval 1 minute as stored_at,
               1::bigint as source_id, 1 + n // 10000 as batch_id, ({voids})::varchar as voids,
               text,
               local at time zone 'Asia/Shanghai' + interval 2 minute as arrived_at,
               unhex(sha256(text)) as digest, strftime(local, '%Y-%m') as part
        from said
    """


def year(size: int) -> str:
    """SQL of the local time of event n: even over the year before its last day."""
    seconds = DAYS * 86_400
    return f"timestamp '2025-01-01' + to_seconds((n::hugeint * {seconds} // {size})::bigint)"


def people(learners: int) -> dict[str, str]:
    """The persons, their actors and what they learn from, as rows of bronze by table."""
    return {
        "bronze.person": f"""
            select 2 * n as learner_id, (1 + n % 2)::varchar as sex, (1930 + n % 80)::int as
                   birth_year, [40, 41, 42][1 + n % 3] as home_id, false as is_sample
            from range(1, {learners} + 1) t(n)
        """,
        "bronze.actor": f"""
            select n as actor_id, 2 * n as learner_id from range(1, {learners} + 1) t(n)
        """,
        "bronze.activity": f"""
            select n as activity_id, 'https://platform.example/units/' || n as iri
            from range(1, {ACTIVITIES} + 1) t(n)
        """,
    }


def shaped(table: tables.Table, engine, sql: str) -> pa.RecordBatchReader:
    """Rows in the columns that the table has; those that the query does not give are null."""
    schema = pa.schema(table.opened().schema().to_arrow())
    found = engine.sql(sql)

    def rows():
        for batch in found:
            known = {name: batch.column(name) for name in batch.schema.names}
            columns = [
                known[field.name].cast(field.type)
                if field.name in known
                else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, rows())


def fill(root: Path, size: int) -> dict:
    """Bronze of a year, a commit a month."""
    world = worlds.small()
    world.verb = [{"verb_id": n, "iri": iri, "counts": True} for n, iri in enumerate(VERBS, 1)]
    worlds.fill(root, world)
    learners, table = size // EACH, statements(root)
    with opened(root) as engine:
        come(root, engine, learners)
        first = 0
        for month in MONTHS:
            days = (f"date '2025-{month:02}-01' + interval 1 month", "date '2025-01-01'")
            until = engine.sql(f"select date_diff('second', {days[1]}, {days[0]}) as s").read_all()
            last = min(size, -(-until["s"][0].as_py() * size // (DAYS * 86_400)))
            rows = shaped(table, engine, events(first, last, learners, year(size)))
            table.commit(batches=rows, marks={"xid": 0, "row": last}, replace="nothing")
            first = last
    return {"bytes": size_of(table)}


def come(root: Path, engine, learners: int) -> None:
    """So many persons, their actors, and what they learn from."""
    for name, sql in people(learners).items():
        target = tables.Table(root, name)
        target.commit(batches=shaped(target, engine, sql), marks={}, replace="everything")


def add_day(root: Path, size: int) -> dict:
    """The last day of the year, of a large month that has 30 already; and who is new on it."""
    learners = size // EACH + size // EACH // DAYS
    local = f"timestamp '2025-12-31' + to_seconds(((n - {size}) * 86399 // {DAY})::bigint)"
    table = statements(root)
    with opened(root) as engine:
        come(root, engine, learners)
        rows = shaped(table, engine, events(size, size + DAY, learners, local))
        table.commit(batches=rows, marks={"xid": 0, "row": size + DAY}, replace="nothing")
    return {}


def take_back(root: Path, size: int) -> dict:
    """One statement of the last day that declares one of half a year ago void."""
    number, voids = size + DAY, f"md5('{size // 2}')::uuid"
    table = statements(root)
    with opened(root) as engine:
        local = "timestamp '2025-12-31 12:00'"
        rows = shaped(table, engine, events(number, number + 1, size // EACH, local, voids))
        table.commit(batches=rows, marks={"xid": 0, "row": number + 1}, replace="nothing")
    return {}


def make(root: Path, size: int) -> dict:
    """Silver, gold and bitmaps."""
    del size
    with opened(root) as engine:
        outcome = build.run(root=root, engine=engine, at=worlds.AT)
        outcome.refuse_failures()
        done = outcome.built + making.refresh(root=root, engine=engine, told=outcome.told)
    slow = sorted(((each.milliseconds, each.table) for each in done), reverse=True)[:5]
    return {"slow": slow, "bytes": sum(each.stat().st_size for each in root.rglob("*.parquet"))}


def scan(root: Path, size: int) -> dict:
    """Every column of bronze read once by the same engine: what no build can be faster than."""
    del size
    files = holdings.listed(statements(root).opened().file_uris())
    with opened(root) as engine:
        engine.sql(
            "select count(*), sum(length(text)), count(distinct actor_id), max(event_at), "
            f"max(statement_id), max(registration) from read_parquet({files})"
        ).read_all()
    return {}


def erase(root: Path, size: int) -> dict:
    """Whoever did about as much as most: every statement, on every floor and in its history."""
    who = size // EACH // 2
    files = holdings.listed(statements(root).opened().file_uris())
    with opened(root) as engine:
        query = f"select statement_id, part from read_parquet({files}) where actor_id = {who}"
        found = engine.sql(query).read_all()
        meant = holdings.Meant(
            frozenset(found["statement_id"].to_pylist()), parts=frozenset(found["part"].to_pylist())
        )
        carrying.carry_out(
            root=root, engine=engine, meant=meant, upto=Position(0, 1), memory=MEMORY, at=worlds.AT
        )
    return {"statements": found.num_rows}


def statements(root: Path) -> tables.Table:
    return tables.Table(root, "bronze.statement", is_parted=True, days="event_at")


def opened(root: Path):
    return engines.opened(name="duckdb", memory=MEMORY, root=root)


def size_of(table: tables.Table) -> int:
    return sum(each.stat().st_size for each in table.path.rglob("*.parquet"))


STEPS = {each.__name__: each for each in (fill, make, scan, add_day, take_back, erase)}


def step(name: str, root: str, size: str) -> None:
    """One step in this process; prints what it took as JSON."""
    begun, idle = time.perf_counter(), work()
    facts = STEPS[name](Path(root), int(size))
    seconds, cpu = time.perf_counter() - begun, work() - idle
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print("\n" + json.dumps({**facts, "seconds": seconds, "cpu": cpu, "peak": peak}))


def work() -> float:
    """Seconds that this process has used of all cores."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def done(name: str, root: str, size: int) -> dict:
    """One step in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "bench.lake_scale", name, root, str(size)],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    found = json.loads(ended.stdout.strip().splitlines()[-1])
    print(f"{size:,} events, {name}: {found}", file=sys.stderr)
    return found


def measured(size: int, root: str) -> list[dict]:
    filled, made = done("fill", root, size), done("make", root, size)
    read, again = done("scan", root, size), done("make", root, size)
    done("add_day", root, size)
    day = done("make", root, size)
    done("take_back", root, size)
    back, gone = done("make", root, size), done("erase", root, size)
    facts = [
        ("made up and written into bronze", size / filled["seconds"], "events/s"),
        ("bronze", filled["bytes"] / size, "bytes/event"),
        ("all floors", made["bytes"] / size, "bytes/event"),
        ("silver, gold and bitmaps built", size / made["seconds"], "events/s"),
        ("that build", made["seconds"], "s"),
        ("that build, work of all cores", made["cpu"], "s"),
        ("that build, peak memory", made["peak"], "MiB"),
        ("bronze read once", read["seconds"], "s"),
        ("work of the build, times that of a reading", made["cpu"] / read["cpu"], "×"),
        ("build with nothing new", again["seconds"], "s"),
        (f"build of a new day of {DAY:,}", day["seconds"], "s"),
        ("build of a new day, work of all cores", day["cpu"], "s"),
        ("build of a new day, peak memory", day["peak"], "MiB"),
        ("build after a statement of half a year ago was taken back", back["seconds"], "s"),
        (f"one learner of {gone['statements']} events erased", gone["seconds"], "s"),
        ("that erasure, work of all cores", gone["cpu"], "s"),
    ]
    return [
        {"what": f"{size:,}: {what}", "value": value, "unit": unit} for what, value, unit in facts
    ]


def run() -> list[dict]:
    found = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as root:
            found += measured(size, root)
    return found


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
    django.setup()
    step(*sys.argv[1:])
