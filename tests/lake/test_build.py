"""Building: only what changed, the same whatever happened in between."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.utils import translation

from tests.lake import worlds
from xueqiao.lake import build, recipes, tables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world():
    world = worlds.small()
    world.add_person(1, birth_year=1950, home_id=40)
    world.add_person(2, birth_year=2001, home_id=42)
    for actor, month in ((1, 3), (2, 3), (1, 4), (2, 5)):
        world.add_statement(actor, datetime(2024, month, 10, tzinfo=UTC))
    return world


def parts_made(root):
    return {each.table: each.parts for each in worlds.make(root)}


def everything(root):
    names = list(recipes.recipes())
    return {name: worlds.rows_of(root, name) for name in names}


def test_a_second_build_does_nothing(tmp_path, world):
    worlds.fill(tmp_path, world)
    assert set(parts_made(tmp_path)) == set(recipes.recipes())
    assert worlds.make(tmp_path) == []


def test_a_late_statement_reopens_only_its_month(tmp_path, world):
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    world.add_statement(1, datetime(2024, 3, 31, 15, 59, tzinfo=UTC))
    world.add_statement(1, datetime(2024, 3, 31, 16, 0, tzinfo=UTC))
    worlds.fill(tmp_path, world)

    made = parts_made(tmp_path)

    assert made["stage.event"] == made["learner_month"] == ["2024-03", "2024-04"]
    days = [(row["learner_id"], row["day"]) for row in worlds.rows_of(tmp_path, "learner_day")]
    assert (2, date(2024, 3, 31)) in days
    assert (2, date(2024, 4, 1)) in days


def test_bronze_that_was_removed_and_filled_anew_is_built_anew(tmp_path, world):
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    shutil.rmtree(tmp_path / "bronze")
    del world.statement[1:]
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    assert len(worlds.rows_of(tmp_path, "learner_day")) == 1


def test_a_repeated_statement_counts_once(tmp_path, world):
    again = world.statement[0]["statement_id"]
    world.add_statement(1, datetime(2024, 3, 10, tzinfo=UTC), statement_id=again)
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    rows = worlds.rows_of(tmp_path, "stage.event")
    assert len(rows) == 4
    assert len({row["event_id"] for row in rows}) == 4


def test_voiding_reopens_the_month_of_what_was_voided(tmp_path, world):
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    world.add_statement(
        1, datetime(2024, 6, 1, tzinfo=UTC), voids=world.statement[2]["statement_id"]
    )
    worlds.fill(tmp_path, world)

    made = parts_made(tmp_path)

    assert made["stage.event"] == ["2024-04", "2024-06"]
    assert [row["day"].month for row in worlds.rows_of(tmp_path, "learner_day")] == [3, 3, 5]


def test_linking_an_actor_reopens_the_months_it_was_active_in(tmp_path, world):
    world.actor.append({"actor_id": 50, "learner_id": 101})
    world.add_statement(50, datetime(2024, 4, 2, tzinfo=UTC))
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    assert {row["learner_id"] for row in worlds.rows_of(tmp_path, "learner_day")} == {2, 4, 101}

    world.actor[-1]["learner_id"] = 4
    worlds.fill(tmp_path, world)

    assert parts_made(tmp_path)["stage.event"] == ["2024-04"]
    assert {row["learner_id"] for row in worlds.rows_of(tmp_path, "learner_day")} == {2, 4}


def test_increments_end_where_a_build_from_nothing_ends(tmp_path, world):
    for month in (3, 7, 4):
        worlds.fill(tmp_path / "steps", world)
        worlds.make(tmp_path / "steps")
        world.add_person(month * 10, birth_year=1960, home_id=41)
        world.add_statement(month * 10, datetime(2024, month, 3, tzinfo=UTC))
        world.add_statement(
            1, datetime(2024, month, 3, tzinfo=UTC), voids=world.statement[0]["statement_id"]
        )
    for name in ("steps", "whole"):
        worlds.fill(tmp_path / name, world)
        worlds.make(tmp_path / name)
    assert everything(tmp_path / "steps") == everything(tmp_path / "whole")


def test_files_are_equal_byte_for_byte_in_two_builds(tmp_path, world):
    def data(root):
        files = tables.Table(root, "marts.learner_month").opened().file_uris()
        return sorted((tables.part_of(file), Path(file).read_bytes()) for file in files)

    for name in ("a", "b"):
        worlds.fill(tmp_path / name, world)
        worlds.make(tmp_path / name)
    assert data(tmp_path / "a") == data(tmp_path / "b")


KILLED = """
    import os, signal, sys
    from pathlib import Path
    import django; django.setup()
    from tests.lake import worlds
    from xueqiao.lake.build import making
    left = [int(sys.argv[2])]
    refresh = making.refresh
    def dying(*facts):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return refresh(*facts)
    making.refresh = dying
    worlds.make(Path(sys.argv[1]))
"""


def test_a_killed_build_goes_on_where_it_was(tmp_path, world):
    tables_done = 9
    for name in ("killed", "calm"):
        worlds.fill(tmp_path / name, world)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "killed"), str(tables_done)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "src:."},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with pytest.raises((build.Unbuilt, build.NotExtracted)):
        build.ready(root=tmp_path / "killed")

    left = len(worlds.make(tmp_path / "killed"))
    # Those that were being made beside the one that killed are made again.
    assert len(recipes.recipes()) - tables_done <= left <= len(recipes.recipes()) - tables_done + 3
    worlds.make(tmp_path / "calm")

    assert everything(tmp_path / "killed") == everything(tmp_path / "calm")


@pytest.fixture
def small_files_only():
    """A disk that takes no file above 2 KiB: what a full one answers, from the kernel itself."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill(size=2048):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))

    yield fill
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_ends_the_build_in_one_sentence_and_the_last_marts_stay(
    tmp_path, world, small_files_only
):
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    before = everything(tmp_path)
    for person in range(1000, 4000):
        world.add_person(person, birth_year=1950 + person % 50, home_id=40 + person % 3)
    worlds.fill(tmp_path, world)
    small_files_only()

    with translation.override("en"), pytest.raises(tables.LakeFull) as refused:
        worlds.make(tmp_path)

    assert refused.value.code == "lake.full"
    assert "Nothing was changed" in refused.value.text
    assert everything(tmp_path)["learner"] == before["learner"]
    small_files_only(resource.RLIM_INFINITY)
    assert len(worlds.make(tmp_path)) > 0
    assert len(worlds.rows_of(tmp_path, "learner")) == 3002


def test_marts_older_than_bronze_are_not_read(tmp_path, world):
    with pytest.raises(build.NotExtracted):
        build.ready(root=tmp_path)
    worlds.fill(tmp_path, world)
    with pytest.raises(build.Unbuilt):
        build.ready(root=tmp_path)
    worlds.make(tmp_path)
    build.ready(root=tmp_path)
    world.add_statement(1, datetime(2024, 3, 1, tzinfo=UTC))
    worlds.fill(tmp_path, world)
    with pytest.raises(build.Unbuilt):
        build.ready(root=tmp_path)


def test_every_run_is_recorded(tmp_path, world):
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    worlds.make(tmp_path)
    opened = tables.Table(tmp_path, "runs.build").opened()
    assert opened.count() == len(recipes.recipes())


@pytest.mark.parametrize("recipe", recipes.recipes().values(), ids=lambda recipe: recipe.name)
def test_every_table_says_what_it_is_and_reads_what_it_says(recipe):
    body = "\n".join(line for line in recipe.sql.splitlines() if not line.startswith("--"))
    for name in recipe.reads:
        assert name in body
    for name in (*recipes.recipes(), *build.PARTED_BRONZE):
        if f" {name} " in f"{body} ".replace("\n", " ") and "." in name:
            assert name in recipe.reads
    assert set(recipe.heading) >= set(recipes.HEADINGS)
