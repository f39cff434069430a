"""Ten indicators of 20,000 learners; distinct persons by recounting against roaring bitmaps."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from datetime import date
from pathlib import Path

from pyroaring import BitMap

from bench import lake
from xueqiao.lake import build, engines
from xueqiao.monitor import compute
from xueqiao.monitor.indicators import ALL, participation

AS_OF = date(2026, 3, 2)


def by_bitmaps(engine) -> float:
    """Seconds to unite the learners of every place and year, from base rows."""
    begun = time.perf_counter()
    rows = engine.sql(participation.active(15).sql).read_all()
    tree = engine.sql("select register, descendant_id, ancestor_id from closure").read_all()
    above = defaultdict(list)
    for register, place, up in zip(*(c.to_pylist() for c in tree.columns), strict=True):
        above[register, place].append(up)
    base = defaultdict(list)
    for register, place, year, member, _sample in zip(
        *(c.to_pylist() for c in rows.columns), strict=True
    ):
        base[register, place, year].append(member)
    united = defaultdict(BitMap)
    for (register, place, year), members in base.items():
        found = BitMap(members)
        for up in above[register, place]:
            united[register, up, year] |= found
    return time.perf_counter() - begun


def run() -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lake.extracted(root, lake.world())
        lake.built(root)
        with engines.opened(name="duckdb", memory="1GB", root=root) as engine:
            begun = time.perf_counter()
            compute.prepare(build.ready(root=root), engine, AS_OF)
            for indicator in ALL:
                compute.evaluate(engine, indicator)
            everything = time.perf_counter() - begun
            begun = time.perf_counter()
            compute.evaluate(engine, participation.RESIDENTS_YEARLY)
            recounted = time.perf_counter() - begun
            bitmaps = by_bitmaps(engine)
    what = f"{lake.STATEMENTS:,} statements, {lake.LEARNERS:,} learners"
    return [
        {"what": f"ten indicators, {what}", "value": everything, "unit": "s"},
        {"what": "P03, distinct persons recounted", "value": recounted, "unit": "s"},
        {"what": "P03, distinct persons by bitmaps", "value": bitmaps, "unit": "s"},
    ]
