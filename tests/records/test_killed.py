"""An intake that is killed goes on where it was and ends as if it had been left alone."""

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tests import schema
from tests.records import recount

pytestmark = [pytest.mark.slow, pytest.mark.embedded]
ASKED = (
    "select uuid, text, event_at from records_statement order by id",
    """select batch_key, position, reason, text from records_quarantine
       join records_batch on records_batch.id = batch_id order by 1, 2""",
    """select batch_key, digest, received, accepted, duplicate, quarantined
       from records_batch order by 1""",
    "select digest, items, finished_at is null from records_delivery order by 1",
    "select ifi from records_actor order by 1",
)
COMMAND = "from xueqiao.cli import main; main()"


def start(home, *words):
    environment = os.environ | {
        "XUEQIAO_HOME": str(home), "XUEQIAO_DATABASE_URL": "", "TERM": "dumb",
        "DJANGO_SETTINGS_MODULE": "xueqiao.settings",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finish(job):
    said, _ = job.communicate(timeout=300)
    assert job.returncode == 0, said[-2000:]


def ended(home):
    """Everything that must be the same: statements, quarantine and the counts of every batch."""
    with sqlite3.connect(home / "xueqiao.sqlite3") as base:
        found = []
        for ask in ASKED:
            rows = base.execute(ask).fetchall()
            found.append((len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()))
    base.close()
    return found


def test_killed_at_random_moments_it_ends_as_one_clean_run(tmp_path):
    folder, clean, killed = tmp_path / "files", tmp_path / "clean", tmp_path / "killed"
    (folder / "moodle").mkdir(parents=True)
    for name in ("module1-sp18", "module2-f17", "module3-f17", "module5-sp18"):
        shutil.copy(recount.SAMPLE / "moodle" / f"{name}.csv.gz", folder / "moodle")
    schema.lay(clean)
    shutil.copytree(clean, killed)
    words = ("ingest", "--only", "moodle", "--folder", str(folder))
    began = time.monotonic()
    finish(start(clean, *words))
    whole = time.monotonic() - began
    chance, kills = random.Random(3), 0

    for _ in range(6):
        job = start(killed, *words)
        try:
            job.communicate(timeout=chance.uniform(0.3, 0.9) * whole)
        except subprocess.TimeoutExpired:
            job.send_signal(signal.SIGKILL)
            job.communicate()
            kills += 1
    finish(start(killed, *words))

    assert kills >= 2, "it ended before it could be killed"
    assert ended(killed) == ended(clean)
    assert ended(clean)[0][0] == recount.moodle(folder)[1]
