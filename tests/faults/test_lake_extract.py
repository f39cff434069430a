"""Two extractors without a common lock, killed at random: no row of bronze is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lake import worlds
from xueqiao.lake import tables

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]
STATEMENTS, PEOPLE = 90, 20
LOG = "bronze.statement"
# As two machines do that share the files and not the lock.
EXTRACTOR = """
    import sys
    from pathlib import Path
    import django; django.setup()
    from tests.faults import test_lake_extract as here
    from tests.lake import worlds
    from xueqiao.lake import extract
    extract.BATCH, quiet = 3, lambda *facts: None
    for source in here.world().sources():
        if source.table in ("bronze.statement", "bronze.person"):
            work = extract.follow if source.table == here.LOG else extract.snapshot
            work(Path(sys.argv[1]), source, worlds.AT, quiet)
"""


def world():
    made, start = worlds.small(), datetime(2024, 3, 1, tzinfo=UTC)
    made.is_keyed = True
    for person in range(1, PEOPLE + 1):
        made.add_person(person, birth_year=1950, home_id=40)
    for number in range(STATEMENTS):
        made.add_statement(1 + number % PEOPLE, start + timedelta(days=number % 60))
    return made


def extractor(root):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(EXTRACTOR), str(root)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "src:."},
    )


def test_two_extractors_killed_at_random_lose_and_double_nothing(tmp_path):
    dice = random.Random(11)
    first = [extractor(tmp_path) for _ in range(2)]
    for wanted, process in zip(sorted(dice.sample(range(3, 25), 2)), first, strict=True):
        deadline = time.monotonic() + 60
        while tables.Table(tmp_path, LOG).version() < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert any(process.returncode == -signal.SIGKILL for process in first)
    reached = len(worlds.rows_of(tmp_path, LOG))
    assert 0 < reached < STATEMENTS

    for process in [extractor(tmp_path) for _ in range(2)]:
        _out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    rows = [row["id"] for row in worlds.rows_of(tmp_path, LOG)]
    assert rows == list(range(1, STATEMENTS + 1))
    people = worlds.rows_of(tmp_path, "bronze.person_change")
    assert [row["learner_id"] for row in people] == [2 * n for n in range(1, PEOPLE + 1)]
