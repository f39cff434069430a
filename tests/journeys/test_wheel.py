"""The wheel carries all that a run needs: sample data, built scripts, compiled texts, SQL files."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import main_job

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.embedded]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(folder),
            str(ROOT),
        ],
        check=True,
    )
    return next(folder.glob("xueqiao-*.whl"))


def test_everything_that_is_needed_at_run_time_travels(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src/xueqiao").rglob("*")
        if path.is_file()
        and path.suffix
        in {
            ".py",
            ".sql",
            ".html",
            ".css",
            ".js",
            ".json",
            ".jsonld",
            ".csv",
            ".gz",
            ".geojson",
            ".mo",
            ".md",
            ".txt",
            ".svg",
        }
        and "__pycache__" not in path.parts
    }
    assert needed - inside == set()
    assert {n.rsplit("/", 1)[-1] for n in inside} >= {
        "echarts.min.js",
        "htmx.min.js",
        "NOTICES.md",
        "django.mo",
    }
    assert wheel.stat().st_size < 40 * 2**20


def test_an_installed_wheel_works_away_from_the_repository(wheel, tmp_path):
    packages, home = tmp_path / "packages", tmp_path / "home"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(packages),
            str(wheel),
        ],
        check=True,
    )
    env = {**main_job.environment(home), "PYTHONPATH": str(packages)}

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    assert run("import xueqiao; print(xueqiao.__file__)").startswith(str(packages))
    command = "import sys; from xueqiao.cli import main; sys.argv = ['xueqiao', *{words!r}]; main()"
    run(command.format(words=["migrate", "--verbosity", "0"]))
    run(command.format(words=["load_catalogue"]))
    page = run(
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'xueqiao.settings'\n"
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "client = Client(headers={'host': 'localhost'})\n"
        "print(client.get('/').status_code, client.get('/static/vendor/htmx.min.js').status_code)"
    )
    assert page.split() == ["200", "200"]


def test_the_repository_stays_small():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    size = sum(
        (ROOT / name).stat().st_size
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file()
    )
    assert size < 40 * 2**20
    assert not any(
        "/vendor/" in name or "node_modules/" in name for name in listed.stdout.split("\0")
    )
    assert os.access(ROOT / ".ci/run", os.X_OK)
