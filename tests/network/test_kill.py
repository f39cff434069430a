"""``load_places`` killed with -9 in the middle of a step, then run again: the same rows, once."""

import os
import signal
import sqlite3
import sys
import time
from contextlib import closing

import pytest

from tests import schema
from tests.main_job import command, finish

pytestmark = pytest.mark.slow

TABLES = ("place", "listing", "closure", "populationcell", "boundary", "succession")


def steps_done(home):
    try:
        with closing(sqlite3.connect(f"file:{home}/xueqiao.sqlite3?mode=ro", uri=True)) as db:
            return [name for (name,) in db.execute("select name from network_loadedstep")]
    except sqlite3.OperationalError:
        return []


def rows(home):
    with closing(sqlite3.connect(home / "xueqiao.sqlite3")) as db:
        return {
            table: db.execute(f"select count(*) from network_{table}").fetchone()[0]
            for table in TABLES
        }


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a matter of POSIX")
def test_killed_in_two_steps_it_ends_with_every_row_once(tmp_path):
    schema.lay(tmp_path)
    for after, seconds in (([], 2.0), (["places"], 1.0)):
        job = command(tmp_path, "load_places")
        limit = time.monotonic() + 120
        while sorted(steps_done(tmp_path)) != after and time.monotonic() < limit:
            time.sleep(0.05)
        time.sleep(seconds)
        os.killpg(job.pid, signal.SIGKILL)
        job.communicate()
        assert job.returncode == -signal.SIGKILL
    finish(command(tmp_path, "load_places"))
    expected = {
        "place": 55361, "listing": 58791, "closure": 285977, "populationcell": 8968,
        "boundary": 244, "succession": 16,
    }  # fmt: skip
    assert rows(tmp_path) == expected
    finish(command(tmp_path, "load_places"))
    assert rows(tmp_path) == expected
    assert len(steps_done(tmp_path)) == 4
