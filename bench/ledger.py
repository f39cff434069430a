"""Postings and recognised lots a second, and what reading a balance costs beside a long history.

Bars: recognition in groups at least 3,000 lots/s on PostgreSQL and 4,000 on SQLite; a single
posting within 25 ms at the 95th percentile.
"""

from __future__ import annotations

import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.management import call_command

from xueqiao.creditbank import accounts, audit, completions, ledger, standards
from xueqiao.creditbank.models import Account
from xueqiao.network.models import Institution
from xueqiao.people.models import Person
from xueqiao.records import log

if TYPE_CHECKING:
    from xueqiao.records.models import LogEntry

AT = datetime(2026, 9, 1, tzinfo=UTC)
LOTS, BATCH, SINGLE = 20_000, 1_000, 400
RUN = uuid.uuid4().hex[:8]  # a database that was measured before can be measured again


def row(what, value, unit, limit=""):
    return {"what": what, "value": value, "unit": unit, "limit": limit}


def prepare() -> list[Person]:
    call_command("migrate", verbosity=0, interactive=False)
    standards.load()
    Institution.objects.get_or_create(
        code="BENCH", defaults={"name": "x", "kind": "open_university", "valid_from": AT.date()}
    )
    people = [Person(key=uuid.uuid4(), name="x", opened_at=AT) for _ in range(2_000)]
    return Person.objects.bulk_create(people)


def entry(number: int, person: Person) -> LogEntry:
    at = datetime(2014, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    payload = {
        "enrolment_id": f"{RUN}-{number}", "person_id": person.pk,
        "offering_code": "OULAD-AAA-2013J",
        "module_code": "AAA", "presentation": "2013J", "institution_code": "BENCH",
        "result": "pass", "studied_credits_hundredths": 6000, "completed_at": at.isoformat(),
    }  # fmt: skip
    return log.entry(
        kind="hall.completed", key=f"bench:{RUN}:{number}", event_at=at, payload=payload
    )


def recognised(people: list[Person]) -> float:
    entries = [entry(number, people[number % len(people)]) for number in range(LOTS)]
    completions.recognise(entries=entries[:10], now=AT)
    start = time.perf_counter()
    for first in range(10, LOTS, BATCH):
        completions.recognise(entries=entries[first : first + BATCH], now=AT)
    return (LOTS - 10) / (time.perf_counter() - start)


def opened(count: int) -> list[int]:
    made = [
        accounts.Opening(f"bench:{RUN}:{n}", "XF", "issue", no_overdraw=False, opened_at=AT)
        for n in range(count)
    ]
    return list(accounts.open_all(made).values())


def grouped(ids: list[int]) -> float:
    vouchers = [ledger.Voucher(f"g:{RUN}:{n}", "bench", (line(ids, n),), AT) for n in range(10_000)]
    start = time.perf_counter()
    for first in range(0, len(vouchers), BATCH):
        ledger.post_many(vouchers=vouchers[first : first + BATCH], posted_at=AT)
    return len(vouchers) / (time.perf_counter() - start)


def line(ids: list[int], n: int) -> ledger.Line:
    return ledger.Line(ids[n % len(ids)], ids[(n * 7 + 1) % len(ids)], 100, "bench")


def single(ids: list[int]) -> list[float]:
    spent = []
    for n in range(SINGLE):
        start = time.perf_counter()
        ledger.post(
            key=f"s:{RUN}:{n}", kind="bench", lines=[line(ids, n)], event_at=AT, posted_at=AT
        )
        spent.append(time.perf_counter() - start)
    return spent


def reading(account_id: int) -> float:
    start = time.perf_counter()
    for _ in range(200):
        audit.balance(account_id)
    return (time.perf_counter() - start) / 200 * 1e6


def run() -> list[dict]:
    people = prepare()
    lots = recognised(people)
    ids = opened(50)
    spent = single(ids)
    young = reading(opened(51)[-1])
    many = grouped(ids)
    old = reading(Account.objects.get(code="issue:BENCH").pk)
    start = time.perf_counter()
    assert list(audit.recompute()) == []
    checked = time.perf_counter() - start
    return [
        row(
            "lots recognised in groups of 1,000",
            lots,
            "lots/s",
            "≥ 3,000 PostgreSQL, ≥ 4,000 SQLite",
        ),
        row("transfers in groups of 1,000", many, "transfers/s"),
        row("single postings, one writer", len(spent) / sum(spent), "postings/s"),
        row("single posting, p95", statistics.quantiles(spent, n=20)[-1] * 1e3, "ms", "≤ 25 ms"),
        row("balance, account without history", young, "µs"),
        row(f"balance, account of {LOTS:,} transfers", old, "µs", "as without history"),
        row(f"recomputation of {LOTS + 10_000 + SINGLE:,} transfers", checked, "s"),
    ]
