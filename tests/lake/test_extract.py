"""Extraction: nothing lost, nothing doubled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.lake import worlds
from xueqiao.lake import extract, tables


def months(root):
    return [(row["id"], row["part"]) for row in worlds.rows_of(root, "bronze.statement")]


@pytest.fixture
def world():
    world = worlds.small()
    world.is_keyed = True
    world.add_person(1, birth_year=1950, home_id=40)
    for day in range(1, 6):
        world.add_statement(1, datetime(2024, 3, day, tzinfo=UTC))
    return world


def test_a_second_extraction_copies_nothing(tmp_path, world):
    first = worlds.fill(tmp_path, world)
    second = worlds.fill(tmp_path, world)

    assert {each.table: each.rows for each in first}["bronze.statement"] == 5
    assert {each.rows for each in second} == {None}
    assert months(tmp_path) == [(n, "2024-03") for n in range(1, 6)]


def test_only_what_is_new_is_appended_and_arrival_is_kept(tmp_path, world):
    worlds.fill(tmp_path, world)
    world.add_statement(1, datetime(2024, 3, 31, 16, tzinfo=UTC))
    worlds.fill(tmp_path, world)

    assert months(tmp_path)[-1] == (6, "2024-04")
    rows = worlds.rows_of(tmp_path, "bronze.statement")
    assert {row["arrived_at"] for row in rows} == {worlds.AT}
    assert len(rows) == 6


def test_batches_end_anywhere(tmp_path, world, monkeypatch):
    monkeypatch.setattr(extract, "BATCH", 2)
    told = []
    extract.extract(
        root=tmp_path, of=world.sources(), at=worlds.AT, progress=lambda *facts: told.append(facts)
    )
    assert [n for n, _part in months(tmp_path)] == [1, 2, 3, 4, 5]
    assert [facts for facts in told if facts[0] == "bronze.statement"] == [
        ("bronze.statement", 2, 5), ("bronze.statement", 4, 5), ("bronze.statement", 5, 5)
    ]  # fmt: skip


def test_an_extractor_that_is_overtaken_reads_on(tmp_path, world, monkeypatch):
    """Two machines without a common lock: the commit itself keeps them apart."""
    monkeypatch.setattr(extract, "BATCH", 2)
    source = world.log("statement")
    begun = []

    def after(position, limit):
        rows = source.after(position, limit)
        if not begun:
            begun.append(True)
            extract.follow(tmp_path, source, worlds.AT, lambda *_facts: None)
        return rows

    slow = replace(source, after=after)
    extract.follow(tmp_path, slow, worlds.AT, lambda *_facts: None)
    worlds.fill(tmp_path, world)
    assert [n for n, _part in months(tmp_path)] == [1, 2, 3, 4, 5]


def test_a_second_extractor_on_the_machine_is_refused(tmp_path, world):
    with tables.locked(tmp_path, "extract"), pytest.raises(tables.LakeBusy):
        worlds.fill(tmp_path, world)


def test_a_changed_row_of_a_small_table_is_copied(tmp_path, world):
    worlds.fill(tmp_path, world)
    world.person[0]["home_id"] = 41
    done = {each.table: each.rows for each in worlds.fill(tmp_path, world)}
    assert {table for table, rows in done.items() if rows is not None} == {"bronze.person"}
    assert [row["home_id"] for row in worlds.rows_of(tmp_path, "bronze.person")] == [41]
