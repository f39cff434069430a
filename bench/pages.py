"""Server time and queries of the demo's pages. Limits: p95 150 ms, 12 queries."""

from __future__ import annotations

import statistics
import time

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

ROUNDS = 20


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def run() -> list[dict]:
    call_command("demo", "--no-serve")
    from tests.journeys import pages  # noqa: PLC0415 - needs the demo's people

    rows = []
    for name, who, address in pages.addresses():
        client = Client(headers={"host": "localhost"})
        if who:
            pages.sign_in(client, who)
        client.get(address)
        seconds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            answer = client.get(address)
            seconds.append(time.perf_counter() - start)
        assert answer.status_code == 200, (address, answer.status_code)
        with CaptureQueriesContext(connection) as seen:
            client.get(address)
        rows.append({"what": f"{name}: p95", "value": p95(seconds) * 1000, "unit": "ms", "limit": "150"})
        rows.append({"what": f"{name}: queries", "value": len(seen), "unit": "", "limit": "12"})
    return rows
