"""What holds for every test: where the tools are promised, a skipped test is a failed one."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.main_job import demo_home

__all__ = ["demo_home"]

SKIPPED: list[str] = []
LONGEST_NAME = 40
# Folders whose tests share what one fixture loaded: with workers they stay together.
TOGETHER = {"tests/network/full/": "network-full", "tests/catalog/": "catalog"}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Files made when tests are collected may hold the time: they do not name a test, or every
    worker would collect other ones.
    """
    return argname if isinstance(val, bytes) and len(val) > LONGEST_NAME else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for folder, name in TOGETHER.items():
            if item.nodeid.startswith(folder):
                item.add_marker(pytest.mark.xdist_group(name))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: Any) -> None:
    # With workers only the main process sees every report.
    if hasattr(session.config, "workerinput") or os.environ.get("XUEQIAO_NO_SKIPS") != "1":
        return
    if SKIPPED:
        print(f"\n{len(SKIPPED)} tests were skipped where none may be: {SKIPPED[:10]}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
