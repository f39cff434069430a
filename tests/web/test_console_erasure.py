"""The console: erasures by two persons, retention, holds, personas, exports."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import world as small
from tests.records import erasing
from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records.erasure import retention
from xueqiao.records.exporting import writing
from xueqiao.records.models import (
    Erasure,
    ExportJob,
    LegalHold,
    Persona,
    PersonaMember,
    Reading,
    RetentionPolicy,
    Statement,
)

pytestmark = pytest.mark.django_db
HOME = "https://school.example"


@pytest.fixture
def world(settings, tmp_path):
    settings.HOME = tmp_path
    return small.build()


@pytest.fixture
def sign_in(client):
    def signed(who):
        client.cookies["language"] = "en"
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    return signed


def asked(client, **given):
    answer = client.post("/console/erasures/ask/", {"reason": "by letter", **given})
    return answer, answer.url if answer.status_code == 302 else ""


def test_an_erasure_goes_from_the_request_to_the_receipt(world, sign_in):
    LegalHold.objects.update(lifted_at=clock.now())
    _answer, address = asked(sign_in("operator"), kind="person", identifier=f"{HOME} gui")
    page = sign_in("operator").get(address).content.decode()
    assert "2 statements would go" in page
    assert "Take the request back" in page
    refused = sign_in("operator").post(f"{address}approve/")
    assert refused.status_code == 409
    assert b"A second person has to decide" in refused.content

    assert sign_in("province").post(f"{address}approve/", {"note": "seen"}).status_code == 302
    erasing.worked_off()

    assert not Statement.objects.filter(actor__ifi__contains="gui|").exists()
    page = sign_in("province").get(f"{address}receipt/").content.decode()
    assert "gui" not in page
    file = b"".join(sign_in("province").get(f"{address}receipt.json").streaming_content)
    told = json.loads(file)
    assert told["erased"]["statements"] == len(told["tombstones"]) == 2
    assert told["requested"]["by"] != told["decided"]["by"]


def test_an_erasure_waits_on_the_work_list_of_whoever_else_may_decide(world, sign_in):
    def waiting(who):
        groups = sign_in(who).get("/console/").context["groups"]
        return [
            item.address for group in groups if group.code == "erasures" for item in group.items
        ]

    before = waiting("province")
    _answer, address = asked(sign_in("operator"), kind="person", identifier=f"{HOME} gui")

    assert waiting("province") == [*before, address]
    assert address not in waiting("operator")
    sign_in("province").post(f"{address}reject/", {"note": "no"})
    assert waiting("province") == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "person", "identifier": "nobody"}, b"is no identifier"),
        ({"kind": "person", "identifier": f"{HOME} unknown"}, b"Nobody is known here"),
        ({"kind": "ids", "ids": "not-an-id"}, b"A line is no id"),
        ({"kind": "ids"}, b"Give 1 to"),
        ({"kind": "age"}, b"Choose a day"),
        ({"kind": "age", "before": "2999-01-01"}, b"The day lies ahead"),
        ({"kind": "age", "before": "2020-01-01", "reason": ""}, b"required"),
    ],
)
def test_a_request_that_means_nothing_keeps_what_was_typed(world, sign_in, given, said):
    count = Erasure.objects.count()
    answer, _address = asked(sign_in("operator"), **given)
    assert answer.status_code == 422
    assert said in answer.content
    assert Erasure.objects.count() == count


def test_a_rejection_needs_its_reason_and_a_request_can_be_taken_back(world, sign_in):
    address = f"/console/erasures/{world.erasure}/"
    answer = sign_in("province").post(f"{address}reject/", {"note": " "})
    assert answer.status_code == 422
    assert sign_in("province").post(f"{address}withdraw/").status_code == 403
    assert sign_in("operator").post(f"{address}withdraw/").status_code == 302
    assert Erasure.objects.get(pk=world.erasure).state == "withdrawn"
    assert sign_in("province").post(f"{address}approve/").status_code == 409


def test_reading_a_sample_is_written_down(world, sign_in):
    page = sign_in("province").get(f"/console/erasures/{world.erasure}/sample/")
    assert page.status_code == 200
    found = Reading.objects.latest("pk")
    assert (found.what, found.detail, found.rows) == ("sample", {"erasure": world.erasure}, 2)


def test_the_list_costs_the_same_with_one_and_with_three(world, sign_in, django_assert_num_queries):
    client = sign_in("operator")
    Erasure.objects.exclude(pk=world.erasure).exclude(pk=world.erased).delete()
    client.get("/console/erasures/")
    with django_assert_num_queries(8):
        client.get("/console/erasures/?state=asked")
    for _ in range(2):
        asked(client, kind="person", identifier=f"{HOME} gui")
    with django_assert_num_queries(8):
        client.get("/console/erasures/?state=asked")


def test_retention_is_allowed_by_another_person(world, sign_in):
    policy = RetentionPolicy.objects.get()
    address = f"/console/erasures/retention/{policy.pk}/"
    assert sign_in("operator").post(f"{address}approve/").status_code == 409
    assert sign_in("province").post(f"{address}approve/").status_code == 302
    policy.refresh_from_db()
    assert policy.state == "in_force"
    page = sign_in("operator").get("/console/erasures/retention/").content.decode()
    assert "365 days" in page
    policy.source.retention_days = 3
    policy.source.save()
    assert retention.unapproved(policy.source)
    page = sign_in("operator").get("/console/erasures/retention/").content.decode()
    assert "not allowed by two persons" in page
    answer = sign_in("operator").post(
        "/console/erasures/retention/", {"source": "third-age", "days": 0, "reason": "r"}
    )
    assert answer.status_code == 422


def test_a_hold_is_placed_once_and_lifted(world, sign_in):
    given = {"identifier": f"{HOME} gui", "reason": "complaint 9"}
    assert sign_in("province").post("/console/erasures/holds/", given).status_code == 302
    assert sign_in("province").post("/console/erasures/holds/", given).status_code == 409
    hold = LegalHold.objects.latest("pk")
    sign_in("operator").post(f"/console/erasures/holds/{hold.pk}/lift/")
    hold.refresh_from_db()
    assert hold.lifted_at is not None


def test_personas_are_joined_read_and_split(world, sign_in):
    client = sign_in("operator")
    answer = client.post(
        "/console/personas/join/", {"identifiers": f"{HOME} hai\n{HOME} bo", "why": "form"}
    )
    page = client.get(answer.url).content.decode()
    assert f"{HOME} hai" in page
    page = client.get(f"{answer.url}statements/").content.decode()
    assert page.count("<pre") == 2
    assert Reading.objects.latest("pk").what == "persona"
    member = PersonaMember.objects.filter(persona=Persona.objects.latest("pk")).first()
    empty = client.post(f"{answer.url}{member.pk}/split/", {"why": ""})
    assert empty.status_code == 422
    assert client.post(f"{answer.url}{member.pk}/split/", {"why": "no"}).status_code == 302
    bad = client.post("/console/personas/join/", {"identifiers": "x", "why": "form"})
    assert (bad.status_code, b"is no identifier" in bad.content) == (422, True)


def test_a_proposal_waits_for_somebody(world, sign_in):
    client = sign_in("operator")
    page = client.get("/console/personas/").content.decode()
    assert "gui@school.example" in page
    found = page.split("/console/personas/proposals/")[1].split("/")[0]
    client.post(f"/console/personas/proposals/{found}/", {"join": "no"})
    assert "Proposed" not in client.get("/console/personas/").content.decode()


def test_a_table_names_its_cells_and_is_applied_by_a_second_step(world, sign_in):
    client = sign_in("operator")
    bad = SimpleUploadedFile("a.csv", b"group,identifier,evidence\n1,x,form\n")
    answer = client.post("/console/personas/tables/", {"file": bad})
    assert answer.status_code == 422
    assert b"B2" in answer.content
    assert client.post("/console/personas/tables/", {}).status_code == 422
    before = PersonaMember.objects.count()
    address = f"/console/personas/tables/{world.sheet}/"
    assert client.get(address).status_code == 200
    assert PersonaMember.objects.count() == before
    assert client.post(address).status_code == 302
    assert PersonaMember.objects.count() == before + 2
    assert client.post(address).status_code == 409


def test_an_export_is_asked_for_written_and_fetched_by_its_owner(world, sign_in):
    client = sign_in("operator")
    answer = client.post(
        "/console/exports/ask/", {"kind": "ndjson", "persona": f"{HOME} gui", "since": "2020-01-01"}
    )
    assert answer.status_code == 302, answer.content
    job = ExportJob.objects.latest("pk")
    assert "Waits for a worker" in client.get(answer.url).content.decode()
    part = client.get(answer.url, headers={"hx-request": "true", "hx-target": "export"})
    assert b"<html" not in part.content
    # A test is one transaction, whose rows PostgreSQL does not yet count as stored.
    ExportJob.objects.filter(pk=job.pk).update(until=clock.now())
    job.refresh_from_db()
    writing.run(job=job, at=clock.now())
    file = client.get(f"{answer.url}1/")
    assert file.status_code == 200
    assert len(b"".join(file.streaming_content)) > 20
    assert Reading.objects.latest("pk").what == "export_taken"
    own = client.get("/console/exports/", {"of": "records", "state": "done"}).context["list"]
    assert f"X-{job.pk}" in [row.pk for row in own.rows]
    assert client.get("/console/exports/", {"of": "lake"}).context["list"].count == 0
    assert client.get(f"{answer.url}2/").status_code == 409
    assert client.post(f"{answer.url}cancel/").status_code == 409
    ExportJob.objects.filter(pk=job.pk).update(asked_by=world.people["province"])
    assert client.get(f"{answer.url}1/").status_code == 404


@pytest.mark.parametrize("given", [{"verb": "no address"}, {"agent": "x"}, {"registration": "1"}])
def test_an_export_with_a_wrong_filter_is_not_made(world, sign_in, given):
    count = ExportJob.objects.count()
    answer = sign_in("operator").post("/console/exports/ask/", {"kind": "csv", **given})
    assert answer.status_code == 422
    assert ExportJob.objects.count() == count


def test_formulas_in_lists_run_nothing(world, sign_in):
    Erasure.objects.create(
        kind="ids", reason="=1+1", requested_by_id=world.people["operator"],
        requested_at=clock.now(),
    )  # fmt: skip
    answer = sign_in("operator").get("/console/erasures/?download=csv")
    assert "'=1+1" in b"".join(answer.streaming_content).decode()
    assert f.source("third-age").pk
