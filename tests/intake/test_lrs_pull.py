"""Statements pulled from another store: a platform of our own, and stores that misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.intake import other as others
from tests.records import factories as f
from tests.servers import Said, neighbour
from xueqiao.intake import connections, running
from xueqiao.kernel import clock
from xueqiao.records import attachments
from xueqiao.records.models import Quarantine, Statement

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    with others.platform(tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


def connect(url, **values):
    values = {
        "endpoint": f"{url}/xapi/", "version": "1.0.3", "authentication": "basic", "key": "k",
        "secret": "s",
    } | values  # fmt: skip
    return connections.create(
        source=f.source(), kind="lrs", name=f"Pull {uuid.uuid4()}", values=values, at=clock.now()
    )


def of(elsewhere, **values):
    return connect(elsewhere.url, key=elsewhere.key, secret=elsewhere.secret, **values)


def run(connection):
    connection.refresh_from_db()
    done = running.run(connection=connection, at=clock.now())
    assert done.reason == ""
    return done


def told(done):
    return done.received, done.accepted, done.duplicate, done.quarantined


def held():
    return {str(key) for key in Statement.objects.values_list("uuid", flat=True)}


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_everything_comes_once_and_the_second_run_adds_nothing(elsewhere, version):
    sent = set()
    for _batch in range(2):
        sent |= set(elsewhere.send(*(f.statement() for _n in range(400))))
    made = of(elsewhere, version=version, overlap_seconds="1")
    first = run(made)
    assert first.received == first.accepted == len(held())
    assert sent <= held()
    again = run(made)
    assert (again.accepted, again.quarantined) == (0, 0)
    assert again.duplicate == again.received
    assert len(held()) == first.accepted


def test_what_arrives_while_it_is_pulled_is_neither_lost_nor_repeated(elsewhere):
    sent, is_over, faults = [], threading.Event(), []

    def write():
        try:
            while not is_over.is_set():
                sent.extend(elsewhere.send(*(f.statement() for _n in range(23))))
        except Exception as why:  # noqa: BLE001 - asserted to be none, below
            faults.append(why)

    writers = [threading.Thread(target=write) for _n in range(2)]
    made, accepted, before = of(elsewhere), 0, len(held())
    for each in writers:
        each.start()
    ends = time.monotonic() + 6
    while time.monotonic() < ends:
        done = run(made)
        assert done.received == done.accepted + done.duplicate
        accepted += done.accepted
    is_over.set()
    for each in writers:
        each.join()
    assert not faults
    time.sleep(0.2)
    accepted += run(made).accepted
    assert set(sent) <= held()
    assert len(sent) > 500
    assert accepted == len(held()) - before
    assert run(made).accepted == 0


def test_a_voided_statement_comes_with_the_one_that_voids_it(elsewhere):
    made = of(elsewhere)
    run(made)
    wrong, right = f.statement(), f.statement()
    elsewhere.send(wrong, right)
    voiding = f.statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": wrong["id"]},
    )
    elsewhere.send(voiding)
    assert run(made).accepted == 3
    assert {wrong["id"], right["id"], voiding["id"]} <= held()
    assert Statement.objects.get(uuid=voiding["id"]).voids == uuid.UUID(wrong["id"])


def listed(statements, more="", **headers):
    body = json.dumps({"statements": statements, "more": more}).encode()
    return Said(body=body, headers={"Content-Type": "application/json"} | headers)


def stored(at, **changes):
    return f.statement(**changes) | {"stored": at.isoformat(), "version": "1.0.3"}


def test_it_asks_as_the_standard_says_and_begins_before_where_it_ended():
    at = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)
    with neighbour(lambda asked: listed([stored(at)])) as other:
        made = connect(other.url)
        run(made)
        run(made)
    first, second = other.asked
    assert (first.path, first.query) == (
        "/xapi/statements", {"ascending": "true", "limit": "500", "attachments": "true"},
    )  # fmt: skip
    assert first.headers["authorization"] == "Basic azpz"
    assert first.headers["x-experience-api-version"] == "1.0.3"
    assert second.query["since"] == "2026-03-02T01:01:03.456789Z"


def test_what_may_still_become_visible_is_asked_for_again():
    """The watermark stays behind what the other store promises to show in full."""
    at = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
    through = {"X-Experience-API-Consistent-Through": (at - timedelta(minutes=5)).isoformat()}
    with neighbour(lambda _asked: listed([stored(at)], **through)) as other:
        made = connect(other.url, overlap_seconds="1")
        run(made)
        run(made)
    assert other.asked[1].query["since"] == "2026-03-02T00:57:02.000000Z"


def test_a_store_whose_clock_is_in_2099_is_still_asked_for_today():
    at = datetime(2099, 1, 1, tzinfo=UTC)
    with neighbour(lambda _asked: listed([stored(at)])) as other:
        made = connect(other.url)
        run(made)
        run(made)
    assert datetime.fromisoformat(other.asked[1].query["since"]) < clock.now()


def test_a_walk_goes_on_by_its_link_and_begins_again_where_the_link_is_gone():
    at, pages = datetime(2026, 3, 2, tzinfo=UTC), {}

    def answer(asked):
        number = int(asked.query.get("page", "0"))
        if number in pages.get("gone", ()):
            return Said(404)
        more = f"/xapi/statements?page={number + 1}" if number < 2 else ""
        return listed([stored(at, id=str(uuid.UUID(int=number + 1)))], more)

    with neighbour(answer) as other:
        made = connect(other.url)
        states = []
        for _run in range(3):
            made.refresh_from_db()
            done = running.run(connection=made, at=clock.now(), seconds=0)
            states.append((done.state, done.accepted))
        assert states == [("continued", 1), ("continued", 1), ("done", 1)]
        made.refresh_from_db()
        assert made.watermark == {"since": "2026-03-02T00:00:00.000000Z"}

        made.watermark |= {"more": f"{other.url}/xapi/statements?page=9", "top": "", "through": ""}
        made.save()
        pages["gone"] = {9}
        assert run(made).received == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("https://thief.example/xapi/statements?x=1", "thief.example"),
        ("//thief.example/x", "thief.example"),
        ("/xapi/statements?page=1", "leads back"),
    ],
)
def test_a_hostile_link_to_the_next_page_is_not_followed(more, said):
    with neighbour(lambda _asked: listed([f.statement()], more)) as other:
        made = connect(other.url)
        done = running.run(connection=made, at=clock.now())
        assert done.state == "failed"
        assert said in done.reason
        assert done.accepted >= 1
        assert len(other.asked) <= 2


@pytest.mark.parametrize(
    "said",
    [
        Said(401, b"no"), Said(403), Said(404), Said(body=b"<html>"), Said(body=b"[]"),
        Said(body=b'{"statements": {}}'), Said(body=b'{"statements": [{"a": "\xff"}]}'),
        Said(body=b"x", headers={"Content-Type": "multipart/mixed"}), Said(302),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_ends_the_run_with_a_sentence(said):
    with neighbour(lambda _asked: said) as other:
        done = running.run(connection=connect(other.url), at=clock.now())
    assert (done.state, done.received) == ("failed", 0)
    assert "127.0.0.1" in done.reason or "parts" in done.reason
    assert "program failed" not in done.reason


def test_what_is_no_statement_lies_in_quarantine():
    good, bad = f.statement(), f.statement(actor={})
    with neighbour(lambda _asked: listed([good, bad, 7])) as other:
        done = run(connect(other.url))
    assert told(done) == (3, 1, 0, 2)
    assert set(Quarantine.objects.values_list("reason", flat=True)) == {"invalid"}


def test_a_token_is_fetched_and_fetched_again_when_it_ends():
    tokens, good = iter(["one", "two"]), f.statement()

    def answer(asked):
        if asked.path == "/token":
            assert asked.body == b"grant_type=client_credentials&scope=lrs%3Aread"
            assert asked.headers["authorization"] == "Basic azpz"
            body = json.dumps({"access_token": next(tokens), "token_type": "Bearer"})
            return Said(body=body.encode())
        if asked.query.get("page") and asked.headers["authorization"] != "Bearer two":
            return Said(401)
        assert asked.headers["authorization"].startswith("Bearer ")
        return listed([good], "" if asked.query.get("page") else "/xapi/statements?page=2")

    with neighbour(answer) as other:
        made = connect(
            other.url, authentication="oidc", token_url=f"{other.url}/token", scope="lrs:read"
        )
        assert told(run(made)) == (2, 1, 1, 0)


def test_a_token_that_does_not_end_is_sent_as_it_is():
    with neighbour(lambda _asked: listed([])) as other:
        run(connect(other.url, authentication="bearer", secret="t0ken"))
    assert other.asked[0].headers["authorization"] == "Bearer t0ken"


def announced(data, **changes):
    sha2 = hashlib.sha256(data).hexdigest()
    return {
        "usageType": "https://school.example/essay", "display": {"en": "Essay"},
        "contentType": "text/plain", "length": len(data), "sha2": sha2,
    } | changes  # fmt: skip


def test_files_come_with_their_statements(elsewhere):
    made = of(elsewhere)
    run(made)
    data = b"To be\r\n--or not to be\r\n\r\n\x00\xff"
    sent = f.statement(attachments=[announced(data)])
    sha2 = sent["attachments"][0]["sha2"]
    body = (
        b"--XX\r\nContent-Type: application/json\r\n\r\n" + json.dumps(sent).encode()
        + b"\r\n--XX\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n"
        + f"X-Experience-API-Hash: {sha2}\r\n\r\n".encode() + data + b"\r\n--XX--\r\n"
    )  # fmt: skip
    headers = {"Content-Type": "multipart/mixed; boundary=XX"}
    answer = elsewhere.ask("POST", "/xapi/statements", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert run(made).accepted == 1
    row = Statement.objects.get(uuid=sent["id"])
    (held,) = attachments.of_page([row.pk])
    assert attachments.read(held) == data


def test_a_statement_whose_file_lies_is_held():
    good, bad = announced(b"one"), announced(b"two")
    pair = [f.statement(attachments=[each]) for each in (good, bad)]

    def answer(_asked):
        body = b"--b\r\n\r\n" + json.dumps({"statements": pair, "more": ""}).encode()
        for each, data in ((good, b"one"), (bad, b"TWO")):
            head = f"\r\n--b\r\nX-Experience-API-Hash: {each['sha2']}\r\n\r\n"
            body += head.encode() + data
        return Said(
            body=body + b"\r\n--b--", headers={"Content-Type": 'multipart/mixed; boundary="b"'}
        )

    with neighbour(answer) as other:
        assert told(run(connect(other.url))) == (2, 1, 0, 1)
    assert bad["sha2"] in Quarantine.objects.get().detail


def test_a_statement_of_2099_is_held():
    far = f.statement(timestamp="2099-01-01T00:00:00Z")
    with neighbour(lambda _asked: listed([far])) as other:
        assert told(run(connect(other.url))) == (1, 0, 0, 1)
    assert Quarantine.objects.get().reason == "time_future"
