"""Servers under load, each with its own home and database: ours, and ralph-malph beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tests.xapi_server import Server, free_port, server

HERE = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
# It imports requests and does not ask for it.
RALPH = ("ralph-malph[lrs]==5.1.0", "requests")
# As released its file back end refuses the second request: it makes the file anew each time.
RALPH_START = """\
from ralph.backends.data.base import BaseOperationType
from ralph.backends.lrs.fs import FSLRSBackend
FSLRSBackend.default_operation_type = BaseOperationType.APPEND
from ralph.api import app
"""


@contextmanager
def running(*words: str, **settings: str):
    """Our server, started; everything of it is gone when the block ends."""
    folder = tempfile.TemporaryDirectory(prefix="xueqiao-load-")
    with folder as home, server(Path(home), **settings) as made:
        made.start(*words)
        yield made


def cpu_seconds(made: Server) -> float:
    """What the server's processes have used so far, with those of its database on this machine."""
    name = urlsplit(made.database_url).path.lstrip("/")
    group, used = made.process.pid, 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            is_ours = int(fields[2]) == group
            if not is_ours and name:
                is_ours = f" {name} " in (folder / "cmdline").read_text()
        except OSError:
            continue
        if is_ours:
            used += (int(fields[11]) + int(fields[12])) / TICKS
    return used


def load(plan: dict) -> subprocess.Popen:
    """Start the sender of a plan in a process of its own."""
    job = subprocess.Popen(
        [sys.executable, "-m", "bench._load"],
        cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    job.stdin.write(json.dumps(plan))
    job.stdin.close()
    return job


def finish(job: subprocess.Popen) -> dict:
    said = job.stdout.read()
    assert job.wait(60) == 0, "the sender failed; see above"
    return json.loads(said)


def plan(made: Server, **changes) -> dict:
    return {
        "url": f"http://127.0.0.1:{made.port}/xapi/statements",
        **made.pair,
        "seconds": 10, "connections": 8, "batch": 100, "rate": 0, "people": 3000,
    } | changes  # fmt: skip


def stored(made: Server) -> int:
    """How many statements the database holds, asked of the database itself."""
    if not made.database_url:
        import sqlite3  # noqa: PLC0415 - one of two databases

        base = sqlite3.connect(made.home / "xueqiao.sqlite3", timeout=60)
        try:
            return base.execute("select count(*) from records_statement").fetchone()[0]
        finally:
            base.close()
    import psycopg  # noqa: PLC0415 - one of two databases

    with psycopg.connect(made.database_url) as base:
        return base.execute("select count(*) from records_statement").fetchone()[0]


def seconds_until_stored(made: Server, count: int, *, longest: float = 600) -> float:
    began = asked = time.monotonic()
    while (held := stored(made)) < count:
        assert time.monotonic() - began < longest, f"{held} of {count} are stored"
        # Counting millions of rows takes a part of the processors that the server would use.
        time.sleep(max(0.1, 5 * (time.monotonic() - asked)))
        asked = time.monotonic()
    return time.monotonic() - began


@contextmanager
def ralph():
    """ralph-malph from PyPI in a scratch environment, its file back end, one process."""
    with tempfile.TemporaryDirectory(prefix="ralph-") as folder:
        home, port = Path(folder), free_port()
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
        done = subprocess.run(
            [home / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", *RALPH],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-500:]
        process = _started(home, port)
        try:
            made = Server.__new__(Server)
            made.process, made.port, made.database_url = process, port, ""
            made.pair = {"key": "ralph", "secret": "secret"}
            _wait(port)
            yield made
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _started(home: Path, port: int) -> subprocess.Popen:
    python, data = home / "venv/bin/python", home / "data"
    data.mkdir()
    (home / "ralph_start.py").write_text(RALPH_START)
    secret = subprocess.run(
        [python, "-c", "import bcrypt; print(bcrypt.hashpw(b'secret', bcrypt.gensalt()).decode())"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    user = {
        "username": "ralph", "hash": secret, "scopes": ["all"],
        "agent": {"account": {"homePage": "https://lms.example", "name": "ralph"}},
    }  # fmt: skip
    (home / "auth.json").write_text(json.dumps([user]))
    environment = os.environ | {
        "RALPH_APP_DIR": str(home), "RALPH_AUTH_FILE": str(home / "auth.json"),
        "RALPH_RUNSERVER_BACKEND": "fs", "RALPH_SENTRY_DSN": "",
        "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(data),
    }  # fmt: skip
    environment.pop("PYTHONPATH", None)
    with (home / "log").open("w") as log:
        return subprocess.Popen(
            [python, "-m", "uvicorn", "ralph_start:app", "--port", str(port),
             "--log-level", "warning"],
            cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        line = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            line.request("GET", "/__heartbeat__")
            line.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            line.close()
    raise AssertionError("ralph-malph does not answer")


def basic(made: Server) -> str:
    return "Basic " + b64encode(f"{made.pair['key']}:{made.pair['secret']}".encode()).decode()
