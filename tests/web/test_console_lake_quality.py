"""The console: scores of sources, held batches, contracts in two persons' hands, alarms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import translation

from tests import world as small
from tests.lake import worlds
from xueqiao.governance import alarms, contracts
from xueqiao.governance.models import DataAlarm, DataContract, HoldDecision
from xueqiao.intake.models import Alarm
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
    for page in ("lake/quality/", "lake/sources/", "lake/contracts/", "alarms/"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/console/{page}").status_code == 200
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
    narrowed(client, code)
    address, asked = f"{HERE}/quality/{code}/decide/", {"batch": "7", "verdict": "release"}
    assert client.post(address, {**asked, "reason": " "}).status_code == 422
    assert client.post(address, {**asked, "verdict": "perhaps"}).status_code == 404
    assert client.post(address, {**asked, "batch": "²"}).status_code == 404
    assert client.post(address, {**asked, "reason": "Its clock was wrong."}).status_code == 302
    decision = HoldDecision.objects.get()
    assert (decision.subject, decision.number, decision.verdict) == ("batch", 7, "release")
    assert [row["batch_id"] for row in holding.held(settings.LAKE)] == [7]


def narrowed(client, code):
    """Search, filters and files of the lists of sources, scores and rules."""

    def names(page, **asked):
        return [row.pk for row in client.get(f"{HERE}/{page}/", asked).context["list"].rows]

    def file(page, **asked):
        given = {"download": "csv", **asked}
        return client.get(f"{HERE}/{page}/", given).getvalue().decode().splitlines()

    others = sorted(Source.objects.exclude(code=code).values_list("code", flat=True))
    assert sorted(names("sources")) == sorted([code, *others])
    assert names("sources", care="held") == [code]
    alike = [code, *(each for each in others if code in each)]
    assert sorted(names("sources", q=code.upper(), care="none")) == sorted(alike)
    assert names("sources", q="no such source") == []
    assert len(file("sources", care="held")) == 2
    assert names("quality", level="bad") == [code]
    assert names("quality", level="ok") == []
    assert file("quality")[0].endswith("Accessibility of data,Lowest")
    one = f"quality/{code}"
    assert names(one, sort="broke")[0] == "not_in_future"
    timely = names(one, dimension="timeliness")
    assert timely == ["received_in_a_day", "copied_in_a_day"]
    assert len(file(one, dimension="timeliness")) == 3


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
    address = f"{HERE}/contracts/"
    listed = client.get(address, {"proposal": "waits"}).context["list"]
    assert [row.pk for row in listed.rows] == ["bronze.person"]
    stopped = client.get(address, {"state": "stopped", "kind": "table"}).context["list"]
    assert stopped.rows[0].pk == "bronze.person"
    assert client.get(address, {"q": "BRONZE.person"}).context["list"].count < len(shipped())
    file = client.get(address, {"download": "csv"}).getvalue().decode()
    assert file.count("\r\n") == client.get(address).context["list"].count + 1
    state_of_a_table(client)
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


def state_of_a_table(client):
    """The page of a table tells its contract, or those of what it rests on, and the scores."""
    own = client.get(f"{HERE}/tables/bronze.person/")
    assert own.context["contract"]["verdict"].state == "stopped"
    assert "not among the agreed codes" in own.content.decode()
    made = client.get(f"{HERE}/tables/place_month/").context
    assert "bronze.person" in [each.table for each in made["contract"]["stopped"]]
    log = client.get(f"{HERE}/tables/bronze.statement/").context["quality"]
    assert log["is_own"]
    accuracy = next(newest for title, newest, _whole in log["rows"] if title == "Accuracy")
    assert (accuracy.level, accuracy.failed) == ("bad", 25)
    assert made["quality"]["rows"] == log["rows"]


def test_an_alarm_is_looked_after_from_its_list(client, django_assert_max_num_queries):
    causes = {("late", f"s{n}"): {"since": "2026-03-01", "hours": 24} for n in range(3)}
    alarms.watch(causes=causes, now=clock.now())
    signed_in(client, "operator")
    with django_assert_max_num_queries(12):
        assert "24 hours were agreed" in client.get("/console/alarms/").content.decode()
    first = DataAlarm.objects.order_by("pk")[0]
    client.post("/console/alarms/acknowledge/", {"chosen": [f"data-{first.pk}"]})
    assert alarms.waiting().count() == 2


def test_one_list_of_alarms_shows_each_reader_her_own(client):
    now, source = clock.now(), Source.objects.order_by("pk")[0]
    alarms.watch(causes={("late", "s1"): {"since": "2026-03-01", "hours": 24}}, now=now)
    Alarm.objects.create(
        source=source, kind="silent", facts={"since": now.isoformat()}, opened_at=now,
        closed_at=now,
    )  # fmt: skip

    def shown(**asked):
        rows = client.get("/console/alarms/", asked).context["list"].rows
        return [(row.origin, row.kind, row.can_take) for row in rows]

    signed_in(client, "operator")
    assert shown() == [("data", "late", True)]
    assert len(shown(show="year")) == 2
    assert shown(show="year", of="sources") == [("sources", "silent", False)]
    assert shown(show="year", kind="late") == shown(show="year", of="data") == shown()
    assert shown(q="nothing has this name") == []
    signed_in(client, "province")
    assert shown(show="year") == [("data", "late", False)], "looks, and operates nothing"
    done = client.post("/console/alarms/acknowledge/", {"chosen": ["data-1"]})
    assert done.status_code == 403
