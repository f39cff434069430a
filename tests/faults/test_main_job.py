"""The main job, killed at random moments, ends with the same account as one that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest

from tests import main_job

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.xdist_group("main-job")]
KILLS = 10


def test_a_second_run_repeats_nothing(demo_home):
    before = demo_home.account()
    start = time.monotonic()

    said = main_job.finish(main_job.demo(demo_home.path))

    assert demo_home.account() == before
    assert "xueqiao ingest" not in said
    assert time.monotonic() - start < 10


def test_killed_at_ten_random_moments_the_account_is_the_same(demo_home, tmp_path):
    moments = random.Random(20261122)
    kills = 0
    while kills < KILLS:
        job = main_job.demo(tmp_path)
        try:
            # A share of the whole time each, so that the kills spread over the whole job.
            job.communicate(timeout=1.5 + moments.uniform(0.3, 1.7) * demo_home.seconds / KILLS)
        except subprocess.TimeoutExpired:
            os.killpg(job.pid, signal.SIGKILL)
            job.communicate()
            kills += 1
        else:
            break
    assert kills >= KILLS - 3, "the job ended before it could be killed often enough"

    main_job.finish(main_job.demo(tmp_path))

    assert main_job.account(tmp_path) == demo_home.account()
