"""The pages: from the request for access over a query to files, a link, and the log."""

from __future__ import annotations

import io
import os
import uuid
from datetime import timedelta

import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.governance.conftest import AT, TODAY, settled
from xueqiao.governance.exporting import asking, links, writing
from xueqiao.governance.models import AccessGrant, LakeExport, LakeReading, QueryRun
from xueqiao.governance.workbench import costs, results, running
from xueqiao.kernel import clock
from xueqiao.people import rights, roles

QUERIES, ACCESS = "/console/lake/queries/", "/console/lake/access/"
LEARNERS = "select learner_id from learner_day"
SQL = "select learner_id, sum(activities)::bigint as sum_activities from learner_day group by 1"


def as_(client, who):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": f"demo-{who}"})
    return client


def asked(client, office, **changes):
    page = client.get(f"{ACCESS}ask/?table=learner_day")
    initial = page.context["form"].initial
    given = {
        "request_key": initial["request_key"], "tables": ["learner_day"], "reason": "how often",
        "purpose": "statistics", "place": office.where.province.pk, "leaving": "counts",
        "valid_from": initial["valid_from"], "valid_to": initial["valid_to"],
    }  # fmt: skip
    return client.post(f"{ACCESS}ask/", given | changes)


def ended(key):
    run = QueryRun.objects.get(key=key)
    return settled(run)


def test_from_the_request_to_the_file_and_the_log(client, office, django_assert_max_num_queries):
    as_(client, "analyst")
    refused = client.post(QUERIES, {"sql": SQL, "shape": "counts", "do": "cost"})
    assert refused.status_code == 422
    assert "learner_day: rows of persons" in refused.content.decode()
    assert asked(client, office, leaving="rows").status_code == 422
    assert asked(client, office).status_code == 302
    grant = AccessGrant.objects.get()
    assert client.post(f"{ACCESS}{grant.pk}/allow/").status_code == 403

    as_(client, "province")
    assert f"A-{grant.pk}" in client.get("/console/").content.decode(), "the work list"
    with django_assert_max_num_queries(12):
        assert "Grant it" in client.get(f"{ACCESS}{grant.pk}/").content.decode()
    assert client.post(f"{ACCESS}{grant.pk}/refuse/", {"note": " "}).status_code == 422
    assert client.post(f"{ACCESS}{grant.pk}/allow/", {"note": "fine"}).status_code == 302
    assert client.post(f"{ACCESS}{grant.pk}/allow/").status_code == 409

    as_(client, "analyst")
    asked_for = {"sql": SQL, "purpose": "statistics", "shape": "counts", "do": "run"}
    address = client.post(QUERIES, asked_for)["Location"]
    run = ended(address.split("/")[-2])
    assert run.state == "done", run.failure
    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()
    assert "sum_activities" in page

    made = client.post(f"{address}export/", {"kind": "parquet"})["Location"]
    assert writing.work(now=clock.now()) == 1
    link = client.post(f"{made}1/link/").context["link"]
    with django_assert_max_num_queries(12):
        [own] = client.get("/console/exports/?of=lake&state=done").context["list"].rows
    assert (own.way, own.asked[:40], own.pk[:2]) == (made, SQL[:40], "L-")
    assert client.get("/console/exports/?of=records").context["list"].count == 0
    assert client.get("/console/exports/ask/").status_code == 403
    as_(client, "county")
    fetched = client.get(link)
    assert pq.read_table(io.BytesIO(b"".join(fetched))).column_names == [
        "persons",
        "sum_activities",
    ]
    assert client.get(link.replace("/files/", "/files/x")).status_code == 404

    as_(client, "province")
    with django_assert_max_num_queries(12):
        log = client.get("/console/lake/readings/").content.decode()
    assert f"A-{grant.pk}" in log
    assert LakeReading.objects.count() == 2, "the query, and the file by the link"
    checked = client.post("/console/lake/readings/check/").content.decode()
    assert "Every line fits" in checked
    assert client.post(f"{ACCESS}{grant.pk}/end/").status_code == 302
    assert client.get(link).status_code == 403, "with the grant the file goes"


def test_rows_stay_where_only_counts_may_leave(client, office):
    asked(as_(client, "analyst"), office)
    as_(client, "province").post(f"{ACCESS}{AccessGrant.objects.get().pk}/allow/")
    as_(client, "analyst")
    asked_for = {"sql": "from learner_day", "purpose": "statistics", "shape": "rows", "do": "run"}
    address = client.post(QUERIES, asked_for)["Location"]
    assert ended(address.split("/")[-2]).state == "done"
    refused = client.post(f"{address}export/", {"kind": "csv"})
    assert refused.status_code == 403
    assert "on the screen only" in refused.content.decode()
    assert not LakeExport.objects.exists()
    kept = client.post(f"{address}save/", {"title": "days", "shared": "on"})
    assert kept.status_code == 302
    page = client.get(QUERIES).content.decode()
    assert "days" in page
    assert as_(client, "province").get(address).status_code == 404


def test_what_was_read_before_an_erasure_goes(office):
    office.grant("learner_day")
    run = office.run("from learner_day")
    assert running.withdraw_all(at=clock.now()) == 1
    assert not running.folder(run).exists()


def file_of(office, run, kind="parquet"):
    """The export of a run, written."""
    made = asking.ask(run=run, kind=kind, by=office.analyst, at=AT)
    writing.work(now=AT)
    made.refresh_from_db()
    return made


def test_a_role_that_ends_closes_what_was_read_by_it(office):
    office.grant("learner_day")
    run, open_run = office.run(SQL, shape="counts"), office.run("from place", purpose="")
    made = [
        links.make(export=file_of(office, each), number=1, by=office.analyst, at=AT)
        for each in (run, open_run)
    ]
    assert links.follow(link=made[0], at=AT).path.exists()
    for role in rights.roles_in_force(office.analyst, rights.LAKE_ANALYSE, TODAY):
        roles.end(role_id=role.pk, day=TODAY, at=AT)

    with pytest.raises(results.GrantOver):
        results.page(run=run, by=office.analyst, first=0, at=AT)
    for link in made:
        with pytest.raises(links.LinkOver):
            links.follow(link=link, at=AT)


def test_an_erasure_takes_files_at_once_and_the_rows_of_cancelled_runs_soon(office):
    office.grant("learner_day")
    run, cancelled = office.run(SQL, shape="counts"), office.run(LEARNERS)
    export = file_of(office, run)
    QueryRun.objects.filter(pk=cancelled.pk).update(state="cancelled", finished_at=AT)

    assert asking.withdraw_all(at=AT) == 1
    running.withdraw_all(at=AT)
    assert not writing.folder(export).exists()
    running.work(now=AT + running.LEFT)
    assert not running.folder(cancelled).exists()


def test_a_server_killed_before_a_run_was_written_down_leaves_no_rows(office):
    left = [costs.folder() / name for name in (uuid.uuid4().hex, "plan-x", uuid.uuid4().hex)]
    for path in left:
        path.mkdir(parents=True)
        os.utime(path, times=(0, AT.timestamp()))
    os.utime(left[2], times=(0, (AT + running.LEFT).timestamp()))

    running.work(now=AT + running.LEFT)

    assert [path.exists() for path in left] == [False, False, True]


def test_a_value_that_no_workbook_holds_keeps_no_other_export_waiting(office):
    run = office.run("select 'bell' || chr(7) as text, '=1+1' as formula", purpose="")
    first = asking.ask(run=run, kind="xlsx", by=office.analyst, at=AT)
    second = file_of(office, run, "csv")
    first.refresh_from_db()
    assert (first.state, second.state) == ("done", "done")
    sheet = openpyxl.load_workbook(writing.folder(first) / "part-00001.xlsx").active
    assert list(sheet.values)[1] == ("bell\ufffd", "'=1+1")


def test_an_export_that_cannot_be_written_fails_alone_and_says_what_to_do(office, monkeypatch):
    run = office.run("from place", purpose="")
    monkeypatch.setattr(writing, "fill", lambda *_given, **_more: int("x"))
    export = file_of(office, run)
    assert (export.state, "another kind" in export.failure) == ("failed", True)
    monkeypatch.undo()
    running.folder(run).joinpath("rows.parquet").rename(running.folder(run) / "gone")
    later = LakeExport.objects.create(
        key=uuid.uuid4(), run=run, kind="csv", asked_by=office.analyst, asked_at=AT
    )
    assert writing.step(number=later.pk, at=AT) is False
    later.refresh_from_db()
    assert "Run the query again" in later.failure
    assert writing.sweep(now=AT + timedelta(hours=1)) == 1
