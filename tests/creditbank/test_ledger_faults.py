"""kill -9 between any two statements of a posting or a reversal leaves all of it or nothing.

On SQLite, each try in a home of its own, so that nothing of a killed one is left behind.

(PostgreSQL undoes by itself what a broken connection has not committed.)
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = "import django; django.setup()\n"
TABLES = "import os\nfrom tests import schema\nschema.lay(os.environ['XUEQIAO_HOME'])\n"
PREPARE = (
    TABLES
    + START
    + """
from tests.creditbank import factories
from xueqiao.creditbank import standards
standards.load(); factories.institution()
for number in range(5):
    factories.completed(factories.person(f"learner {number}"), number, credits=1000)
"""
)
# Kills itself before the given statement; SIGKILL leaves no time to clean up.
DYING = (
    START
    + """
import os, signal, sys
from datetime import UTC, datetime
from django.db import connection
fatal, seen = int(sys.argv[1]), 0
def count(execute, sql, params, many, context):
    global seen
    if seen == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    seen += 1
    return execute(sql, params, many, context)
with connection.execute_wrapper(count):
    work()
print("statements", seen)
"""
)
WORK = """
def work():
    from xueqiao.creditbank import completions
    completions.follow(now=datetime(2026, 9, 1, tzinfo=UTC))
"""
PREPARE_CASCADE = (
    TABLES
    + START
    + """
from tests.creditbank.test_reversal import Court
court = Court()
lot = court.lot(6000)
court.approve(court.request((lot, 3600)))
court.request((lot, 900), key="waits")
court.ask(lot)
"""
)
WORK_CASCADE = """
def work():
    from xueqiao.creditbank import reversal
    from xueqiao.creditbank.models import Reversal
    from xueqiao.people.models import Person
    case = Reversal.objects.get()
    by = Person.objects.filter(roles__kind="province").order_by("pk")[0]
    at = datetime(2026, 9, 2, tzinfo=UTC)
    seen = "" if case.state == "done" else reversal.look(case.lot).digest
    reversal.approve(reversal=case, seen=seen, by=by, at=at)
"""
TABLES = ("outcome", "decision", "creditlot", "transfergroup", "transfer", "learningaccount")
NOTHING, ALL = (
    dict.fromkeys(TABLES, 0) | {"told": 0},
    dict.fromkeys(TABLES, 5) | {"told": 5},
)


def run(home, script, *words):
    return subprocess.run(
        [sys.executable, "-c", script, *words], check=False, capture_output=True, text=True,
        cwd=ROOT,
        env={
            **os.environ, "DJANGO_SETTINGS_MODULE": "xueqiao.settings", "XUEQIAO_HOME": str(home),
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "XUEQIAO_DATABASE_URL": "",
        },
    )  # fmt: skip


def counted(home):
    with closing(sqlite3.connect(home / "xueqiao.sqlite3")) as ask:
        rows = {
            name: ask.execute(f"select count(*) from creditbank_{name}").fetchone()[0]
            for name in TABLES
        }
        told = "select count(*) from records_logentry where kind = 'creditbank.posted'"
        return rows | {"told": ask.execute(told).fetchone()[0]}


def undone(home):
    """What of a reversal is there: states, and whatever was written for it."""
    asked = {
        "lots": "select group_concat(state, ' ') from creditbank_creditlot",
        "case": "select state from creditbank_reversal",
        "reversals": "select count(*) from creditbank_transfer where reverses_id is not null",
        "given back": "select count(*) from creditbank_transfer where phase = 'void'",
        "conversions": "select group_concat(state, ' ') from creditbank_conversion",
        "steps": "select count(*) from creditbank_lotstep where verb = 'reverse'",
        "told": "select count(*) from records_logentry where kind = 'creditbank.reversed'",
    }
    with closing(sqlite3.connect(home / "xueqiao.sqlite3")) as ask:
        return {name: ask.execute(text).fetchone()[0] for name, text in asked.items()}


def kill_everywhere(prepared, tmp_path, script, look, *, whole=None, every=3):
    """Kill a fresh copy of the prepared home before some statements, then run it again."""
    before = look(prepared)
    once = copied(prepared, tmp_path / "whole")
    statements = int(re.search(r"statements (\d+)", run(once, script, "-1").stdout)[1])
    after = look(once)
    assert whole is None or after == whole
    assert before != after
    assert statements > 15
    for fatal in range(2, statements, every):
        home = copied(prepared, tmp_path / f"killed-{fatal}")
        assert run(home, script, str(fatal)).returncode == -9
        assert look(home) in (before, after), f"killed before statement {fatal}"
        again = run(home, script, "-1")
        assert again.returncode == 0, again.stderr
        assert look(home) == after, f"after statement {fatal} and a second run"
        shutil.rmtree(home)


def copied(home, to):
    return Path(shutil.copytree(home, to))


def prepared_home(tmp_path, script):
    home = tmp_path / "prepared"
    home.mkdir()
    done = run(home, script)
    assert done.returncode == 0, done.stderr
    # What is in the write-ahead log goes into the file that is copied.
    with closing(sqlite3.connect(home / "xueqiao.sqlite3")) as ask:
        ask.execute("pragma wal_checkpoint(truncate)")
    return home


@pytest.mark.slow
def test_a_process_killed_before_any_statement_leaves_all_or_nothing(tmp_path):
    home = prepared_home(tmp_path, PREPARE)
    assert counted(home) == NOTHING
    kill_everywhere(home, tmp_path, WORK + DYING, counted, whole=ALL)


@pytest.mark.slow
def test_a_reversal_killed_before_any_statement_leaves_all_or_nothing(tmp_path):
    home = prepared_home(tmp_path, PREPARE_CASCADE)
    kill_everywhere(home, tmp_path, WORK_CASCADE + DYING, undone, every=7)
