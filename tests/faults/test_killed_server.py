"""kill -9 of the server under load: what was acknowledged is there, once, and no batch in part."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid

import pytest

from tests.records import factories
from tests.xapi_server import server
from xueqiao.kernel import clock
from xueqiao.records.xapi import values

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
KILLS, SENDERS, A_BATCH = 10, 4, 10


class Sender(threading.Thread):
    """Sends batches whatever happens, and remembers which were sent and which acknowledged."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.ending = target, threading.Event()
        self.sent, self.acknowledged, self.refused = [], [], []

    def run(self):
        line = self.target.connect(timeout=10)
        while not self.ending.is_set():
            made = [factories.statement(id=str(uuid.uuid4())) for _each in range(A_BATCH)]
            self.sent.append([each["id"] for each in made])
            try:
                line.request("POST", "/xapi/statements", json.dumps(made), self.target.headers)
                answer = line.getresponse()
                ids = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                line.close()
                self.ending.wait(0.02)
                continue
            if answer.status == 200:
                self.acknowledged.append(ids)
            else:
                self.refused.append((answer.status, ids))
        line.close()


def everything(target):
    """The ids of all statements, oldest first, over every page."""
    path, found = "/xapi/statements?ascending=true&limit=500", []
    while path:
        status, _headers, page = target.ask("GET", path)
        assert status == 200
        found += [each["id"] for each in page["statements"]]
        path = page["more"]
    return found


def wait_until_seen(target, moment, *, seconds=30):
    """Wait until an answer says that everything up to a moment can be seen."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        _status, headers, _page = target.ask("GET", "/xapi/statements?limit=1")
        if values.instant(headers["X-Experience-API-Consistent-Through"]) >= moment:
            return
        time.sleep(0.1)
    raise AssertionError(f"not consistent through {moment} after {seconds} s")


@pytest.mark.parametrize("intake", ["journal", "direct"])
def test_every_acknowledged_statement_is_there_once(tmp_path, intake):
    chance, kills = random.Random(7), KILLS if intake == "journal" else 1
    with server(tmp_path, XUEQIAO_INTAKE=intake) as target:
        senders = [Sender(target) for _each in range(SENDERS)]
        target.start("--workers", "2")
        for each in senders:
            each.start()
        for _each in range(kills):
            before = sum(len(each.acknowledged) for each in senders)
            until = time.monotonic() + 120
            while sum(len(each.acknowledged) for each in senders) < before + 5:
                assert time.monotonic() < until, [each.refused[-1:] for each in senders]
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.4))
            target.kill()
            target.start("--workers", "2")
        for each in senders:
            each.ending.set()
        for each in senders:
            each.join(30)
        wait_until_seen(target, clock.now())
        held = everything(target)

    acknowledged = {each for sender in senders for batch in sender.acknowledged for each in batch}
    sent = [set(batch) for sender in senders for batch in sender.sent]
    assert [sender.refused for sender in senders] == [[]] * SENDERS
    assert len(acknowledged) >= kills * 5 * A_BATCH
    assert len(held) == len(set(held))
    assert acknowledged - set(held) == set()
    assert {len(batch & set(held)) for batch in sent} <= {0, A_BATCH}
