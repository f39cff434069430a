"""kill -9 between any two statements of a posting leaves all of it or nothing, on SQLite.

(PostgreSQL undoes by itself what a broken connection has not committed.)
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = "import django; django.setup()\n"
PREPARE = (
    START
    + """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.creditbank import factories
from xueqiao.creditbank import standards
standards.load(); factories.institution()
for number in range(5):
    factories.completed(factories.person(f"learner {number}"), number, credits=1000)
"""
)
# Kills itself before the given statement; SIGKILL leaves no time to clean up.
WORK = (
    START
    + """
import os, signal, sys
from datetime import UTC, datetime
from django.db import connection
from xueqiao.creditbank import completions
fatal, seen = int(sys.argv[1]), 0
def count(execute, sql, params, many, context):
    global seen
    if seen == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    seen += 1
    return execute(sql, params, many, context)
with connection.execute_wrapper(count):
    completions.follow(now=datetime(2026, 9, 1, tzinfo=UTC))
print("statements", seen)
"""
)
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
    with sqlite3.connect(home / "xueqiao.sqlite3") as ask:
        rows = {
            name: ask.execute(f"select count(*) from creditbank_{name}").fetchone()[0]
            for name in TABLES
        }
        told = "select count(*) from records_logentry where kind = 'creditbank.posted'"
        return rows | {"told": ask.execute(told).fetchone()[0]}


@pytest.mark.slow
def test_a_process_killed_before_any_statement_leaves_all_or_nothing(tmp_path):
    prepared = run(tmp_path, PREPARE)
    assert prepared.returncode == 0, prepared.stderr
    clean = (tmp_path / "xueqiao.sqlite3").read_bytes()

    whole = run(tmp_path, WORK, "-1")
    statements = int(re.search(r"statements (\d+)", whole.stdout)[1])
    assert counted(tmp_path) == ALL
    assert statements > 15

    for fatal in range(2, statements, 3):
        for rest in tmp_path.glob("xueqiao.sqlite3*"):
            rest.unlink()
        (tmp_path / "xueqiao.sqlite3").write_bytes(clean)
        assert run(tmp_path, WORK, str(fatal)).returncode == -9
        assert counted(tmp_path) in (NOTHING, ALL), f"killed before statement {fatal}"
        again = run(tmp_path, WORK, "-1")
        assert again.returncode == 0, again.stderr
        assert counted(tmp_path) == ALL, f"after statement {fatal} and a second run"
