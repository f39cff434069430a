"""A small lake from which a learner is erased, and what is compared afterwards."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.lake import worlds
from xueqiao.kernel.cursor import Position
from xueqiao.lake import build, engines, recipes, tables
from xueqiao.lake.distinct import making
from xueqiao.lake.erasure import carrying, holdings

WEI, LI = 1, 2
MEMORY = "500MB"
BLANK = ('{"actor": "nobody"}', 99)
UPTO = Position(0, 1)


def make_world():
    """Two learners in three months; Wei's statements have a text and a class of their own."""
    world = worlds.small()
    for person in (WEI, LI):
        world.add_person(person, birth_year=1950, home_id=40)
    for month in (3, 4, 5):
        for person, name in ((WEI, "wei"), (LI, "li")):
            at = datetime(2024, month, 10, person, tzinfo=UTC)
            world.add_statement(person, at, registration=f"class-of-{name}")
            world.statement[-1]["text"] = f'{{"actor": "{name}@school.example"}}'
    return world


def wei(world):
    return [row["statement_id"] for row in world.statement if row["actor_id"] == WEI]


def meaning(ids, blanked=(), parts=None):
    return holdings.Meant(frozenset(ids), dict.fromkeys(blanked, BLANK), parts and frozenset(parts))


def erase(root, ids, *, blanked=(), parts=None, upto=UPTO, again=()):
    with engines.opened(name="duckdb", memory=MEMORY, root=root) as engine:
        return carrying.carry_out(
            root=root, engine=engine, meant=meaning(ids, blanked, parts), upto=upto,
            memory=MEMORY, at=worlds.AT, again=again,
        )  # fmt: skip


def make(root):
    """Marts and bitmaps."""
    worlds.make(root)
    with engines.opened(name="duckdb", memory=MEMORY, root=root) as engine:
        making.refresh(root=root, engine=engine)


def logs_with(root, day):
    """The tables whose logs, or the history of whose builds, name a day."""
    found = {
        log.parent.parent.name
        for log in root.rglob("_delta_log/*.json")
        if day.isoformat() in log.read_text()
    }
    history = build.history.rows_of(root)
    return found | {row["table"] for row in history if day.isoformat() in (row["parts"] or "")}


def everything(root):
    """The rows of all that is made: a bitmap is equal where its learners are."""
    found, reading = {}, build.Reading(root)
    with engines.opened(name="duckdb", memory=MEMORY, root=root) as engine:
        for name in recipes.recipes():
            reading.attach(engine, name)
            found[name] = engine.sql(f"select * from {name} order by all").read_all().to_pylist()
    for name in making.TABLES:
        rows = tables.Table(root, name).opened().to_pyarrow_table().to_pylist()
        found[name] = sorted(rows, key=repr)
    return found
