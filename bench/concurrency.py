"""Many writers on one ledger: the laws while they write, and how long a single posting waits.

Sixteen processes post for minutes on PostgreSQL: recognised credit, conversions in several lines,
reservations that are posted, given back or left to lapse, repeated requests, reversals. A watcher
looks for broken laws meanwhile. Counted are violations, deadlocks and lost requests; bars: all
zero, and 25 ms at the 95th percentile with eight writers.

XUEQIAO_BENCH_MINUTES sets the length (default 0.5), XUEQIAO_BENCH_WRITERS the writers (default 16).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
import uuid
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.ledger import row

AT = datetime(2026, 9, 1, tzinfo=UTC)
RUN = uuid.uuid4().hex[:8]
LOTS, RIGHTS = 200, 50
MINUTES = float(os.environ.get("XUEQIAO_BENCH_MINUTES", "0.5"))
WRITERS = int(os.environ.get("XUEQIAO_BENCH_WRITERS", "16"))


def prepare() -> dict[str, list[int]]:
    """Accounts of both units, the ones that may not be overdrawn funded."""
    from django.core.management import call_command  # noqa: PLC0415 - after Django is ready

    from xueqiao.creditbank import accounts, ledger  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    made = [accounts.Opening(f"c:{RUN}:issue", "XF", "issue", no_overdraw=False, opened_at=AT)]
    made += [
        accounts.Opening(f"c:{RUN}:lot:{n}", "XF", "lot", no_overdraw=True, opened_at=AT)
        for n in range(LOTS)
    ]
    made += [accounts.Opening(f"c:{RUN}:src", "CAP", "capsrc", no_overdraw=False, opened_at=AT)]
    made += [
        accounts.Opening(f"c:{RUN}:cap:{n}", "CAP", "cap", no_overdraw=True, opened_at=AT)
        for n in range(RIGHTS)
    ]
    by_code = accounts.open_all(made)
    ids = [by_code[each.code] for each in made]
    credit, rights = ids[: LOTS + 1], ids[LOTS + 1 :]
    for source, *rest in (credit, rights):
        lines = [ledger.Line(source, each, 5_000, "start") for each in rest]
        ledger.post(
            key=f"start:{RUN}:{source}", kind="start", lines=lines, event_at=AT, posted_at=AT
        )
    return {"credit": credit, "rights": rights}


def writer(number: int, ids: dict[str, list[int]], until: float, answers: Any) -> None:
    """Post until the end; report what was answered, and how long each posting took."""
    from django.db import OperationalError, connection  # noqa: PLC0415 - after Django is ready

    from xueqiao.creditbank import ledger  # noqa: PLC0415
    from xueqiao.kernel import errors  # noqa: PLC0415

    connection.close()
    pick, said, waits, kept = random.Random(number), Counter(), [], []
    acts = (post_one, post_one, post_group, reserve_and_resolve, repeat, reverse)
    n = 0
    while time.time() < until:
        n += 1
        act = pick.choice(acts)
        start = time.perf_counter()
        try:
            kept += act(ledger, pick, ids, f"{RUN}:{number}:{n}")
            said["posted"] += 1
        except errors.Refusal as why:
            said[f"refused {why.code}"] += 1
        except OperationalError as why:
            said["deadlock" if "deadlock" in str(why) else f"error {why}"] += 1
        if act is post_one:
            waits.append(time.perf_counter() - start)
    answers.put((said, waits, kept))


def post_one(ledger: Any, pick: random.Random, ids: Any, key: str) -> list[str]:
    source, target = pick.sample(ids["credit"], 2)
    line = ledger.Line(source, target, pick.randint(1, 60), "race")
    ledger.post(key=key, kind="race", lines=[line], event_at=AT, posted_at=AT)
    return [key]


def post_group(ledger: Any, pick: random.Random, ids: Any, key: str) -> list[str]:
    """Eight lines over both units, each pair in a random direction."""
    lines = []
    for _line in range(8):
        source, target = pick.sample(ids[pick.choice(("credit", "rights"))], 2)
        lines.append(ledger.Line(source, target, pick.randint(1, 20), "race"))
    ledger.post(key=key, kind="race", lines=lines, event_at=AT, posted_at=AT)
    return [key]


def reserve_and_resolve(ledger: Any, pick: random.Random, ids: Any, key: str) -> list[str]:
    """A reservation, and what becomes of it; some are resolved twice, which has to be refused."""
    source, target = pick.sample(ids["rights"], 2)
    line = ledger.Line(source, target, pick.randint(1, 60), "race")
    until = AT + timedelta(hours=pick.choice((1, 48)))
    held = ledger.reserve(key=key, lines=[line], event_at=AT, posted_at=AT, expires_at=until)
    later = AT + timedelta(hours=2)
    outcome = pick.choice((ledger.Phase.POST, ledger.Phase.VOID))
    with suppress(ledger.ReservationLapsed):
        ledger.resolve(
            key=f"{key}:end", reservation=held, outcome=outcome, event_at=later, posted_at=later
        )
        with suppress(ledger.AlreadyResolved):
            ledger.resolve(
                key=f"{key}:again", reservation=held, outcome=outcome, event_at=later,
                posted_at=later,
            )  # fmt: skip
            raise AssertionError(f"{key} was resolved twice")
    return [key]


def repeat(ledger: Any, pick: random.Random, ids: Any, key: str) -> list[str]:
    """One request that every writer sends: it is posted once, whoever comes first."""
    chosen = random.Random(pick.randint(0, 5_000))
    source, target = chosen.sample(ids["credit"], 2)
    line = ledger.Line(source, target, chosen.randint(1, 5), "race")
    shared = f"{RUN}:shared:{source}:{target}:{line.amount_hundredths}"
    one = ledger.post(key=shared, kind="race", lines=[line], event_at=AT, posted_at=AT)
    two = ledger.post(key=shared, kind="race", lines=[line], event_at=AT, posted_at=AT)
    assert one.pk == two.pk, key
    return [shared]


def reverse(ledger: Any, pick: random.Random, ids: Any, key: str) -> list[str]:
    """Posted and undone at once; a second time is refused."""
    post_one(ledger, pick, ids, key)
    group = ledger.TransferGroup.objects.get(key=key)
    done = {"group": group, "reason": "", "event_at": AT, "posted_at": AT}
    ledger.reverse(key=f"{key}:undo", **done)
    with suppress(ledger.NotReversible):
        ledger.reverse(key=f"{key}:undo again", **done)
        raise AssertionError(f"{key} was reversed twice")
    return [key, f"{key}:undo"]


def violations() -> int:
    """Broken laws as they can be seen at this moment, in one snapshot: I1 and I2."""
    from django.db import connection  # noqa: PLC0415 - after Django is ready

    with connection.cursor() as ask:
        ask.execute(
            "select count(*) filter (where no_overdraw and credits < debits + debits_pending), "
            "sum(debits - credits), sum(debits_pending - credits_pending) from creditbank_account"
        )
        overdrawn, posted, pending = ask.fetchone()
    return int(overdrawn) + (posted != 0) + (pending != 0)


def race(writers: int, seconds: float, ids: Any) -> tuple[Counter, list[float], list[str], int]:
    """Run the writers; what they were answered, single postings' seconds, keys, violations."""
    from django.db import connections  # noqa: PLC0415 - after Django is ready

    connections.close_all()
    context = multiprocessing.get_context("fork")
    answers, until = context.Queue(), time.time() + seconds
    running = [
        context.Process(target=writer, args=(number, ids, until, answers))
        for number in range(writers)
    ]
    for each in running:
        each.start()
    broken = 0
    while time.time() < until:
        time.sleep(min(1.0, max(0.0, until - time.time())))
        broken += violations()
    found = [answers.get() for _each in running]
    for each in running:
        each.join()
    said = sum((each[0] for each in found), Counter())
    said["crashed"] = sum(each.exitcode != 0 for each in running)
    waits = [seconds for each in found for seconds in each[1]]
    return said, waits, [key for each in found for key in each[2]], broken


def run() -> list[dict]:
    from django.db import connection  # noqa: PLC0415 - after Django is ready

    if connection.vendor != "postgresql":
        return [row("concurrent writers: PostgreSQL only", 0, "runs")]
    ids = prepare()
    eight, waits, _keys, _broken = race(8, 10.0, ids)
    waits.sort()
    rows = [
        row("single posting, 8 writers, p95", waits[int(len(waits) * 0.95)] * 1000, "ms", "<= 25"),
        row("single posting, 8 writers, p50", waits[len(waits) // 2] * 1000, "ms"),
        row("deadlocks, 8 writers", eight["deadlock"], "", "0"),
    ]
    start = time.time()
    said, _waits, keys, broken = race(WRITERS, MINUTES * 60, ids)
    return rows + _rows(said, keys, broken, time.time() - start)


def _rows(said: Counter, keys: list[str], broken: int, seconds: float) -> list[dict]:
    from xueqiao.creditbank import audit  # noqa: PLC0415 - after Django is ready
    from xueqiao.creditbank.models import TransferGroup  # noqa: PLC0415

    wanted, lost = sorted(set(keys)), 0
    for first in range(0, len(wanted), 5_000):
        part = wanted[first : first + 5_000]
        lost += len(part) - TransferGroup.objects.filter(key__in=part).count()
    errors = sum(n for what, n in said.items() if what.startswith("error")) + said["crashed"]
    name = f"{WRITERS} writers, {seconds / 60:.1f} min"
    return [
        row(f"{name}: requests answered", said["posted"], "", ""),
        row(f"{name}: refused in order", sum(n for w, n in said.items() if "refused" in w), ""),
        row(f"{name}: requests a second", said["posted"] / seconds, "requests/s"),
        row(f"{name}: violations seen", broken, "", "0"),
        row(f"{name}: deadlocks", said["deadlock"], "", "0"),
        row(f"{name}: lost requests", lost, "", "0"),
        row(f"{name}: errors", errors, "", "0"),
        row(f"{name}: accounts that disagree after", len(list(audit.recompute())), "", "0"),
    ]
