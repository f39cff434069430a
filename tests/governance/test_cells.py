"""Counts of persons: small cells are left out, and none can be found by subtracting."""

from __future__ import annotations

import itertools
from collections import Counter

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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


LEAST = 10
COUNTIES = st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=4), min_size=1, max_size=4)


def nested(counties):
    """Persons of towns, each also in its county and in the province: the three levels in one."""
    persons_ = itertools.count(1)
    for county, towns in enumerate(counties):
        for town, size in enumerate(towns):
            for number in itertools.islice(persons_, size):
                yield from ((number, name) for name in ("P", f"P{county}", f"P{county}{town}"))


def sums_of(counties):
    """Each county and the province, with what adds up to it."""
    made = {f"P{c}": [f"P{c}{t}" for t in range(len(towns))] for c, towns in enumerate(counties)}
    return made | {"P": list(made)}


def is_told(sums, gone, cell):
    """Whether a cell follows from the sums when all but ``gone`` are known: by ranks."""
    order = sorted(gone)
    rows = [[(name in (whole, *parts)) * (1 - 2 * (name == whole)) for name in order]
            for whole, parts in sums.items()]  # fmt: skip
    alone = [[name == cell for name in order]]
    rank = np.linalg.matrix_rank
    return rank(np.array(rows, float)) == rank(np.array(rows + alone, float))


@settings(max_examples=25, deadline=None)
@given(counties=COUNTIES)
@example(counties=[[3, 30, 20], [4, 30, 25]])
@example(counties=[[30, 3], [12]])
def test_places_within_places_do_not_tell_a_small_one(counties):
    with duckdb.connect() as own:
        numbers, names = zip(*nested(counties), strict=True)
        lines = pa.table({"learner_id": numbers, "place": names})
        own.register("seen", lines)
        rows, _hidden = shown(own, "select learner_id, place from seen")
    left, sums = dict(rows), sums_of(counties)
    sizes = Counter(lines["place"].to_pylist())
    assert all(n == sizes[place] >= LEAST for place, n in left.items())
    gone = sizes.keys() - left.keys()
    # Where nothing within a place is shown, nothing is known to add up to it.
    known = {whole: parts for whole, parts in sums.items() if left.keys() & {*parts}}
    assert not any(is_told(known, gone, place) for place in gone)
    for whole, parts in known.items():
        lost = [sizes[part] for part in parts if part in gone]
        assert not lost or whole in gone or sum(lost) >= LEAST, "nor a few of several together"


def test_cells_of_one_line_that_are_left_out_are_not_few_together(connection):
    """Two of four persons each: their total would tell of eight."""
    connection.execute(
        "create table towns as select row_number() over () as learner_id, town "
        "from (values ('a', 4), ('b', 4), ('c', 11), ('d', 30)) t(town, n), range(n)"
    )
    assert shown(connection, "select learner_id, town from towns") == ([("d", 30)], 3)


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
