"""Snapshots followed by their changes: present state, history, what it costs, and deaths."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from tests.lake import worlds
from xueqiao.lake import folding, keeping, tables
from xueqiao.lake.sources import BIG, INSTANT, TEXT, Follow, Snapshot, as_table, columns

pytestmark = pytest.mark.embedded

SCHEMA = columns(person_id=BIG, name=TEXT, updated_at=INSTANT)
TABLE, CHANGES = "bronze.person", "bronze.person_change"
HOUR = timedelta(hours=1)


class People:
    """Rows in memory that are followed as a room's are; counts what it had to give."""

    def __init__(self):
        self.held, self.given, self.now = {}, 0, datetime(2026, 3, 2, 8, tzinfo=UTC)

    def put(self, number, name):
        self.held[number] = {"person_id": number, "name": name, "updated_at": self.now}

    def source(self, *, is_followed=True):
        follow = Follow(
            since=lambda at: self.give(
                row for row in self.held.values() if row["updated_at"] >= at
            ),
            among=lambda keys: self.give(self.held[key] for key in keys),
            keys=lambda: sorted(self.held),
            count=lambda: len(self.held),
            latest=lambda: max((row["updated_at"] for row in self.held.values()), default=None),
        )
        return Snapshot(
            TABLE, SCHEMA, lambda: self.give(self.held.values()), lambda: str(self.held),
            key="person_id", follow=follow if is_followed else None,
        )  # fmt: skip

    def give(self, rows):
        found = sorted(rows, key=lambda row: row["person_id"])
        self.given += len(found)
        return [as_table(SCHEMA, found)] if found else []

    def keep(self, root, *, is_followed=True):
        self.now += HOUR
        return keeping.keep(root, self.source(is_followed=is_followed), self.now)


def present(root):
    return {row["person_id"]: row["name"] for row in worlds.rows_of(root, TABLE)}


def history(root):
    found = worlds.rows_of(root, CHANGES)
    return sorted((row["sequence"], row["person_id"], row["name"], row["is_gone"]) for row in found)


@pytest.fixture
def people():
    people = People()
    for number, name in ((1, "一"), (2, "二"), (3, "三")):
        people.put(number, name)
    return people


def test_a_change_a_birth_and_a_death_are_kept_beside_the_present(tmp_path, people):
    people.keep(tmp_path)
    people.put(2, "贰")
    people.put(9, "九")
    del people.held[1]

    assert people.keep(tmp_path) == (2, 1)
    assert present(tmp_path) == {2: "贰", 3: "三", 9: "九"}
    assert history(tmp_path) == [
        (1, 1, "一", False), (1, 2, "二", False), (1, 3, "三", False),
        (2, 1, None, True), (2, 2, "贰", False), (2, 9, "九", False),
    ]  # fmt: skip
    assert people.keep(tmp_path) is None


def test_only_what_changed_is_asked_for(tmp_path, people):
    people.keep(tmp_path)
    people.put(1, "壹")
    people.keep(tmp_path)
    people.put(2, "贰")
    people.given = 0

    people.keep(tmp_path)
    # The changed row, and the one before it: it may have had company that committed late.
    assert people.given == 2


def test_a_row_that_came_without_telling_when_is_found_by_the_count(tmp_path, people):
    people.keep(tmp_path)
    people.now += 5 * HOUR
    people.put(3, "叁")
    people.keep(tmp_path)
    people.held[7] = {"person_id": 7, "name": "七", "updated_at": people.now - 6 * HOUR}

    assert people.keep(tmp_path) == (1, 0)
    assert present(tmp_path)[7] == "七"


def test_nothing_at_first_and_rows_later(tmp_path):
    people = People()
    assert people.keep(tmp_path) == (0, 0)
    assert present(tmp_path) == {}
    people.put(1, "一")
    assert people.keep(tmp_path) == (1, 0)
    del people.held[1]
    assert people.keep(tmp_path) == (0, 1)
    assert present(tmp_path) == {}


def test_killed_between_the_change_and_the_present_nothing_is_lost(tmp_path, people, monkeypatch):
    people.keep(tmp_path)
    people.put(2, "贰")
    with monkeypatch.context() as cut:
        cut.setattr(
            folding, "fold", lambda *_args, **_marks: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            people.keep(tmp_path)
    assert present(tmp_path)[2] == "二"

    assert people.keep(tmp_path) == (0, 0)
    assert present(tmp_path) == {1: "一", 2: "贰", 3: "三"}
    assert len(history(tmp_path)) == 4


def test_who_was_overtaken_writes_nothing_twice(tmp_path, people, monkeypatch):
    people.keep(tmp_path)
    people.put(2, "贰")
    asked = keeping.differences

    def slow(*facts):
        found = asked(*facts)
        monkeypatch.undo()
        assert people.keep(tmp_path) == (1, 0)
        return found

    monkeypatch.setattr(keeping, "differences", slow)
    with pytest.raises(tables.Overtaken):
        people.keep(tmp_path)
    people.keep(tmp_path)
    assert len(history(tmp_path)) == 4


def test_a_new_column_is_filled_for_the_rows_that_are_there(tmp_path, people):
    people.keep(tmp_path)
    wide = pa.schema([*SCHEMA, ("sex", pa.string())])
    rows = [{**row, "sex": "2"} for row in people.held.values()]
    wider = Snapshot(TABLE, wide, lambda: rows, lambda: "wider", key="person_id")

    assert keeping.keep(tmp_path, wider, people.now) == (3, 0)
    assert {row["sex"] for row in worlds.rows_of(tmp_path, TABLE)} == {"2"}
    assert len(worlds.rows_of(tmp_path, CHANGES)) == 6


@pytest.mark.parametrize("is_followed", [True, False])
def test_any_edits_leave_the_present_and_a_history_that_folds_to_it(tmp_path, is_followed):
    people, dice = People(), random.Random(7)
    source = people.source()
    for step in range(6):
        for number in dice.sample(range(40), 12):
            if number in people.held and dice.random() < 0.4:
                del people.held[number]
            else:
                people.put(number, f"{step}.{number}")
        people.keep(tmp_path, is_followed=is_followed)
    assert present(tmp_path) == {number: row["name"] for number, row in people.held.items()}
    shape = keeping.present_schema(source)
    folded = folding.folded(tables.Table(tmp_path, CHANGES), "person_id", shape)
    rows = pa.concat_tables(folded).sort_by("person_id").to_pylist()
    assert rows == worlds.rows_of(tmp_path, TABLE)
