"""Counts of persons: small cells are left out, and none can be found by subtracting."""

from __future__ import annotations

import duckdb
import pytest

from xueqiao.lake.sandbox import cells, persons

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


PERSONAL = ("learner", "learner_day", "stage.event")


@pytest.mark.parametrize(
    "sql",
    [
        "from learner_day",
        "select learner_id, month(day), sum(activities) as sum_a from learner_day group by all",
        "select d.learner_id, sex from learner_day d join learner using (learner_id)",
        "with x as (from stage.event) select x.learner_id, name from x join place on true",
        "select learner_id, r.range from learner, range(3) r",
        "select d.learner_id, n from learner_day d, unnest([1, 2]) u(n)",
        "select d.learner_id from (select 1 as learner_id) r join learner d on true",
    ],
)
def test_rows_about_one_person_each_may_be_counted(sql):
    persons.check(sql, personal=PERSONAL)


@pytest.mark.parametrize(
    "sql",
    [
        "select r.range as learner_id, d.learner_id as who from learner_day d, range(20) r",
        "select unnest(range(20)) as learner_id, learner_id as who from learner_day",
        "select a.learner_id, b.learner_id as who from learner_day a, learner b",
        "select a.learner_id, b.sex from learner_day a join learner b on a.day > b.born",
        "select f.learner_id, d.day from (select range as learner_id from range(9)) f, learner d",
        "select learner_id, max(birth_year) over () as y from learner",
        "select learner_id, (select max(birth_year) from learner) as y from learner_day",
        "select learner_id from learner_day where exists (from learner where sex = 1)",
        "select learner_id from learner_day union select range from range(20)",
        "with x as (from learner) select a.learner_id, b.sex from x a, x b",
        "with learner as (select range as learner_id from range(20)) from learner",
        "select * replace (1 as learner_id) from learner",
        "select *, 1 as learner_id from learner_day",
        "select d.*, r.range from learner_day d, range(20) r",
        "select learner_id from learner_day, query('from learner')",
        "select columns('learner_id') from learner",
        "select 1 as learner_id",
        # The same table by its whole name.
        "select d.learner_id, x.birth_year from learner_day d join main.learner x on true",
        "select d.learner_id, x.birth_year from learner_day d join Memory.main.learner x on true",
        "select d.learner_id, x.birth_year from learner_day d join memory.learner x on true",
        # Columns called otherwise beside the table, and the other side of an outer join.
        "select d.learner_id from learner_day d(day, learner_id)",
        "select learner_id from (select learner_id, day from learner_day) d(day, learner_id)",
        "with x(day, learner_id) as (from learner_day) select learner_id from x",
        "select learner_id from (select 7 as learner_id) left join learner using (learner_id)",
        "with r as (from made) select learner_id from r left join learner using (learner_id)",
    ],
)
def test_rows_that_may_be_about_others_are_not_counted(sql):
    with pytest.raises(persons.MixedError):
        persons.check(sql, personal=PERSONAL)
