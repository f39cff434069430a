"""The ledger beside raw SQL and beside django-hordak, on the same PostgreSQL in the same run.

XUEQIAO_BENCH_HORDAK is a Python interpreter of an environment of its own that has django-hordak and
psycopg (``python -m venv x && x/bin/pip install django-hordak 'psycopg[binary]'``); without it that
part is left out. Bar: at least 20 times hordak's postings a second, in groups as bulk work posts.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from django.db import connection, transaction

from bench.ledger import AT, BATCH, RUN, audit, grouped, opened, prepare, row, single
from xueqiao.creditbank.models import TransferGroup

HORDAK = os.environ.get("XUEQIAO_BENCH_HORDAK", "")
POSTINGS, HISTORY = 200, 50_000
RAW = """
    insert into creditbank_transfer (group_id, key, request_hash, debit_id, credit_id,
        amount_hundredths, code, phase, event_at, posted_at)
    values (%s, %s, '', %s, %s, 1, 'bench', 'post', %s, %s)"""


def raw(ids: list[int], commits: int, group_size: int) -> float:
    """Transfers a second with nothing but SQL and the triggers: no checks in words, no hashes."""
    start = time.perf_counter()
    for n in range(commits):
        with transaction.atomic():
            group = TransferGroup.objects.create(
                key=f"raw:{RUN}:{group_size}:{n}", request_hash="", kind="bench", event_at=AT,
                posted_at=AT,
            )  # fmt: skip
            name = f"raw:{RUN}:{group_size}:{n}"
            rows = [
                (group.pk, f"{name}:{m}", ids[m % 50], ids[(m + 1) % 50], AT, AT)
                for m in range(group_size)
            ]
            with connection.cursor() as run:
                run.executemany(RAW, rows)
    return commits * group_size / (time.perf_counter() - start)


def hordak() -> dict[str, float] | None:
    url = os.environ.get("XUEQIAO_DATABASE_URL", "")
    if not HORDAK or not url:
        return None
    script = Path(__file__).with_name("_hordak.py")
    done = subprocess.run(
        [HORDAK, script, url, str(POSTINGS), str(HISTORY)], check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])


def run() -> list[dict]:
    prepare()
    ids = opened(50)
    spent = single(ids)
    ours, many = len(spent) / sum(spent), grouped(ids)
    start = time.perf_counter()
    for _n in range(200):
        audit.balance(ids[0])
    balance = (time.perf_counter() - start) / 200 * 1e3
    rows = [
        row("single postings, this ledger", ours, "postings/s"),
        row(f"transfers in groups of {BATCH:,}, this ledger", many, "transfers/s"),
        row("single postings, raw SQL with the triggers", raw(ids, 200, 1), "postings/s"),
        row(
            "transfers in groups of 100, raw SQL with the triggers",
            raw(ids, 50, 100),
            "transfers/s",
        ),
        row("balance, this ledger", balance, "ms"),
    ]
    found = hordak()
    if found is None:
        return rows
    return [
        *rows,
        row("single postings, django-hordak", found["postings"], "postings/s"),
        row("balance beside 200 postings, django-hordak", found["balance_small_ms"], "ms"),
        row(f"balance beside {HISTORY:,} postings, django-hordak", found["balance_ms"], "ms"),
        row("single postings, times hordak", ours / found["postings"], "×"),
        row("grouped transfers, times hordak", many / found["postings"], "×", "≥ 20"),
    ]
