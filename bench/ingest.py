"""Statements a second through the whole way in, and out again for the lake.

Bars: the store at least 6,000 statements/s with every check; the endpoint at least 5,000/s in
batches of 100; rows for the lake at least 50,000/s.
"""

from __future__ import annotations

import base64
import time
from pathlib import Path

import msgspec
from django.core.management import call_command
from django.test import Client

from xueqiao import sample
from xueqiao.intake import feed, feeds, files
from xueqiao.kernel import clock, cursor
from xueqiao.records import exports, keys, sources

SAMPLE = Path(sample.__file__).parent
OVER_HTTP, A_REQUEST = 10_000, 100


def row(what, value, unit, limit=""):
    return {"what": what, "value": value, "unit": unit, "limit": limit}


def taken_in() -> tuple[int, float]:
    """Items of the three sample platforms, and seconds."""
    start = time.perf_counter()
    done = [feed.run(feed=each, folder=SAMPLE).received for each in feeds.FEEDS]
    return sum(done), time.perf_counter() - start


def over_http() -> float:
    """Statements a second through the view, in requests of 100, new ids and known actors."""
    source = sources.open_source(code="bench", name="bench", at=clock.now())
    pair = keys.create_key(source=source, scopes=["all"], at=clock.now())
    coded = base64.b64encode(":".join(pair).encode()).decode()
    data = files.packed(SAMPLE / "funmooc/statements.jsonl.gz")
    lines = files.unpacked(data, "x.gz").decode().splitlines()[:OVER_HTTP]
    sent = [{**msgspec.json.decode(line), "id": None} for line in lines]
    for each in sent:
        del each["id"]
    bodies = [
        msgspec.json.encode(sent[first : first + A_REQUEST])
        for first in range(0, len(sent), A_REQUEST)
    ]
    client = Client(SERVER_NAME="127.0.0.1")
    headers = {"Authorization": f"Basic {coded}", "X-Experience-API-Version": "1.0.3"}
    # The first request loads the whole site, which a server does once, when it starts.
    assert client.get("/xapi/about").status_code == 200
    start = time.perf_counter()
    for body in bodies:
        answer = client.post(
            "/xapi/statements", body, content_type="application/json", headers=headers
        )
        assert answer.status_code == 200, answer.content
    return len(sent) / (time.perf_counter() - start)


def exported() -> float:
    place, count, start = cursor.Position(), 0, time.perf_counter()
    while rows := exports.STATEMENTS.after(place, 20_000):
        count += len(rows)
        place = cursor.Position(*rows[-1][:2])
    return count / (time.perf_counter() - start)


def run() -> list[dict]:
    call_command("migrate", verbosity=0, interactive=False)
    items, seconds = taken_in()
    again = time.perf_counter()
    taken_in()
    again = time.perf_counter() - again
    return [
        row("samples taken in", items / seconds, "items/s", "≥ 6,000"),
        row("the same again", again, "s", "≤ 1"),
        row("over HTTP in requests of 100", over_http(), "statements/s", "≥ 5,000"),
        row("rows for the lake", exported(), "rows/s", "≥ 50,000"),
    ]
