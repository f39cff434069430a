"""The real server over a database of its own, as an operator starts it; killed as a power cut does.

On SQLite the database lies in the home folder; on PostgreSQL a scratch one is made beside that of
XUEQIAO_DATABASE_URL and dropped at the end.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests import schema

_MAIN = "from xueqiao.cli import main; main()"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def scratch_database():
    """The address of an empty database; "" for SQLite."""
    base = os.environ.get("XUEQIAO_DATABASE_URL", "")
    if not base:
        yield ""
        return
    import psycopg  # noqa: PLC0415 - not needed, and perhaps not there, on SQLite

    parts, name = urlsplit(base), f"xueqiao_server_{secrets.token_hex(4)}"
    with psycopg.connect(base, autocommit=True) as admin:
        admin.execute(f"create database {name}")
    try:
        yield parts._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(base, autocommit=True) as admin:
            admin.execute(f"drop database if exists {name} with (force)")


class Server:
    """A home, a database and a key; started and killed at will."""

    def __init__(self, home: Path, database_url: str, **settings: str) -> None:
        self.home, self.port, self.database_url = home, free_port(), database_url
        self.environment = os.environ | {
            "XUEQIAO_HOME": str(home), "XUEQIAO_DATABASE_URL": database_url, "TERM": "dumb",
            "XUEQIAO_INTAKE": "journal", "DJANGO_SETTINGS_MODULE": "xueqiao.settings",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        } | settings  # fmt: skip
        if database_url:
            self.run("migrate", "--verbosity", "0")
        else:
            schema.lay(home)
        said = self.run("create_key", "--source", "school", "--scope", "all")
        pair = json.loads(said)
        coded = b64encode(f"{pair['key']}:{pair['secret']}".encode()).decode()
        self.pair = pair
        self.headers = {
            "Authorization": f"Basic {coded}", "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
        }  # fmt: skip
        self.process: subprocess.Popen | None = None

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _MAIN, *words],
            env=self.environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def start(self, *words: str) -> None:
        """Start and return when it answers."""
        with (self.home / "serve.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, "serve", "--port", str(self.port), *words],
                env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < until, (self.home / "serve.log").read_text()[-2000:]
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/xapi/about")[0] == 200
        except OSError:
            return False

    def kill(self) -> None:
        """End every process of the server at once, without a word."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def connect(self, *, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, object, object]:
        """Status, headers and decoded body of one request on a line of its own."""
        line = self.connect()
        try:
            data = None if body is None else json.dumps(body)
            line.request(method, path, data, self.headers)
            answer = line.getresponse()
            text = answer.read()
        finally:
            line.close()
        return answer.status, answer.headers, json.loads(text) if text else None


@contextmanager
def server(home: Path, **settings: str):
    """A server that is not started yet; everything it leaves is gone when the block ends."""
    with scratch_database() as address:
        made = Server(home, address, **settings)
        try:
            yield made
        finally:
            made.kill()
