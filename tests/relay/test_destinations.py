"""Destinations: every statement that passes arrives once, whatever happens on the way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.records import factories as f
from tests.servers import Said, neighbour
from xueqiao.kernel import clock
from xueqiao.records import following
from xueqiao.relay import destinations, rules, shipping
from xueqiao.relay.destinations import Given
from xueqiao.relay.models import Destination, Shipment

pytestmark = pytest.mark.django_db(transaction=True)
DID = "http://adlnet.gov/expapi/verbs/completed"


def opened(url, *, kind="store", from_start=True, **given):
    told = Given(name=given.pop("name", "County"), kind=kind, url=url, **given)
    return destinations.open_(given=told, from_start=from_start, at=clock.now(), by=None)


def arrived(other):
    return [each["id"] for asked in other.asked for each in json.loads(asked.body)]


def later(minutes):
    return clock.now() + timedelta(minutes=minutes)


def test_a_store_gets_what_passes_once_in_order_with_its_version_and_key():
    made = [f.statement(verb={"id": DID}) for _ in range(5)]
    f.store(*made, f.statement())
    with neighbour(lambda _asked: Said(200, b"[]")) as other:
        opened(
            f"{other.url}/xapi/", authentication="basic", user="k", secret="s",
            wanted={"verbs": [DID]}, most_statements=2,
        )  # fmt: skip
        first = shipping.run(now=clock.now())
        again = shipping.run(now=clock.now())

    assert (first.read, first.sent, again.sent) == (6, 3, 0)
    assert arrived(other) == [each["id"] for each in made]
    asked = other.asked[0]
    assert (asked.method, asked.path) == ("POST", "/xapi/statements")
    assert asked.headers["authorization"] == "Basic azpz"
    assert asked.headers["x-experience-api-version"] == "1.0.3"
    assert Destination.objects.get().sent_statements == 5


def test_only_what_comes_from_now_on_unless_asked():
    f.store(f.statement())
    with neighbour(lambda _asked: Said(200)) as other:
        opened(other.url, from_start=False)
        fresh = f.statement()
        f.store(fresh)
        shipping.run(now=clock.now())
    assert arrived(other) == [fresh["id"]]


def test_a_store_that_fails_gets_the_same_later_and_nothing_overtakes():
    made = [f.statement() for _ in range(3)]
    f.store(*made)
    answers = iter([Said(500), Said(401, b"who are you"), Said(200), Said(200), Said(200)])
    with neighbour(lambda _asked: next(answers)) as other:
        opened(other.url, most_statements=1)
        assert shipping.run(now=clock.now())[1:] == (0, 1)
        waiting = Shipment.objects.order_by("pk").first()
        assert (waiting.tries, waiting.state) == (1, "waiting")
        assert shipping.run(now=clock.now())[1:] == (0, 0), "it waits its time"
        assert shipping.run(now=later(2))[1:] == (0, 1)
        assert Shipment.objects.order_by("pk").first().why == "who are you"
        assert shipping.run(now=later(10))[1:] == (3, 0)
    assert arrived(other)[2:] == [each["id"] for each in made]


def test_one_refused_statement_is_found_among_many_and_the_others_arrive():
    made = [f.statement() for _ in range(7)]
    f.store(*made)
    bad = made[4]["id"]

    def answer(asked):
        return Said(400, b"not this one") if bad in asked.body.decode() else Said(200)

    with neighbour(answer) as other:
        to = opened(other.url).destination
        shipping.run(now=clock.now())
        dead = Shipment.objects.get(state="dead")
        assert (dead.uuids, dead.why, dead.answered) == ([bad], "not this one", 400)
        good = {i for each in Shipment.objects.filter(state="sent") for i in each.uuids}
        assert good == {each["id"] for each in made} - {bad}

        bad = "mended at the other end"
        assert destinations.replay(destination=to, at=clock.now()) == 1
        shipping.run(now=clock.now())
    assert not Shipment.objects.exclude(state="sent").exists()
    assert Destination.objects.get().sent_statements == 7


def test_a_receiver_that_never_answers_is_given_up_and_named():
    f.store(f.statement())
    with neighbour(lambda _asked: Said(503)) as other:
        opened(other.url)
        for day in range(rules.MOST_TRIES):
            shipping.run(now=later(60 * 24 * day))
    assert len(other.asked) == rules.MOST_TRIES
    assert "503" in Shipment.objects.get(state="dead").why


def test_a_webhook_is_signed_as_standard_webhooks_asks():
    said = f.statement()
    f.store(said)
    with neighbour(lambda _asked: Said(204)) as other:
        made = opened(f"{other.url}/hook", kind="webhook")
        shipping.run(now=clock.now())
    (asked,) = other.asked
    key, seconds = asked.headers["webhook-id"], int(asked.headers["webhook-timestamp"])
    secret = rules.secret_bytes(made.signing_secret)
    assert asked.headers["webhook-signature"] == rules.signature(secret, key, seconds, asked.body)
    assert abs(clock.now().timestamp() - seconds) < 60
    told = json.loads(asked.body)
    assert told["type"] == "statements.stored"
    assert [each["id"] for each in told["data"]["statements"]] == [said["id"]]
    assert made.signing_secret not in Destination.objects.get().sealed


def test_a_webhook_that_is_gone_is_paused_and_loses_nothing():
    f.store(f.statement())
    answers = iter([Said(410), Said(200)])
    with neighbour(lambda _asked: next(answers)) as other:
        to = opened(other.url, kind="webhook").destination
        shipping.run(now=clock.now())
        assert Destination.objects.get().paused_why
        shipping.run(now=later(60))
        assert len(other.asked) == 1
        destinations.go_on(destination=to, at=clock.now())
        shipping.run(now=clock.now())
    first, second = (asked.headers["webhook-id"] for asked in other.asked)
    assert first == second


def test_a_worker_that_died_while_sending_is_followed_and_no_other_tries_meanwhile():
    f.store(f.statement())
    with neighbour(lambda _asked: Said(200)) as other:
        opened(other.url)
        shipping.read_ahead(destination=Destination.objects.get(), at=clock.now())
        claimed = clock.now() + shipping.CLAIM
        Shipment.objects.update(tries=1, next_try_at=claimed)
        assert shipping.run(now=clock.now()).sent == 0
        assert shipping.run(now=claimed).sent == 1
    assert len(other.asked) == 1


def test_what_was_read_by_another_worker_is_not_shipped_twice():
    f.store(*[f.statement() for _ in range(3)])
    opened("http://127.0.0.1:9")
    stale = Destination.objects.get()
    told = following.after
    assert told is following.after
    assert shipping.read_ahead(destination=stale, at=clock.now()) == 3
    assert shipping.read_ahead(destination=stale, at=clock.now()) == 0
    assert Shipment.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"url": "ftp://a.example"}, "url"),
        ({"url": "https://me:secret@a.example"}, "url"),
        ({"name": " "}, "name"),
        ({"authentication": "bearer"}, "secret"),
        ({"authentication": "magic"}, "authentication"),
        ({"most_statements": 0}, "most_statements"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(wrong, pointer):
    given = {"name": "N", "kind": "store", "url": "https://a.example"} | wrong
    with pytest.raises(destinations.DestinationUnfit) as why:
        destinations.open_(given=Given(**given), from_start=True, at=clock.now(), by=None)
    assert why.value.pointer == pointer


def test_a_secret_left_empty_is_kept_and_a_name_is_taken_once():
    to = opened("https://a.example", authentication="bearer", secret="first").destination
    changed = Given(name="County", kind="store", url="https://b.example", authentication="bearer")
    destinations.change(destination=to, given=changed)
    to.refresh_from_db()
    assert destinations.opened_secrets(to)["secret"] == "first"
    assert to.url == "https://b.example"
    with pytest.raises(destinations.NameTaken):
        opened("https://c.example")
