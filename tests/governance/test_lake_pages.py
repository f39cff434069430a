"""The pages: from the request for access over a query to files, a link, and the log."""

from __future__ import annotations

import io

import pyarrow.parquet as pq

from tests.governance.conftest import settled
from xueqiao.governance.exporting import writing
from xueqiao.governance.models import AccessGrant, LakeExport, LakeReading, QueryRun
from xueqiao.governance.workbench import running
from xueqiao.kernel import clock

QUERIES, ACCESS = "/console/lake/queries/", "/console/lake/access/"
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
