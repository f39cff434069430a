"""The lake in trouble: killed, full, damaged, poisoned. It loses and doubles nothing."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lake import erasing, scan, worlds
from xueqiao.kernel.cursor import Position
from xueqiao.lake import build, engines, mending, recipes, tables
from xueqiao.lake.erasure import carrying, holdings

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("built")
    worlds.fill(root, erasing.make_world())
    erasing.make(root)
    return root


@pytest.fixture
def lake(tmp_path, built):
    return shutil.copytree(built, tmp_path / "lake")


WEI = erasing.wei(erasing.make_world())
KILLED = """
    import os, signal, sys
    from pathlib import Path
    import django; django.setup()
    from tests.lake import erasing
    from xueqiao.lake import storage
    from xueqiao.lake.build import making
    moment, left = sys.argv[2], [5]
    refresh, remove = making.refresh, storage.Disk.remove
    def die(*facts):
        os.kill(os.getpid(), signal.SIGKILL)
    def after_five_tables(*facts):
        left[0] -= 1
        return refresh(*facts) if left[0] else die()
    def after_five_files(self, names):
        remove(self, list(names)[:5])
        die()
    if moment == "in the build":
        making.refresh = after_five_tables
    if moment == "in the purge":
        storage.Disk.remove = after_five_files
    erasing.erase(Path(sys.argv[1]), erasing.wei(erasing.make_world()))
"""


def killed_erasing(root, moment):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(root), moment],
        cwd=ROOT,
        check=False,
        capture_output=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "src:."},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_an_erasure_killed_again_and_again_ends_where_a_calm_one_ends(lake, built, tmp_path):
    calm = shutil.copytree(built, tmp_path / "calm")
    erasing.erase(calm, WEI)

    for moment in ("in the build", "in the purge"):
        killed_erasing(lake, moment)
        assert erasing.everything(lake).keys() >= set(recipes.recipes()), "every table can be read"
        assert carrying.position(root=lake) == Position()
    erasing.erase(lake, WEI)

    assert erasing.everything(lake) == erasing.everything(calm)
    assert scan.files_with(lake, "wei@school.example", *WEI) == set()


@pytest.fixture
def small_files_only():
    """A disk that takes no file above 1 KiB: what a full one answers, from the kernel itself."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill(size=1024):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))

    yield fill
    fill(limits[0])
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_stops_an_erasure_before_it_has_taken_anything_out(lake, small_files_only):
    before = erasing.everything(lake)
    small_files_only()

    with pytest.raises(tables.LakeFull):
        erasing.erase(lake, WEI)

    small_files_only(resource.RLIM_INFINITY)
    assert erasing.everything(lake) == before
    assert len(erasing.erase(lake, WEI).taken) == 3


def test_a_lost_file_is_named_and_the_rooms_below_fill_its_table_anew(lake, built):
    table = tables.Table(lake, "bronze.statement", is_parted=True)
    (table.path / table.file_names()[0]).unlink()

    with pytest.raises(holdings.FileLost) as refused:
        erasing.erase(lake, WEI)

    assert table.file_names()[0] in refused.value.text
    done = mending.mend(root=lake, of=erasing.make_world().sources(), at=worlds.AT)
    assert done["bronze.statement"] == 2
    erasing.make(lake)
    assert erasing.everything(lake) == erasing.everything(built)


def test_of_two_builds_at_once_one_is_refused_and_the_other_is_whole(tmp_path):
    worlds.fill(tmp_path, erasing.make_world())

    def tried(_number):
        try:
            return len(worlds.make(tmp_path))
        except tables.LakeBusy as why:
            return why.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(map(str, pool.map(tried, range(2)))) == [
            str(len(recipes.recipes())),
            "lake.busy",
        ]
    build.ready(root=tmp_path)


POISON = (
    "{",
    "null",
    "[" * 20_000,
    '{"result": {"score": {"scaled": 1e999}, "duration": "P9999999999Y"}}',
    '{"result": {"response": "\\ud800"}}',
    '{"result": "\\u0000", "context": [], "object": 7}',
)


def test_a_poisoned_batch_keeps_no_other_row_from_gold(lake, built):
    world = erasing.make_world()
    for text in POISON:
        world.add_statement(erasing.LI, datetime(2024, 6, 1, tzinfo=UTC))
        world.statement[-1]["text"] = text
    worlds.fill(lake, world)

    with engines.opened(name="duckdb", memory=erasing.MEMORY, root=lake) as engine:
        assert build.run(root=lake, engine=engine, at=worlds.AT).failed == []

    days = [row for row in worlds.rows_of(lake, "learner_day") if row["day"].month < 6]
    assert days == worlds.rows_of(built, "learner_day")
    assert len(worlds.rows_of(lake, "stage.reading")) == len(world.statement)
