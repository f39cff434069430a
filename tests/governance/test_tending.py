"""The lake is kept in order by jobs: few files, none of the past, no harm to who works on it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.lake import worlds
from xueqiao import jobs
from xueqiao.governance import tending
from xueqiao.lake import extract, tables

pytestmark = pytest.mark.embedded
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LOG = "bronze.statement"


@pytest.fixture
def log(settings, tmp_path, monkeypatch):
    """The log in bronze, in six files of each of two months."""
    monkeypatch.setattr(extract, "BATCH", 1)
    settings.LAKE, settings.LAKE_MEMORY = tmp_path / "lake", "500MB"
    world = worlds.small()
    world.add_person(1)
    for number in range(12):
        world.add_statement(1, datetime(2024, 3 + number // 6, 10, number, tzinfo=UTC))
    worlds.fill(settings.LAKE, world)
    return tables.Table(settings.LAKE, LOG, is_parted=True)


def test_small_files_become_few_and_the_old_ones_go(log):
    before = worlds.rows_of(log.root, LOG)
    assert len(log.file_names()) == 12
    assert tending.compact(now=NOW, seconds=0) == 0, "no time to begin a part"

    with tables.locked(log.root, "compact"):
        assert tending.compact(now=NOW) == 0, "another one is at work"
    assert jobs.PERIODIC["compact_lake"].verb(NOW) >= 10
    assert len(log.file_names()) == 2
    assert tending.compact(now=NOW) == 0
    assert worlds.rows_of(log.root, LOG) == before

    assert jobs.PERIODIC["sweep_lake"].verb(NOW) == 0, (
        "who reads an earlier version is not disturbed"
    )
    assert len(list(log.path.rglob("*.parquet"))) == 14
