"""Small files laid together: the same rows, nobody disturbed, nothing built again."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from tests.lake import erasing, worlds
from xueqiao.lake import compaction, engines, extract, tables
from xueqiao.lake.erasure import holdings, purge, removal

pytestmark = pytest.mark.embedded
LOG = "bronze.statement"


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "BATCH", 2)
    world = worlds.small()
    for person in (1, 2, 3):
        world.add_person(person, birth_year=1950, home_id=40)
    for number in range(10):
        world.add_statement(1 + number % 3, datetime(2024, 3 + number // 8, 1 + number, tzinfo=UTC))
    worlds.fill(tmp_path, world)
    return tmp_path, world


def compact(root):
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        return compaction.compact(root=root, engine=engine)


def test_rows_stay_and_no_build_is_stale(lake):
    root, world = lake
    worlds.make(root)
    before, table = worlds.rows_of(root, LOG), tables.Table(root, LOG, is_parted=True)
    version, earlier = table.version(), DeltaTable(table.path)
    events = tables.Table(root, "stage.event").version()

    assert compact(root) == [compaction.Compacted(LOG, "2024-03", 4, 1)]
    assert worlds.rows_of(root, LOG) == before
    assert table.changes_since(version) == {}
    actors = earlier.to_pyarrow_table()["actor_id"].to_pylist()
    assert len(actors) == 10
    # A build reads some days of a month: rows of a day lie together, and in it those of an actor.
    name = next(name for name in table.file_names() if "2024-03" in name)
    laid = pq.read_table(table.path / name).to_pylist()
    order = [(row["event_at"].date(), row["actor_id"], row["id"]) for row in laid]
    assert len(order) == 8
    assert order == sorted(order)
    assert compact(root) == []
    world.add_statement(2, datetime(2024, 3, 9, tzinfo=UTC))
    worlds.fill(root, world)
    assert len(worlds.rows_of(root, LOG)) == 11

    made = {each.table: each.parts for each in worlds.make(root)}
    assert made["stage.event"] == ["2024-03"]
    assert tables.Table(root, "stage.event").version() == events + 1


def test_old_files_go_after_their_time_and_those_of_killed_writers(lake):
    root, _world = lake
    before = worlds.rows_of(root, LOG)
    compact(root)
    folder = tables.Table(root, LOG).path
    (folder / "part=2024-03" / "left.parquet").write_bytes(b"half")
    assert compaction.sweep(root=root) == 0

    assert compaction.sweep(root=root, keep_hours=0) >= 5
    assert worlds.rows_of(root, LOG) == before
    assert len(list(folder.rglob("*.parquet"))) == len(tables.Table(root, LOG).file_names())


def test_rows_erased_while_files_are_laid_together_do_not_come_back(lake, monkeypatch):
    root, world = lake
    small, gone = compaction.small, world.statement[0]["statement_id"]

    def meanwhile(table):
        found, meant = small(table), erasing.meaning([gone])
        if table.name == LOG:
            with holdings.searching(root=root, memory="500MB", meant=meant) as search:
                removal.remove(root=root, engine=search)
        return found

    monkeypatch.setattr(compaction, "small", meanwhile)
    with pytest.raises(tables.Overtaken):
        compact(root)

    assert [row["id"] for row in worlds.rows_of(root, LOG)] == list(range(2, 11))


def test_files_that_a_compaction_has_not_committed_yet_are_not_purged(lake):
    root, _world = lake
    with tables.locked(root, "compact"), pytest.raises(tables.LakeBusy):
        purge.purge(root=root)
