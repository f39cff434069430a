"""Runs the main job as a person does: as a process, in a home of its own, on SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest


@dataclass(frozen=True)
class DemoHome:
    """A finished demo: its folder, what it printed, how long it took in seconds."""

    path: Path
    said: str
    seconds: float

    def account(self) -> dict:
        return account(self.path)


def environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "XUEQIAO_HOME": str(home),
        "XUEQIAO_DATABASE_URL": "",
        "TERM": "dumb",
        "DJANGO_SETTINGS_MODULE": "xueqiao.settings",
        "LANGUAGE": "en",
    }


def command(home: Path, *words: str, output: int | IO = subprocess.PIPE) -> subprocess.Popen:
    """Start ``xueqiao <words>`` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from xueqiao.cli import main; main()", *words],
        env=environment(home),
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def demo(home: Path) -> subprocess.Popen:
    return command(home, "demo", "--no-serve")


def finish(job: subprocess.Popen) -> str:
    """Wait for a good end; what it printed."""
    said, _ = job.communicate(timeout=1200)
    assert job.returncode == 0, said[-3000:]
    return said


def account(home: Path) -> dict:
    return json.loads((home / "demo.json").read_text())["account"]


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory) -> DemoHome:
    """One clean run of the main job, shared by all tests of the group ``main-job``."""
    path = tmp_path_factory.mktemp("demo-home")
    start = time.monotonic()
    said = finish(demo(path))
    return DemoHome(path, said, time.monotonic() - start)
