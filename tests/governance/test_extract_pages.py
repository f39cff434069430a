"""The pages of research extracts: from the question to the copy, its report, its way back."""

from __future__ import annotations

import io
import json

import pytest

from tests.governance.test_extracts import content
from tests.governance.test_lake_pages import as_
from xueqiao.governance.extracts import ending, making
from xueqiao.governance.models import LakeReading, ResearchExtract
from xueqiao.kernel import clock

EXTRACTS = "/console/lake/extracts/"


def asked(client, office, **changes):
    initial = client.get(f"{EXTRACTS}ask/").context["form"].initial
    given = {
        "request_key": initial["request_key"], "design": "activity", "known": ["age", "month"],
        "place": office.where.province.pk, "first_month": "2024-01", "last_month": "2024-12",
        "k": 5, "diversity": 2, "purpose": "how often", "ethics": "IRB-7",
        "recipients": "Wei, a college\nAda, a university\n", "valid_to": initial["valid_to"],
    }  # fmt: skip
    return client.post(f"{EXTRACTS}ask/", given | changes)


@pytest.fixture
def extract(client, learners):
    """Asked for by the analyst, granted and made."""
    asked(as_(client, "analyst"), learners)
    found = ResearchExtract.objects.get()
    as_(client, "province").post(f"{EXTRACTS}{found.pk}/allow/", {"note": "fine"})
    making.work(now=clock.now())
    found.refresh_from_db()
    return found


def files_of(client, extract):
    """Numbers of the files that the analyst sees, by name."""
    shown = as_(client, "analyst").get(f"{EXTRACTS}{extract.pk}/")
    return {file.name: file.pk for copy in shown.context["copies"] for file in copy.files}


def test_from_the_question_to_the_report(client, learners, django_assert_max_num_queries):
    as_(client, "analyst")
    few = asked(client, learners, k=4)
    assert (few.status_code, few.context["form"].errors.keys()) == (422, {"k"})
    wrong = asked(client, learners, sensitive=["main_kind"])
    assert (wrong.status_code, wrong.context["form"].errors.keys()) == (422, {"sensitive"})
    here = asked(client, learners)["Location"]
    extract = ResearchExtract.objects.get()
    assert client.post(f"{here}allow/").status_code == 403

    as_(client, "province")
    assert f"X-{extract.pk}" in client.get("/console/").content.decode(), "the work list"
    with django_assert_max_num_queries(12):
        assert client.get(here).context["can_decide"]
    assert client.post(f"{here}refuse/", {"note": " "}).status_code == 422
    assert client.post(f"{here}allow/", {"note": "fine"}).status_code == 302
    assert client.post(f"{here}allow/").status_code == 409
    assert not client.get(f"{here}report/").context["told"], "nothing is made yet"
    making.work(now=clock.now())
    with django_assert_max_num_queries(12):
        report = client.get(f"{here}report/").context["told"]
    assert report["k"]["reached"] >= 5
    assert as_(client, "county").get(here).status_code == 403


def test_copies_are_fetched_written_down_and_recognised(
    client, extract, django_assert_max_num_queries
):
    files = files_of(client, extract)
    assert sorted(files) == sorted(content(extract))
    with django_assert_max_num_queries(12):
        client.get(f"{EXTRACTS}{extract.pk}/")
    fetched = client.get(f"{EXTRACTS}files/{files['copy-01-report.json']}/")
    assert json.loads(b"".join(fetched))["recipient"] == "Wei, a college"
    number = files["copy-02-00001.csv"]
    link = client.post(f"{EXTRACTS}files/{number}/link/").context["link"]

    as_(client, "county")
    copy = b"".join(client.get(link))
    assert copy == content(extract)["copy-02-00001.csv"]
    assert client.get(link.replace("/extracts/", "/extracts/x")).status_code == 404

    as_(client, "province")
    assert client.get(f"{EXTRACTS}files/{number}/").status_code == 404
    log = client.get("/console/lake/readings/").content.decode()
    assert f"X-{extract.pk} · 2" in log
    assert LakeReading.objects.count() == 2, "the report, and the file by the link"
    found = client.post(f"{EXTRACTS}whose/", {"file": io.BytesIO(copy)})
    assert [each.name for each in found.context["matches"]] == ["Ada, a university"]
    unread = client.post(f"{EXTRACTS}whose/", {"file": io.BytesIO(b"PAR1")})
    assert unread.status_code == 422


def test_what_was_withdrawn_is_made_again_or_confirmed_destroyed(client, extract):
    here, number = f"{EXTRACTS}{extract.pk}/", files_of(client, extract)["copy-01-00001.csv"]
    link = client.post(f"{EXTRACTS}files/{number}/link/").context["link"]
    assert b"".join(client.get(link)) == content(extract)["copy-01-00001.csv"]
    ending.withdraw(months=(), is_of_persons=True, at=clock.now())
    assert client.get(link).status_code == 409
    assert f"X-{extract.pk}" in client.get("/console/").content.decode(), "copies to destroy"
    standing = client.get(here).context
    assert (standing["can_again"], standing["can_confirm"]) == (True, True)
    assert client.post(f"{here}destroyed/").status_code == 302
    assert client.post(f"{here}again/").status_code == 302
    assert client.post(f"{here}again/").status_code == 409
    assert client.post(f"{here}end/", {"note": "no need"}).status_code == 302
    extract.refresh_from_db()
    assert (extract.state, extract.edition) == ("ended", 2)


def test_the_list_costs_the_same_for_one_and_for_three(client, learners, django_assert_num_queries):
    as_(client, "analyst")
    asked(client, learners)
    client.get(EXTRACTS)
    with django_assert_num_queries(8):
        assert client.get(EXTRACTS).context["list"].count == 1
    asked(client, learners)
    asked(client, learners, design="credit", sensitive=["main_kind"])
    with django_assert_num_queries(8):
        assert client.get(EXTRACTS).context["list"].count == 3
    found = client.get(f"{EXTRACTS}?design=credit&q=how").context["list"]
    assert found.count == 1


def test_the_steward_sees_other_extracts_of_the_same_rows(client, extract, learners):
    as_(client, "analyst")
    for changes, others in (
        ({"first_month": "2024-12", "last_month": "2025-03"}, [extract]),
        ({"first_month": "2025-01", "last_month": "2025-03"}, []),
    ):
        here = asked(as_(client, "analyst"), learners, **changes)["Location"]
        assert list(as_(client, "province").get(here).context["others"]) == others
