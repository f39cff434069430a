"""The sealed ledger: 1,000,000 transfers sealed, proofs, the whole check, the stand-alone script.

Bars: sealing 1,000,000 transfers at most 60 s; a proof at most 50 ms. ``XUEQIAO_BENCH_TRANSFERS``
takes another number. Transfers are written by the ledger's own insert without its postings' checks,
which are measured elsewhere.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command

from xueqiao.creditbank import accounts, ledger, seals
from xueqiao.creditbank.models import BankKey, LedgerSeal, Transfer
from xueqiao.creditbank.seals import check_ledger_proof, keys, proofs, sealing
from xueqiao.kernel import bulk

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2026, 9, 1, tzinfo=UTC)
TRANSFERS, GROUP = int(os.environ.get("XUEQIAO_BENCH_TRANSFERS", "1000000")), 10_000
PROOFS = 50


def fill() -> None:
    made = [
        accounts.Opening(f"seal:{n}", "XF", "issue", no_overdraw=False, opened_at=AT)
        for n in range(100)
    ]
    ids = list(accounts.open_all(made).values())
    for first in range(0, TRANSFERS, GROUP):
        lines = [
            ledger.Line(ids[n % 100], ids[(n * 7 + 1) % 100], 100 + n % 900, "bench")
            for n in range(first, min(first + GROUP, TRANSFERS))
        ]
        ledger.post(key=f"seal:{first}", kind="bench", lines=lines, event_at=AT, posted_at=AT)
    bulk.count_anew(Transfer)


def p95(work: Callable[[int], object]) -> float:
    """Milliseconds, over transfers from all over the ledger."""
    spent = []
    for number in range(PROOFS):
        start = time.perf_counter()
        work(number)
        spent.append((time.perf_counter() - start) * 1e3)
    return statistics.quantiles(spent, n=20)[-1]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def script(document: dict) -> float:
    place = Path(settings.HOME) / "proof.json"
    place.write_text(json.dumps(document))
    key = keys.verifier_key(BankKey.objects.get())
    program = [sys.executable, "-I", "-S", check_ledger_proof.__file__, str(place), key]
    return seconds(lambda: subprocess.run(program, check=True, stdout=subprocess.DEVNULL))


def row(what: str, value: float, unit: str, limit: str = "") -> dict:
    return {"what": what, "value": value, "unit": unit, "limit": limit}


def run() -> list[dict]:
    call_command("migrate", verbosity=0, interactive=False)
    fill()
    worked = time.process_time()
    sealed = seconds(lambda: seals.catch_up(now=AT, limit=TRANSFERS))
    worked = time.process_time() - worked
    assert sealing.size() == TRANSFERS
    ids = list(Transfer.objects.order_by("pk").values_list("pk", flat=True)[:: TRANSFERS // PROOFS])
    sizes = list(LedgerSeal.objects.order_by("number").values_list("size", flat=True))
    included = p95(lambda n: seals.of_transfers(transfer_ids=[ids[n]]))
    grown = p95(lambda n: proofs.of_growth(old=sizes[n % len(sizes)], new=sizes[-1]))
    ledger.post(key="one", kind="bench", lines=[last_line()], event_at=AT, posted_at=AT)
    one = seconds(lambda: seals.seal(now=AT + timedelta(minutes=1)))
    checked = seconds(lambda: seals.refuse_findings(now=AT))
    alone = script(seals.of_transfers(transfer_ids=ids[:1]))
    many = f"{TRANSFERS:,}"
    return [
        row(f"{many} transfers sealed", sealed, "s", "≤ 60 s for 1,000,000"),
        row("of it, time of this process", worked, "s"),
        row(f"one more sealed behind {many}", one * 1e3, "ms"),
        row("inclusion proof, p95", included, "ms", "≤ 50 ms"),
        row("consistency proof, p95", grown, "ms", "≤ 50 ms"),
        row(f"{many} rows checked up to every root", checked, "s"),
        row("stand-alone script, one proof", alone * 1e3, "ms"),
    ]


def last_line() -> ledger.Line:
    first = Transfer.objects.order_by("pk").first()
    assert first is not None
    return ledger.Line(first.debit_id, first.credit_id, 100, "bench")
