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
STARTUP_SECONDS = 1.5


def test_a_second_run_repeats_nothing(demo_home):
    before = demo_home.account()
    start = time.monotonic()

    said = main_job.finish(main_job.demo(demo_home.path))

    assert demo_home.account() == before
    assert "xueqiao ingest" not in said
    assert time.monotonic() - start < 10


def test_killed_at_ten_random_moments_the_account_is_the_same(demo_home, tmp_path):
    moments, kills, share = random.Random(20261122), 0, demo_home.seconds / KILLS
    while kills < KILLS:
        # Where a machine has become so fast that a job ends early, the next home is killed sooner.
        home = tmp_path / f"home-{kills}"
        pauses = [moments.uniform(0.2, 1.6) * share for _kill in range(KILLS - kills)]
        kills += kill_until_done(home, pauses)
        share /= 2

        assert main_job.account(home) == demo_home.account()


def kill_until_done(home, pauses):
    """Run the main job to its end, killed after each pause; how often it was."""
    for kills, pause in enumerate(pauses):
        job = main_job.demo(home)
        try:
            job.communicate(timeout=STARTUP_SECONDS + pause)
        except subprocess.TimeoutExpired:
            os.killpg(job.pid, signal.SIGKILL)
            job.communicate()
        else:
            assert job.returncode == 0
            return kills
    main_job.finish(main_job.demo(home))
    return len(pauses)
