"""Extraction and build of the lake: rows a second, and what one late statement costs."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.lake import worlds
from xueqiao.lake import build, engines, extract

LEARNERS = 20_000
STATEMENTS = 300_000


def world() -> worlds.World:
    """Statements of three years, spread evenly over learners who live in two villages."""
    made, start = worlds.small(), datetime(2022, 1, 1, tzinfo=UTC)
    for person in range(1, LEARNERS + 1):
        made.add_person(person, birth_year=1930 + person % 80, home_id=(40, 42)[person % 2])
    for number in range(STATEMENTS):
        at = start + timedelta(minutes=number * 5)
        made.add_statement(1 + number * 7919 % LEARNERS, at, registration=str(number % 50))
    return made


def built(root: Path) -> float:
    begun = time.perf_counter()
    with engines.opened(name="duckdb", memory="1GB", root=root) as engine:
        build.build(root=root, engine=engine, at=worlds.AT)
    return time.perf_counter() - begun


def extracted(root: Path, made: worlds.World) -> float:
    begun = time.perf_counter()
    extract.extract(root=root, of=made.sources(), at=worlds.AT)
    return time.perf_counter() - begun


def run() -> list[dict]:
    made = world()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy, whole = extracted(root, made), built(root)
        nothing = built(root)
        made.add_statement(1, datetime(2022, 5, 1, tzinfo=UTC))
        extracted(root, made)
        late = built(root)
    return [
        {"what": "statements copied into bronze", "value": STATEMENTS / copy, "unit": "rows/s"},
        {"what": "stage and marts built", "value": STATEMENTS / whole, "unit": "rows/s"},
        {"what": "build with nothing new", "value": nothing, "unit": "s", "limit": "1"},
        {"what": "build after one late statement", "value": late, "unit": "s"},
    ]
