"""Extraction from the database into bronze: rows a second, and what one changed row costs.

XUEQIAO_BENCH_ROWS says how many statements and persons there are (default 40,000 of each).
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command

from xueqiao.kernel import clock
from xueqiao.lake import catalogue, extract
from xueqiao.people.models import Person

ROWS = int(os.environ.get("XUEQIAO_BENCH_ROWS", "40000"))
LOG, PERSONS = "bronze.statement", "bronze.person"


def fill() -> None:
    """Statements through the verb that stores them, persons without names."""
    call_command("migrate", verbosity=0)
    from bench import _fill  # noqa: PLC0415 - sets Django up, which the parent has no need of

    _fill.main(0, ROWS)
    now = clock.now()
    for start in range(0, ROWS, 5000):
        Person.objects.bulk_create(
            Person(key=uuid.uuid4(), birth_year=1930 + number % 80, opened_at=now)
            for number in range(start, min(start + 5000, ROWS))
        )


def extracted(root: Path, table: str) -> tuple[int, float]:
    """Rows and seconds of one table."""
    of = [source for source in catalogue.sources() if source.table == table]
    begun = time.perf_counter()
    (done,) = extract.extract(root=root, of=of, at=clock.now())
    return done.rows or 0, time.perf_counter() - begun


def run() -> list[dict]:
    fill()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        logged, log_seconds = extracted(root, LOG)
        kept, seconds = extracted(root, PERSONS)
        first = Person.objects.order_by("pk").values_list("pk", flat=True)[ROWS // 2]
        # Beyond the overlap: a day later than all others.
        later = clock.now() + timedelta(days=1)
        Person.objects.filter(pk=first).update(birth_year=1901, updated_at=later)
        one, one_seconds = extracted(root, PERSONS)
        _rows, nothing = extracted(root, LOG)
    assert (logged, kept, one) == (ROWS, Person.objects.count(), 1)
    return [
        {"what": "statements copied into bronze", "value": logged / log_seconds,
         "unit": "rows/s", "limit": "≥ 50,000"},
        {"what": "persons copied, with their changes", "value": kept / seconds, "unit": "rows/s",
         "limit": "≥ 50,000"},
        {"what": "one changed person", "value": 1000 * one_seconds, "unit": "ms"},
        {"what": "nothing new", "value": 1000 * nothing, "unit": "ms"},
    ]  # fmt: skip
