"""Erasures and exports that are killed go on where they were and end as if left alone."""

import gzip
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.embedded]
MADE, GONE = 6000, 4000
SETUP = """
import os
from tests import schema; schema.lay(os.environ["XUEQIAO_HOME"])
import django; django.setup()
from tests.records import erasing, factories as f
from xueqiao.kernel import clock
for start in range(0, {made}, 1000):
    f.store(*[f.statement(actor=f.agent("wei" if n < {gone} else "li"))
              for n in range(start, start + 1000)])
f.store({{"actor": f.agent("wei"), "verb": 1}})
erasing.approved(erasing.by_person("account|https://school.example|wei"))
"""
COMMAND = "from xueqiao.cli import main; main()"


def run(home, code, *words, wait=True):
    environment = os.environ | {
        "XUEQIAO_HOME": str(home), "XUEQIAO_DATABASE_URL": "", "TERM": "dumb",
        "DJANGO_SETTINGS_MODULE": "xueqiao.settings",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }  # fmt: skip
    with (home / "said.log").open("ab") as log:
        job = subprocess.Popen(
            [sys.executable, "-c", code, *words], env=environment, stdout=log, stderr=log
        )
    if wait:
        assert job.wait(timeout=300) == 0, (home / "said.log").read_text()[-2000:]
    return job


def ask(home, text):
    with sqlite3.connect(home / "xueqiao.sqlite3", timeout=30) as base:
        found = base.execute(text).fetchall()
    base.close()
    return found


def killed(home, words, kills, seconds):
    """Run a command and kill it, several times; then let it end. How often it was killed."""
    chance, done = random.Random(7), 0
    for _ in range(kills):
        job = run(home, COMMAND, *words, wait=False)
        try:
            job.wait(timeout=chance.uniform(*seconds))
        except subprocess.TimeoutExpired:
            job.send_signal(signal.SIGKILL)
            job.wait()
            done += 1
    run(home, COMMAND, *words)
    return done


@pytest.fixture
def home(tmp_path):
    run(tmp_path, SETUP.format(made=MADE, gone=GONE))
    return tmp_path


def test_an_erasure_that_is_killed_erases_each_statement_once(home):
    began = time.monotonic()
    run(home, "import django; django.setup()")
    start = time.monotonic() - began

    kills = killed(home, ["run_erasures"], 5, (start, start + 1.2))

    assert kills >= 1, "it ended before it could be killed"
    [(state, done)] = ask(home, "select state, done from records_erasure")
    counts = json.loads(done)
    assert (state, counts["statements"], counts["quarantine"]) == ("done", GONE, 1)
    assert sum(counts["month"].values()) == GONE
    assert ask(home, "select count(*) from records_statement") == [(MADE - GONE,)]
    assert ask(home, "select count(*) from records_tombstone") == [(GONE,)]
    told = ask(home, "select payload from records_logentry where kind = 'records.erased'")
    keys = [key for (payload,) in told for key in json.loads(payload)["statements"]]
    assert len(keys) == len(set(keys)) == GONE


def test_an_export_that_is_killed_holds_each_statement_once(home, tmp_path):
    began = time.monotonic()
    run(home, "import django; django.setup()")
    start = time.monotonic() - began
    # The size of a part is not a setting; many small ones give many moments to be killed at.
    small = "from xueqiao.records.exporting import writing; writing.PART_ROWS = 500; "

    chance, kills = random.Random(3), 0
    words = ["export_statements", "--to", str(tmp_path / "out")]
    code = f"import django; django.setup(); {small}{COMMAND}"
    for _ in range(5):
        job = run(home, code, *words, wait=False)
        try:
            job.wait(timeout=chance.uniform(start + 0.2, start + 1.5))
            break
        except subprocess.TimeoutExpired:
            job.send_signal(signal.SIGKILL)
            job.wait()
            kills += 1
    run(home, code, *words)

    assert kills >= 1, "it ended before it could be killed"
    first = ask(home, "select id from records_exportjob where state = 'done' order by id")[0][0]
    rows = ask(home, f"select sum(rows) from records_exportpart where job_id = {first}")
    assert rows == [(MADE,)]
    [(folder,)] = ask(home, f"select key from records_exportjob where id = {first}")
    parts = sorted((home / "exports" / folder).glob("part-*"))
    text = gzip.decompress(b"".join(path.read_bytes() for path in parts))
    keys = [json.loads(line)["id"] for line in text.splitlines()]
    assert len(keys) == len(set(keys)) == MADE
