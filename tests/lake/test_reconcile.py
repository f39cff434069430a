"""Lost and doubled: batches against their rows, lost files, and bringing back what they held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.lake import worlds
from xueqiao.lake import extract, mending, reconcile, tables
from xueqiao.records import exports as records

HOUR = timedelta(hours=1)


@pytest.fixture
def world():
    world = worlds.small()
    world.is_keyed = True
    for person in (1, 2, 3):
        world.add_person(person, birth_year=1950, home_id=40)
    for month in (3, 3, 4, 5):
        world.add_statement(1, datetime(2024, month, 2, tzinfo=UTC))
    world.batch.append(
        {
            "batch_id": 1, "source_id": 1, "received_at": worlds.AT, "received": 6, "accepted": 4,
            "duplicate": 1, "quarantined": 1,
        }
    )  # fmt: skip
    return world


def log(root):
    rows = worlds.rows_of(root, "bronze.statement")
    return [(row["id"], row["statement_id"], row["text"], row["part"]) for row in rows]


def lose(root, name, beginning=""):
    table = tables.Table(root, name)
    gone = [file for file in table.file_names() if file.startswith(beginning)]
    for file in gone:
        (table.path / file).unlink()
    return gone


@pytest.mark.embedded
def test_a_batch_is_judged_when_all_of_it_can_have_come(tmp_path, world):
    worlds.fill(tmp_path, world)
    assert reconcile.follow(root=tmp_path, at=worlds.AT) == []
    (found,) = reconcile.follow(root=tmp_path, at=worlds.AT + HOUR)
    assert (found.received, found.accepted, found.stored, found.rows) == (6, 4, 4, 4)
    assert found.is_balanced
    assert reconcile.follow(root=tmp_path, at=worlds.AT + 2 * HOUR) == []
    assert reconcile.causes(tmp_path) == {}


@pytest.mark.embedded
def test_many_batches_are_judged_a_portion_at_a_time(tmp_path, world, monkeypatch):
    monkeypatch.setattr(reconcile, "PORTION", 2)
    for number in (2, 3):
        world.batch.append(world.batch[0] | {"batch_id": number, "received": 2, "accepted": 0})
    worlds.fill(tmp_path, world)
    found = reconcile.follow(root=tmp_path, at=worlds.AT + HOUR)
    assert [(each.batch_id, each.rows, each.is_balanced) for each in found] == [
        (1, 4, True), (2, 0, True), (3, 0, True),
    ]  # fmt: skip
    assert reconcile.follow(root=tmp_path, at=worlds.AT + 2 * HOUR) == []


@pytest.mark.embedded
@pytest.mark.parametrize("stored", [4, 3])
def test_rows_that_are_missing_are_a_cause_unless_the_log_lacks_them_too(
    tmp_path, world, monkeypatch, stored
):
    del world.statement[-1]
    worlds.fill(tmp_path, world)
    monkeypatch.setattr(
        records, "rows_of_batches", lambda batches, since: dict.fromkeys(batches, stored)
    )

    apart = reconcile.check(root=tmp_path, at=worlds.AT + HOUR)
    assert [(each.stored, each.rows) for each in apart] == [(4, 3)] * (stored == 4)
    assert list(reconcile.causes(tmp_path)) == [("batch", "1")] * (stored == 4)


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("bronze.statement", "part=2024-03"),
        ("bronze.statement", ""),
        ("bronze.person", ""),
        ("bronze.person_change", ""),
        ("bronze.listing", ""),
    ],
)
def test_what_a_lost_file_held_is_brought_back_and_nothing_else(tmp_path, world, name, beginning):
    worlds.fill(tmp_path, world)
    before, people = log(tmp_path), worlds.rows_of(tmp_path, "bronze.person")
    listed = worlds.rows_of(tmp_path, "bronze.listing")
    gone = lose(tmp_path, name, beginning)
    assert mending.lost(tmp_path) == {name: gone}

    done = mending.mend(root=tmp_path, of=world.sources(), at=worlds.AT)
    assert list(done) == [name.removesuffix("_change")]
    assert mending.lost(tmp_path) == {}
    assert log(tmp_path) == before
    assert worlds.rows_of(tmp_path, "bronze.person") == people
    assert worlds.rows_of(tmp_path, "bronze.listing") == listed
    assert len(worlds.rows_of(tmp_path, "bronze.person_change")) >= 3
    assert {each.rows for each in worlds.fill(tmp_path, world)} <= {None, 0}


@pytest.mark.embedded
def test_rows_that_come_while_a_log_is_mended_are_not_doubled(tmp_path, world, monkeypatch):
    name = "bronze.statement"
    worlds.fill(tmp_path, world)
    lose(tmp_path, name, "part=2024-03")
    listed, coming = tables.Table.file_names, [datetime(2024, 3, 9, tzinfo=UTC)]

    def meanwhile(table, opened=None):
        """Another machine extracts between the two looks at the table."""
        found = listed(table, opened)
        if table.name == name and coming:
            world.add_statement(1, coming.pop())
            extract.follow(tmp_path, world.log("statement"), worlds.AT, lambda *_facts: None)
        return found

    monkeypatch.setattr(tables.Table, "file_names", meanwhile)
    with pytest.raises(tables.Overtaken):
        mending.mend(root=tmp_path, of=[world.log("statement")], at=worlds.AT)
    mending.mend(root=tmp_path, of=[world.log("statement")], at=worlds.AT)
    assert [row[0] for row in sorted(log(tmp_path))] == [1, 2, 3, 4, 5]


@pytest.mark.embedded
def test_a_built_table_that_lost_a_file_is_made_again(tmp_path, world):
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    rows = worlds.rows_of(tmp_path, "stage.event")
    lose(tmp_path, "stage.event", "part=2024-03")

    assert mending.drop_made(root=tmp_path, names=mending.lost(tmp_path)) == ["stage.event"]
    worlds.make(tmp_path)
    assert worlds.rows_of(tmp_path, "stage.event") == rows


@pytest.mark.django_db
def test_the_command_says_what_is_lost_and_brings_it_back(tmp_path, settings, capsys):
    settings.LAKE = tmp_path
    call_command("extract")
    assert not reconcile.causes(tmp_path)
    lose(tmp_path, "bronze.code")
    with pytest.raises(CommandError):
        call_command("check_lake")
    call_command("check_lake", "--mend")
    call_command("check_lake")
    assert mending.lost(tmp_path) == {}
    assert "bronze.code" in capsys.readouterr().out
