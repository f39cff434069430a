"""The account of the demo agrees with a recount from the raw files that shares no code with it."""

from __future__ import annotations

import pytest

from tools import recount

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.xdist_group("main-job")]


def test_every_number_that_the_raw_files_hold_is_the_same(demo_home):
    compared, wrong = recount.differences(demo_home.account())
    assert wrong == []
    assert compared > 30


def test_one_wrong_number_is_found(demo_home):
    account = demo_home.account()
    account["records"]["funmooc"]["accepted"] -= 1
    assert len(recount.differences(account)[1]) == 2


def test_the_account_is_printed_in_fifteen_lines(demo_home):
    said = demo_home.said.strip().splitlines()
    assert any("99.20 %" in line for line in said)
    assert any("82.99 %" in line for line in said)


def test_what_is_written_stays_small(demo_home):
    size = sum(path.stat().st_size for path in demo_home.path.rglob("*") if path.is_file())
    assert size < 2 * 2**30
