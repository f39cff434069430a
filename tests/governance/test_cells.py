"""Counts of persons: small cells are left out, and none can be found by subtracting."""

from __future__ import annotations

import duckdb
import pytest

from xueqiao.lake.sandbox import cells

pytestmark = pytest.mark.embedded
SIZES = {
    ("a", "x"): 30, ("a", "y"): 4, ("a", "z"): 12,
    ("b", "x"): 20, ("b", "y"): 25, ("b", "z"): 40,
    ("c", "x"): 50, ("c", "y"): 35, ("c", "z"): 45,
}  # fmt: skip


@pytest.fixture
def connection():
    with duckdb.connect() as own:
        own.execute("create table seen (learner_id bigint, town text, kind text, hours bigint)")
        number, made = 0, []
        for (town, kind), size in SIZES.items():
            for _each in range(size):
                number += 1
                # Twice each: persons are counted, not rows.
                made += [(number, town, kind)] * 2
        own.executemany("insert into seen values (?, ?, ?, 1)", made)
        yield own


def shown(connection, sql, least=10):
    text, hidden = cells.count(connection, sql, least=least)
    return connection.execute(text).fetchall(), hidden


def test_persons_are_counted_once_and_sums_added(connection):
    rows, hidden = shown(connection, "select learner_id, kind, hours as sum_hours from seen")
    assert rows == [("x", 100, 200), ("y", 64, 128), ("z", 97, 194)]
    assert hidden == 0


def test_no_line_of_a_table_has_one_single_cell_left_out(connection):
    rows, hidden = shown(connection, "select learner_id, town, kind from seen")
    left = {(town, kind): n for town, kind, n in rows}
    assert left, "something is shown"
    assert all(n == SIZES[cell] for cell, n in left.items())
    gone = SIZES.keys() - left.keys()
    assert ("a", "y") in gone
    assert len(gone) == hidden
    for along in (0, 1):
        lines = [cell[along] for cell in gone]
        assert all(lines.count(line) > 1 for line in lines)


def test_fewer_than_allowed_in_all_give_nothing(connection):
    rows, hidden = shown(connection, "select learner_id from seen where learner_id < 10")
    assert (rows, hidden) == ([], 1)


def test_who_gives_no_person_is_told_so(connection):
    with pytest.raises(cells.NoPersonError):
        cells.count(connection, "select town from seen", least=10)
