"""A platform of our own in another process and home: to us, another learning record store."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests import schema

COMMAND = "from xueqiao.cli import main; main()"


@dataclass
class Other:
    url: str
    key: str
    secret: str

    def ask(self, method, path, **options):
        headers = {"X-Experience-API-Version": "1.0.3"} | options.pop("headers", {})
        with httpx.Client(auth=(self.key, self.secret), trust_env=False, timeout=60) as client:
            return client.request(method, f"{self.url}{path}", headers=headers, **options)

    def send(self, *statements):
        answer = self.ask("POST", "/xapi/statements", json=list(statements))
        assert answer.status_code == 200, answer.text
        return answer.json()


def environment(home):
    return os.environ | {
        "XUEQIAO_HOME": str(home), "XUEQIAO_DATABASE_URL": "", "TERM": "dumb",
        "DJANGO_SETTINGS_MODULE": "xueqiao.settings",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }  # fmt: skip


def run(home, *words):
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        check=False, env=environment(home), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def free_port():
    with socket.socket() as room:
        room.bind(("127.0.0.1", 0))
        return room.getsockname()[1]


@contextmanager
def platform(home):
    """Another platform, with a key of its only source; stopped when the block ends."""
    schema.lay(home)
    pair = json.loads(run(home, "create_key", "--source", "Elsewhere", "--scope", "all"))
    port = free_port()
    with (home / "server.log").open("w") as log:
        job = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve", "--port", str(port)],
            env=environment(home), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        other = Other(f"http://127.0.0.1:{port}", pair["key"], pair["secret"])
        try:
            _wait(other, job, home)
            yield other
        finally:
            job.terminate()
            job.wait(30)


def _wait(other, job, home):
    for _try in range(300):
        assert job.poll() is None, (home / "server.log").read_text()
        try:
            if other.ask("GET", "/xapi/about").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the other platform did not start: " + (home / "server.log").read_text())
