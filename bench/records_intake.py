"""Statements into the real server over HTTP: sustained, in a burst, one by one, by many writers.

The sender is a process of its own on the same machine and takes its share of the processors. A
statement counts when its request was acknowledged; that all of them are stored, and once, is
counted in the database afterwards. XUEQIAO_BENCH_SECONDS is the length of the burst (60 to
measure the bar; 15 by default). Beside it ralph-malph, with the same load in the same run.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid

from bench._load import statement
from bench._server import cpu_seconds, finish, load, plan, ralph, running, seconds_until_stored

BURST_SECONDS = float(os.environ.get("XUEQIAO_BENCH_SECONDS", "15"))


def row(what, value, unit, limit=""):
    return {"what": what, "value": value, "unit": unit, "limit": limit}


class Prober(threading.Thread):
    """Sends one statement at a time and measures from its 200 until a GET by its id finds it.

    It asks every few ms, a fiftieth of what the bar allows: asking takes processor time too.
    """

    def __init__(self, made, *, every_seconds: float) -> None:
        super().__init__(daemon=True)
        self.made, self.every_seconds = made, every_seconds
        self.ending, self.took = threading.Event(), []

    def run(self) -> None:
        line = self.made.connect(timeout=60)
        while not self.ending.wait(0.05):
            made = statement(0, 1) | {"id": str(uuid.uuid4())}
            self._ask(line, "POST", "/xapi/statements", json.dumps(made))
            sent = time.monotonic()
            path = f"/xapi/statements?statementId={made['id']}"
            while self._ask(line, "GET", path) != 200 and not self.ending.is_set():
                time.sleep(self.every_seconds)
            self.took.append(time.monotonic() - sent)
        line.close()

    def _ask(self, line, method, path, body=None) -> int:
        line.request(method, path, body, self.made.headers)
        answer = line.getresponse()
        answer.read()
        return answer.status

    def end(self) -> float:
        """Stop; the 95th percentile in ms."""
        self.ending.set()
        self.join(30)
        found = sorted(self.took)
        return found[len(found) * 95 // 100] * 1000


def said(rows: list[dict]) -> list[dict]:
    """The rows, told at once to who waits for them."""
    for each in rows:
        print(f"  {each['what']}: {each['value']:,.2f} {each['unit']}", file=sys.stderr, flush=True)
    return rows


def loaded(made, **changes) -> tuple[dict, float, float]:
    """What the sender saw, the server's CPU s until all is stored, and those seconds."""
    cpu, began = cpu_seconds(made), time.monotonic()
    before = getattr(made, "sent", 0)
    done = finish(load(plan(made, **changes)))
    made.sent = before + done["acknowledged"]
    seconds_until_stored(made, made.sent)
    return done, cpu_seconds(made) - cpu, time.monotonic() - began


def refused(done: dict) -> int:
    return sum(count for status, count in done["statuses"].items() if status != "200")


def sustained(made) -> list[dict]:
    prober = Prober(made, every_seconds=0.02)
    prober.start()
    done, cpu, seconds = loaded(made, rate=6000, seconds=15)
    seen = prober.end()
    made.sent += len(prober.took)
    return [
        row("sustained until queryable", done["acknowledged"] / seconds, "statements/s", "≥ 5,000"),
        row("server CPU at that rate", cpu / done["acknowledged"] * 1000, "ms/statement", "≤ 0.25"),
        row("visible p95 at that rate", seen, "ms", "≤ 1,000"),
    ]


def burst(made) -> list[dict]:
    done, cpu, seconds = loaded(made, seconds=BURST_SECONDS)
    rate = done["acknowledged"] / done["seconds"]
    return [
        row(f"burst of {BURST_SECONDS:.0f} s, durable", rate, "statements/s", "≥ 20,000"),
        row("burst, answer p95", done["p95_ms"], "ms"),
        row("burst, refused", refused(done), "requests", "0"),
        row("burst, all stored after", seconds - done["seconds"], "s"),
        row("burst, server CPU", cpu / done["acknowledged"] * 1000, "ms/statement", "≤ 0.25"),
    ]


def singles(made) -> list[dict]:
    prober = Prober(made, every_seconds=0.002)
    prober.start()
    done, _cpu, _seconds = loaded(made, rate=100, batch=1, connections=4, seconds=10)
    seen = prober.end()
    made.sent += len(prober.took)
    return [
        row("one by one, answer p95", done["p95_ms"], "ms"),
        row("one by one at 100/s, visible p95", seen, "ms", "≤ 100"),
    ]


def ours() -> list[dict]:
    with running("--workers", "2") as made:
        rows = said(sustained(made)) + said(burst(made)) + said(singles(made))
    with running("--workers", "2", XUEQIAO_INTAKE="direct") as made:
        done, cpu, _seconds = loaded(made, seconds=10, people=50)
    return rows + said([
        row("8 writers, shared actors, direct", done["acknowledged"] / done["seconds"],
            "statements/s"),
        row("8 writers, refused", refused(done), "requests", "0"),
        row("direct, server CPU", cpu / done["acknowledged"] * 1000, "ms/statement", "≤ 0.25"),
    ])  # fmt: skip


def beside(rate: float) -> list[dict]:
    """The same load on ralph-malph, one connection more would not make it faster."""
    with ralph() as made:
        cpu = cpu_seconds(made)
        done = finish(load(plan(made, url=f"http://127.0.0.1:{made.port}/xAPI/statements/",
                                seconds=8, connections=4)))  # fmt: skip
        used = cpu_seconds(made) - cpu
    theirs = done["acknowledged"] / done["seconds"]
    return [
        row("ralph-malph 5.1.0, files, not synced", theirs, "statements/s"),
        row("ralph-malph, server CPU", used / max(done["acknowledged"], 1) * 1000, "ms/statement"),
        row("burst, times ralph-malph", rate / max(theirs, 1), "×"),
    ]


def run() -> list[dict]:
    rows = ours()
    rate = next(each["value"] for each in rows if each["what"].startswith("burst of"))
    return rows + beside(rate)
