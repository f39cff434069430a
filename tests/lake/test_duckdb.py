"""What the embedded engine leaves behind: nothing, even when it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from xueqiao.lake import duckdb

SPILLS = """
import sys, time
from pathlib import Path
import django
django.setup()
from xueqiao.lake import duckdb
print(duckdb.scratch_folder(Path(sys.argv[1])), flush=True)
time.sleep(60)
"""


@pytest.fixture
def killed(tmp_path):
    """A folder to spill into, of a process that was killed."""
    job = subprocess.Popen(
        [sys.executable, "-c", SPILLS, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "xueqiao.settings"},
    )  # fmt: skip
    folder = job.stdout.readline().strip()
    yield job, tmp_path / folder
    job.kill()
    job.communicate()


def test_what_a_killed_process_spilled_is_removed_by_the_next(killed, tmp_path):
    job, folder = killed
    (folder / "spilled").write_bytes(b"x" * 1000)

    own = duckdb.scratch_folder(tmp_path)
    assert sorted(each for each in tmp_path.iterdir()) == sorted([own, folder])

    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    started = time.monotonic()
    second = duckdb.scratch_folder(tmp_path)

    assert sorted(tmp_path.iterdir()) == sorted([own, second])
    assert time.monotonic() - started < 10
