"""The tables of a fresh installation, made by the migrations once and copied from then on.

The migrations of every app take half a minute; a run of the tests needs the same tables some thirty
times, in its workers and in the processes that are killed. The copy is kept beside other temporary
files under a digest of all that the tables are made from, so that it is never an older one. SQLite
only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src/xueqiao"
NAME = "xueqiao.sqlite3"


def template() -> Path:
    """A database with every table and no row; made when it is not there yet."""
    kept = Path(tempfile.gettempdir()) / f"xueqiao-tables-{_digest()}.sqlite3"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _make(kept)
    return kept


def lay(home: Path | str) -> None:
    """Lay the tables into the home folder of an installation that has none."""
    Path(home).mkdir(parents=True, exist_ok=True)
    if not (Path(home) / NAME).exists():
        shutil.copyfile(template(), Path(home) / NAME)


def pour(connection: sqlite3.Connection) -> None:
    """Copy the tables into an open database, such as one in memory."""
    source = sqlite3.connect(template())
    try:
        source.backup(connection)
    finally:
        source.close()


def _make(kept: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        code = "from xueqiao.cli import main; main()"
        subprocess.run(
            [sys.executable, "-c", code, "migrate", "--verbosity", "0"],
            env={
                **os.environ, "XUEQIAO_HOME": home, "XUEQIAO_DATABASE_URL": "",
                "DJANGO_SETTINGS_MODULE": "xueqiao.settings", "PYTHONPATH": str(ROOT / "src"),
            },
            check=True,
        )  # fmt: skip
        scratch = kept.with_suffix(".scratch")
        scratch.unlink(missing_ok=True)
        made = sqlite3.connect(Path(home) / NAME)
        made.execute("vacuum into ?", [str(scratch)])
        made.close()
        scratch.replace(kept)


def _digest() -> str:
    """Of every file that a migration is, or that one calls."""
    found = hashlib.sha256(django.__version__.encode())
    for folder in ("*/migrations", "creditbank/guards", "kernel"):
        for path in sorted(SOURCE.glob(f"{folder}/**/*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]
