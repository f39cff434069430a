"""What a balance, a statement and a posting cost beside a history of 10³ … 10⁷ transfers.

All transfers touch one learner's account, the worst case. XUEQIAO_BENCH_HISTORY names the longest
history (default 100,000; the full curve: 10,000,000). Rows are filled in by SQL, through the
ledger's own triggers.
"""

from __future__ import annotations

import os
import statistics
import time
from datetime import timedelta

from django.db import connection, transaction

from bench.ledger import AT, RUN, entry, prepare, row
from xueqiao.creditbank import audit, bitemporal, completions, ledger, statement
from xueqiao.creditbank.models import Account, TransferGroup

LONGEST = int(os.environ.get("XUEQIAO_BENCH_HISTORY", "100000"))
CHUNK, READS, POSTS, MOVEMENTS = 100_000, 100, 30, 30
NUMBERS = {
    "postgresql": "select n from generate_series(%s::bigint, %s::bigint) s(n)",
    "sqlite": "with recursive s(n) as (select %s union all select n + 1 from s where n < %s) "
    "select n from s",
}
FILL = """
    insert into creditbank_transfer (group_id, key, request_hash, debit_id, credit_id,
        amount_hundredths, code, phase, event_at, posted_at)
    select %s, %s || n, '', %s, %s, 1, 'bench', 'post', %s, %s from ({numbers}) numbers"""


def filled(have: int, size: int, issue: int, lot: int) -> None:
    """Bring the history of the account to a size; all of it two years old."""
    old = AT - timedelta(days=730)
    group = TransferGroup.objects.create(
        key=f"history:{RUN}:{size}", request_hash="", kind="bench", event_at=old, posted_at=old
    )
    text = FILL.format(numbers=NUMBERS[connection.vendor])
    for first in range(have, size, CHUNK):
        last = min(first + CHUNK, size) - 1
        with transaction.atomic(), connection.cursor() as run:
            run.execute(text, [group.pk, f"history:{RUN}:", issue, lot, old, old, first, last])


def spent(work, times: int) -> list[float]:
    found = []
    for n in range(times):
        start = time.perf_counter()
        work(n)
        found.append(time.perf_counter() - start)
    return found


def run() -> list[dict]:
    person = prepare()[0]
    completions.recognise(entries=[entry(1, person)], now=AT)
    lot = Account.objects.get(person=person, kind="lot")
    issue = Account.objects.get(code="issue:BENCH")
    rows, have, size = [], 0, 1_000
    while size <= LONGEST:
        filled(have, size, issue.pk, lot.pk)
        rows += _at(size, person, issue.pk, lot.pk)
        have, size = size, size * 10
    return rows


def _at(size: int, person, issue: int, lot: int) -> list[dict]:
    def post(n: int) -> None:
        line = ledger.Line(issue, lot, 1, "bench")
        key = f"now:{RUN}:{size}:{n}"
        ledger.post(key=key, kind="bench", lines=[line], event_at=AT, posted_at=AT)

    def read(_n: int) -> None:
        audit.balance(lot)

    def stated(_n: int) -> None:
        found = statement.statement(
            person, since=AT - timedelta(days=1), until=AT + timedelta(days=1)
        )
        assert len(found.movements) >= MOVEMENTS

    def then(_n: int) -> None:
        bitemporal.balances([lot], as_of=AT, known_at=AT)

    posting = statistics.median(spent(post, POSTS))
    month = statistics.median(spent(stated, 5))
    name = f"{size:,} transfers"
    return [
        row(f"balance, {name}", statistics.median(spent(read, READS)) * 1e6, "µs", "flat"),
        row(f"statement of a month, {name}", month * 1e3, "ms", "flat"),
        row(f"posting, {name}", posting * 1e3, "ms", "flat"),
        row(f"balance as of, as known, {name}", statistics.median(spent(then, 3)) * 1e3, "ms"),
    ]
