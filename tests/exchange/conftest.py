"""A ledger with lots, a simulated superior bank that listens, and the partner that leads to it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from tests.creditbank import factories
from xueqiao.creditbank import completions, standards
from xueqiao.exchange import partners, simulated
from xueqiao.records import log

SECRET = "a secret that two banks have agreed on"
AT = factories.AT


@pytest.fixture
def bank():
    made = simulated.Bank(SECRET)
    server = simulated.serve(made)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.address = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def partner(db, bank):
    return partners.open_partner(
        code="national", name="国家学分银行（模拟）", own_code="JS", driver="http",
        address=bank.address, secret=SECRET, at=AT,
    )  # fmt: skip


@pytest.fixture
def recognise(db):
    """``recognise(n)``: n learners finish a module, and the ledger posts a lot for each."""
    standards.load()
    factories.institution()
    made = []

    def more(n):
        start = len(made)
        for number in range(start, start + n):
            who = factories.person(f"learner {number}")
            made.append(factories.completed(who, number, credits=1000))
        completions.recognise(entries=log.entries("hall.completed"), now=AT)
        return made

    return more


def later(**much):
    return AT + timedelta(**much)
