"""Erasure: what goes is gone from every file, what stays is as if the rest had never come."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from tests.lake import scan, worlds
from tests.lake.erasing import (
    LI,
    MEMORY,
    WEI,
    erase,
    everything,
    logs_with,
    make,
    make_world,
    meaning,
    wei,
)
from xueqiao.kernel.cursor import Position
from xueqiao.lake import build, commits, contracts, storage, tables
from xueqiao.lake.erasure import carrying, holdings, purge, removal

pytestmark = pytest.mark.embedded


def removed_from(world, ids):
    """The world as it is below the lake when the statements have gone there: numbers stay."""
    numbered = [{"id": n, **row} for n, row in enumerate(world.statement, 1)]
    world.statement = [row for row in numbered if row["statement_id"] not in ids]
    return world


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("built")
    worlds.fill(root, make_world())
    make(root)
    return root


@pytest.fixture
def lake(tmp_path, built):
    """A lake of its own for each test: the same files, copied."""
    return shutil.copytree(built, tmp_path / "lake"), make_world()


def test_no_file_of_the_lake_holds_anything_of_who_was_erased(lake, tmp_path_factory):
    root, world = lake
    ids, marks = wei(world), ["wei@school.example", "class-of-wei", *wei(world)]
    before = scan.files_with(root, *marks)
    assert {name.split("/")[0] for name in before} >= {"bronze", "stage"}

    done = erase(root, ids)

    assert scan.files_with(root, *marks) == set()
    assert len(scan.files_with(root, "li@school.example")) == 3
    assert [(each.table, each.part, each.rows) for each in done.taken] == [
        ("bronze.statement", f"2024-0{month}", 1) for month in (3, 4, 5)
    ]
    assert done.purged.files > 0

    # What stays is what a lake holds to which they never came, and a second run changes nothing.
    other = tmp_path_factory.mktemp("other")
    worlds.fill(other, removed_from(make_world(), ids))
    make(other)
    assert everything(root) == everything(other)
    assert [row["id"] for row in worlds.rows_of(root, "bronze.statement")] == [2, 4, 6]
    again = erase(root, ids, upto=Position(0, 2))
    assert (again.taken, again.built, again.purged.files) == ([], [], 0)
    assert carrying.position(root=root) == Position(0, 2)


def test_only_the_parts_with_the_statements_are_made_anew(lake):
    root, world = lake

    done = erase(root, wei(world)[1:2])

    parts = {each.table: each.parts for each in done.built}
    assert parts["stage.event"] == parts["learner_day"] == ["2024-04"]
    # Of these the day, which no log says.
    changed = {each.table: each.changed for each in done.built}
    assert changed["stage.event"] == {"2024-04": frozenset({date(2024, 4, 10)})}
    for name in ("bronze.statement", "stage.event", "marts.learner_day"):
        table = tables.Table(root, name, is_parted=True)
        assert commits.changes_of(table, table.version()) == {"2024-04": None}
    assert worlds.make(root) == []


@pytest.mark.parametrize("is_built_between", [False, True])
def test_no_log_names_the_days_of_who_was_erased(lake, is_built_between):
    """Also where a build has seen that an actor stands for nobody any more before the erasure."""
    root, world = lake
    day = date(2024, 3, 12)
    world.add_statement(WEI, datetime(2024, 3, 12, 3, tzinfo=UTC))
    worlds.fill(root, world)
    make(root)
    assert "statement" in logs_with(root, day), "of what came together a log names the days"
    kept = logs_with(root, day)
    if is_built_between:
        world.actor = [row for row in world.actor if row["actor_id"] != WEI]
        worlds.fill(root, world)
        make(root)
        assert logs_with(root, day) == kept
    erase(root, wei(world))
    assert logs_with(root, day) == kept


def test_what_was_killed_between_removal_and_build_is_finished_by_the_next_run(lake):
    root, world = lake
    with holdings.searching(root=root, memory=MEMORY, meant=meaning(wei(world))) as search:
        assert len(removal.remove(root=root, engine=search)) == 3
    assert carrying.position(root=root) == Position()
    assert scan.files_with(root, "wei@school.example")

    erase(root, wei(world))

    assert scan.files_with(root, "wei@school.example", *wei(world)) == set()


def test_a_killed_writer_leaves_no_file_behind(lake, monkeypatch):
    root, world = lake
    table = tables.Table(root, "bronze.statement", is_parted=True)
    left = table.path / "part=2024-03" / "00ff.parquet"
    batch = pa.RecordBatch.from_pylist([{"text": "wei@school.example"}])
    pa.parquet.write_table(pa.Table.from_batches([batch]), left)
    assert left.name in {name.split("/")[-1] for name in scan.files_with(root, "wei@school")}

    monkeypatch.setattr(storage.Disk, "remove", lambda _self, names: list(names))
    with pytest.raises(purge.FileStays) as refused:
        erase(root, wei(world))
    assert str(root) in refused.value.text
    monkeypatch.undo()
    erase(root, wei(world))

    assert not left.exists()


def test_who_has_read_rows_before_they_were_erased_cannot_write_them_after(lake):
    root, world = lake
    world.add_statement(WEI, datetime(2024, 5, 20, tzinfo=UTC))
    late = world.statement[-1]["statement_id"]
    table = tables.Table(root, "bronze.statement", is_parted=True)

    row = world.log("statement").after(Position(0, 6), 10)
    columns = table.opened().schema().to_arrow()
    batch = pa.RecordBatch.from_pylist(
        [row[0] | {"arrived_at": worlds.AT, "digest": b"", "part": "2024-05"}], pa.schema(columns)
    )

    def slowly():
        """Between reading and committing, the statement is erased below and in the lake."""
        yield batch
        erase_in_other_process(root, wei(world))

    with pytest.raises(tables.Overtaken):
        table.commit(
            batches=pa.RecordBatchReader.from_batches(batch.schema, slowly()),
            marks={"xid": 0, "row": 7}, replace="nothing", expect=table.version(),
        )  # fmt: skip
    assert scan.files_with(root, late) == set()


def erase_in_other_process(root, ids):
    """As another machine does it, which the locks of this one do not hold up."""
    with holdings.searching(root=root, memory=MEMORY, meant=meaning(ids)) as search:
        removal.remove(root=root, engine=search)


def test_an_extraction_at_work_is_waited_for(lake):
    root, world = lake
    with tables.locked(root, "extract"), pytest.raises(tables.LakeBusy):
        erase(root, wei(world))
    assert carrying.position(root=root) == Position()


def test_the_dry_run_says_what_would_go_and_changes_nothing(lake):
    root, world = lake
    before = everything(root)

    found = carrying.dry_run(
        root=root, meant=meaning(wei(world)[:2], parts={"2024-03"}), memory=MEMORY
    )

    held = {(each.table, each.part, each.rows) for each in found}
    assert {("bronze.statement", "2024-03", 1), ("stage.event", "2024-03", 1)} <= held
    assert {(part, rows) for _table, part, rows in held} == {("2024-03", 1)}
    assert everything(root) == before


def test_a_voiding_that_is_blanked_goes_on_voiding_and_names_nobody(lake):
    root, world = lake
    voiding = world.add_statement(
        WEI, datetime(2024, 6, 1, tzinfo=UTC), voids=world.statement[1]["statement_id"],
        registration="class-of-wei",
    )  # fmt: skip
    world.statement[-1]["text"] = '{"actor": "wei@school.example"}'
    worlds.fill(root, world)
    worlds.make(root)
    valid = [row for row in worlds.rows_of(root, "learner_day") if row["learner_id"] == 2 * LI]
    assert [row["day"].month for row in valid] == [4, 5]

    done = erase(root, wei(world)[:3], blanked=[voiding])

    assert scan.files_with(root, "wei@school.example", "class-of-wei") == set()
    assert [row["day"].month for row in worlds.rows_of(root, "learner_day")] == [4, 5]
    assert sum(each.rows for each in done.taken) == 4
    assert erase(root, wei(world)[:3], blanked=[voiding]).taken == []


def test_who_stands_for_nobody_any_more_is_unlinked_in_every_version(lake):
    root, world = lake
    world.is_keyed = True
    worlds.fill(root, world)
    world.actor[0]["learner_id"] = 777
    actors = next(each for each in world.sources() if each.table == "bronze.actor")

    erase(root, wei(world), again=[actors])

    assert {row["learner_id"] for row in worlds.rows_of(root, "bronze.actor")} == {4, 777}
    changes = tables.Table(root, "bronze.actor_change").opened().to_pyarrow_table()
    assert sorted(changes["learner_id"].to_pylist()) == [4, 777]
    table = tables.Table(root, "bronze.actor")
    on_disk = {each.name for each in (root / "bronze/actor").glob("*.parquet")}
    assert on_disk == set(table.file_names())
    assert not commits.is_whole(table, table.opened(1))
    world.actor[1]["learner_id"] = 778
    worlds.fill(root, world)
    assert {row["learner_id"] for row in worlds.rows_of(root, "bronze.actor")} == {777, 778}


def test_a_stopped_table_is_served_on_after_an_erasure(lake):
    root, world = lake
    world.person[0]["sex"] = "7"
    worlds.fill(root, world)

    erase(root, wei(world))

    assert contracts.pins(root).keys() == {"bronze.person"}
    assert worlds.make(root) == []
    assert len(worlds.rows_of(root, "learner")) == 2


def test_where_a_contract_keeps_all_from_being_made_the_statements_go_all_the_same(lake):
    root, world = lake
    world.person[0]["sex"] = "7"
    worlds.fill(root, world)
    purge.purge(root=root)

    with pytest.raises(build.Incomplete):
        erase(root, wei(world))

    assert scan.files_with(root, "wei@school.example", *wei(world)) == set()
    assert carrying.position(root=root) == Position()
