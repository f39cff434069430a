"""Server time and queries of every kind of page of the demo. Limits: p95 150 ms, 12 queries.

Loads the demo first (minutes), then walks it by its links as the people of the demo, one page of
each kind, and asks for each twenty times.
"""

from __future__ import annotations

import statistics
import time
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.journeys import crawl
from xueqiao.people import accounts

ROUNDS = 20
STARTS = ("/", "/console/", "/cockpit/")


class Answer:
    """A Django answer with the names that the walk by links expects."""

    def __init__(self, path: str, answer: object) -> None:
        self.url = f"http://localhost{path}"
        self.status_code = answer.status_code
        self.headers = {"content-type": answer.headers.get("Content-Type", "")}
        is_text = self.headers["content-type"].startswith("text/html")
        self.text = answer.content.decode() if is_text else ""


class Reader(Client):
    """Someone at the demo; follows no redirects."""

    def get(self, path: str, *args: object, **kwargs: object) -> Answer:
        return Answer(path, super().get(path, *args, **kwargs))


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def run() -> list[dict]:
    call_command("demo", "--no-serve")
    worst: dict[str, tuple[float, int]] = {}
    for login in [None, *accounts.demo_people()]:
        reader = Reader(headers={"host": "localhost"})
        if login:
            reader.force_login(login)
        for start in STARTS:
            for path in crawl.walk(reader, start, per_view=1):
                name = crawl.view_name(urlsplit(path).path)
                measured = measure(reader, path)
                if measured:
                    worst[name] = max(measured, worst.get(name, (0.0, 0)))
    rows = [
        {
            "what": f"{name}: p95, {queries} queries",
            "value": seconds * 1000,
            "unit": "ms",
            "limit": "150 ms, 12 queries",
        }
        for name, (seconds, queries) in sorted(worst.items())
    ]
    total = {
        "what": "slowest page: p95",
        "value": max(s for s, _ in worst.values()) * 1000,
        "unit": "ms",
        "limit": "150 ms",
    }
    most = {
        "what": "most queries of a page",
        "value": max(q for _, q in worst.values()),
        "unit": "queries",
        "limit": "12",
    }
    return [*rows, total, most]


def measure(reader: Reader, path: str) -> tuple[float, int] | None:
    """p95 in seconds and the number of queries; None for what is no page."""
    if not reader.get(path).text:
        return None
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        reader.get(path)
        seconds.append(time.perf_counter() - start)
    with CaptureQueriesContext(connection) as seen:
        reader.get(path)
    return p95(seconds), len(seen)
