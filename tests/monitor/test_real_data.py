"""All ten indicators of the demo, every place and both registers, against plain Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import main_job

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.xdist_group("main-job")]
ROOT = Path(__file__).resolve().parents[2]


def test_every_value_agrees_to_the_last_digit(demo_home):
    done = subprocess.run(
        [sys.executable, "-m", "tests.monitor.real"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**main_job.environment(demo_home.path), "PYTHONPATH": "src:."}, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["wrong"], found["first"]) == (0, [])
    assert found["codes"] == ["F01", "N02", "N03", "N05", "N06", "P01", "P03", "P09", "Q02", "X01"]
    assert found["compared"] > 100_000
