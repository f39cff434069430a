"""Reading over HTTP as the store grows: 10⁴, 10⁵ and 10⁶ statements, and ``more`` to the end.

Each query is asked for as a client asks, with pages of 500, of a person, activity or registration
drawn at random; the page is read and decoded. While the last pages are walked another client goes
on writing. XUEQIAO_BENCH_STATEMENTS is the largest size (1,000,000 by default).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from urllib.parse import urlencode

from bench._fill import EACH
from bench._load import VERBS, statement
from bench._server import HERE, finish, load, plan, running
from bench.records_intake import row, said

MOST = int(os.environ.get("XUEQIAO_BENCH_STATEMENTS", "1000000"))
ASKED = 30
# A walk that has not come to the end by then shows what it left out.
WALK_SECONDS = 60
HOME_PAGE = "https://lms.example"


class Reader:
    """One connection that asks, and the times it took in ms."""

    def __init__(self, made) -> None:
        self.line, self.headers = made.connect(timeout=120), made.headers

    def ask(self, path: str) -> dict:
        self.line.request("GET", path, headers=self.headers)
        answer = self.line.getresponse()
        text = answer.read()
        assert answer.status == 200, (path, answer.status, text[:300])
        return json.loads(text)

    def find(self, **given: str) -> dict:
        return self.ask(f"/xapi/statements?{urlencode(given)}")


def agent(number: int) -> str:
    return json.dumps({"account": {"homePage": HOME_PAGE, "name": f"p{number // EACH}"}})


def asked(chance: random.Random, size: int) -> dict[str, dict[str, str]]:
    """The parameters of one query of each kind."""
    number = chance.randrange(size)
    made = statement(number, 1)
    verb, thing = made["verb"]["id"], made["object"]["id"]
    course = made["context"]["contextActivities"]["parent"][0]["id"]
    return {
        "by agent": {"agent": agent(number)},
        "by verb": {"verb": verb},
        "by activity": {"activity": thing},
        "by agent and verb": {"agent": agent(number), "verb": verb},
        "by registration": {"registration": made["context"]["registration"]},
        "by related activity": {"activity": course, "related_activities": "true"},
        "by related agent": {"agent": agent(number), "related_agents": "true"},
    }


def measured(made, size: int) -> list[dict]:
    reader, chance = Reader(made), random.Random(size)
    known = [each["id"] for each in reader.find(limit="500")["statements"]]
    took: dict[str, list[float]] = {}
    for turn in range(ASKED + 1):
        queries = {"by id": {"statementId": chance.choice(known)}, **asked(chance, size)}
        for name, given in queries.items():
            began = time.monotonic()
            found = reader.find(**given)
            if turn:  # the first asks for what nobody has asked for
                took.setdefault(name, []).append(time.monotonic() - began)
            assert name == "by id" or found["statements"], (name, given)
            if name not in {"by id", "by agent and verb"} and found["statements"]:
                known.append(found["statements"][-1]["id"])
    return said([
        row(f"{size:,}: {name}, p95", sorted(times)[len(times) * 95 // 100] * 1000, "ms",
            "≤ 20" if name == "by id" else "≤ 100")
        for name, times in took.items()
    ])  # fmt: skip


def walked(made, size: int) -> list[dict]:
    """Page through one verb to the end while others write: every statement once."""
    verb = statement(1, 1)["verb"]["id"]
    wanted = len(range(1, size, len(VERBS)))
    writing = load(plan(made, rate=300, batch=10, connections=2, seconds=WALK_SECONDS))
    reader, times, found = Reader(made), [], []
    began = time.monotonic()
    path = f"/xapi/statements?{urlencode({'verb': verb})}"
    while path and time.monotonic() - began < WALK_SECONDS:
        page_began = time.monotonic()
        page = reader.ask(path)
        times.append(time.monotonic() - page_began)
        found += [
            (each["id"], each["actor"]["account"]["name"][0] == "p") for each in page["statements"]
        ]
        path = page["more"]
    done = finish(writing)
    filled = {key for key, is_filled in found if is_filled}
    assert done["statuses"].keys() == {"200"}, done
    return said([
        row(f"{size:,}: more, pages read", len(times), "pages"),
        row(f"{size:,}: more, a page p95", sorted(times)[len(times) * 95 // 100] * 1000, "ms"),
        row(f"{size:,}: more, repeated", len(found) - len(dict(found)), "statements", "0"),
        row(f"{size:,}: more, left out", wanted - len(filled), "statements", "0"),
    ])  # fmt: skip


def fill(made, first: int, count: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "bench._fill", str(first), str(count)],
        cwd=HERE, env=made.environment, check=True,
    )  # fmt: skip


def run() -> list[dict]:
    rows, size = [], 0
    with running("--workers", "2") as made:
        for wanted in (10_000, 100_000, 1_000_000):
            if wanted > MOST:
                break
            fill(made, size, wanted - size)
            size = wanted
            rows += measured(made, size)
        return rows + walked(made, size)
