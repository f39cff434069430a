"""The console: scores of sources, held batches, contracts in two persons' hands, alarms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import translation

from tests import world as small
from tests.lake import worlds
from xueqiao.governance import alarms, contracts
from xueqiao.governance.models import DataAlarm, DataContract, HoldDecision
from xueqiao.kernel import clock
from xueqiao.lake import contracts as gates
from xueqiao.lake import engines
from xueqiao.lake.contracts import odcs
from xueqiao.lake.contracts.shipped import shipped
from xueqiao.lake.quality import holding
from xueqiao.records.models import Source

pytestmark = pytest.mark.django_db
HERE = "/console/lake"
TABLE = f"{HERE}/contracts/bronze.person/"


@pytest.fixture(autouse=True)
def _world(settings, tmp_path):
    settings.HOME, settings.LAKE = tmp_path, tmp_path / "lake"
    with translation.override("en"):
        small.build()
        yield


def signed_in(client, name):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": f"demo-{name}"})
    return client


def judged(root, rows=25):
    """A lake in which a source sent a batch of statements from the future; the gate has looked."""
    number, code = Source.objects.values_list("pk", "code").order_by("pk")[0]
    world, now = worlds.World(), clock.now()
    world.source.append({"source_id": number, "code": code, "is_sample": False})
    world.batch.append(
        {
            "batch_id": 7, "source_id": number, "received_at": now, "received": rows,
            "accepted": rows, "duplicate": 0, "quarantined": 0,
        }
    )  # fmt: skip
    world.add_person(1)
    for _each in range(rows):
        world.add_statement(1, now.replace(year=2090), source=number)
        world.statement[-1] |= {"batch_id": 7, "stored_at": now}
    world.person[0]["sex"] = "x"
    worlds.fill(root, world)
    with (
        engines.opened(name="duckdb", memory="500MB", root=root) as engine,
        pytest.raises(gates.NothingGood),
    ):
        gates.checked(root=root, engine=engine, at=now)
    return code


def test_pages_of_an_empty_lake_say_what_to_do(client, django_assert_max_num_queries):
    signed_in(client, "province")
    for page in ("quality/", "sources/", "contracts/", "alarms/"):
        with django_assert_max_num_queries(12):
            assert client.get(f"{HERE}/{page}").status_code == 200
    assert "Nothing has been scored yet." in client.get(f"{HERE}/quality/").content.decode()
    assert client.get(f"{HERE}/contracts/bronze.nothing/").status_code == 404
    assert client.get(f"{HERE}/quality/nowhere/").status_code == 404


def test_a_held_batch_is_seen_and_let_through_with_a_reason(
    client, settings, django_assert_max_num_queries
):
    code = judged(settings.LAKE)
    signed_in(client, "province")
    with django_assert_max_num_queries(12):
        listed = client.get(f"{HERE}/quality/").content.decode()
    assert "It happened before it was received" in listed
    with django_assert_max_num_queries(12):
        one = client.get(f"{HERE}/quality/{code}/").content.decode()
    assert "0.00 %" in one
    with django_assert_max_num_queries(12):
        assert "100.00 %" in client.get(f"{HERE}/sources/").content.decode()
    address, asked = f"{HERE}/quality/{code}/decide/", {"batch": "7", "verdict": "release"}
    assert client.post(address, {**asked, "reason": " "}).status_code == 422
    assert client.post(address, {**asked, "verdict": "perhaps"}).status_code == 404
    assert client.post(address, {**asked, "batch": "²"}).status_code == 404
    assert client.post(address, {**asked, "reason": "Its clock was wrong."}).status_code == 302
    decision = HoldDecision.objects.get()
    assert (decision.subject, decision.number, decision.verdict) == ("batch", 7, "release")
    assert [row["batch_id"] for row in holding.held(settings.LAKE)] == [7]


def test_a_contract_is_proposed_by_one_and_approved_by_another(client, settings):
    judged(settings.LAKE)
    wider = odcs.text(odcs.document(replace(shipped()["bronze.person"], least_percent=10)))
    signed_in(client, "operator")
    assert "not among the agreed codes" in client.get(TABLE).content.decode()
    assert "leastPercent" in client.get(f"{TABLE}propose/").content.decode()
    unfit = client.post(f"{TABLE}propose/", {"document": "a: [", "reason": "x"})
    assert unfit.status_code == 422
    sent = {"document": wider, "reason": "The register sends fewer rows now."}
    assert client.post(f"{TABLE}propose/", sent).status_code == 302
    assert client.post(f"{TABLE}decide/", {"version": "2", "approve": "1"}).status_code == 403

    signed_in(client, "province")
    assert "Version 2 waits for its answer" in client.get(TABLE).content.decode()
    assert "bronze.person · 2" in client.get("/console/").content.decode()
    assert client.post(f"{TABLE}decide/", {"version": "2", "approve": "1"}).status_code == 302
    assert client.post(f"{TABLE}decide/", {"version": "2", "approve": "1"}).status_code == 409
    assert DataContract.objects.get().state == DataContract.State.APPROVED
    assert odcs.read(client.get(f"{TABLE}odcs.yaml").content.decode()) == contracts.in_force(
        "bronze.person"
    )
    unseen = client.post(f"{TABLE}let/", {"version": "2", "reason": "Whatever comes."})
    assert unseen.status_code == 409
    assert "not stopped at version 2" in unseen.content.decode()
    assert client.post(f"{TABLE}let/", {"version": "1", "reason": "As agreed."}).status_code == 302
    assert HoldDecision.objects.get().subject == "bronze.person"


def test_an_alarm_is_looked_after_from_its_list(client, django_assert_max_num_queries):
    causes = {("late", f"s{n}"): {"since": "2026-03-01", "hours": 24} for n in range(3)}
    alarms.watch(causes=causes, now=clock.now())
    signed_in(client, "operator")
    with django_assert_max_num_queries(12):
        assert "24 hours were agreed" in client.get(f"{HERE}/alarms/").content.decode()
    first = DataAlarm.objects.order_by("pk")[0]
    client.post(f"{HERE}/alarms/acknowledge/", {"chosen": [str(first.pk)]})
    assert alarms.waiting().count() == 2
