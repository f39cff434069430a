"""A few rows of a table: under a grant, of its place, written down; nothing stays on the disk."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.governance import lakes
from tests.governance.conftest import AT, TODAY
from tests.governance.test_lake_pages import as_
from xueqiao.governance import datasets, readings
from xueqiao.governance.models import LakeReading
from xueqiao.governance.workbench import costs, sampling
from xueqiao.kernel import clock

PAGE = "/console/lake/tables/learner_day/"


def test_rows_of_the_grants_place_only_and_a_line_in_the_log(office):
    given = office.grant("learner_day", place=office.where.county)
    found = sampling.take(by=office.analyst, table="learner_day", purpose="statistics", at=AT)
    learners = {row[found.columns.index("learner_id")] for row in found.rows}
    assert len(found.rows) == sampling.ROWS
    assert learners <= lakes.living("village")
    line = LakeReading.objects.get()
    assert (line.what, line.purpose, line.tables) == ("sample", "statistics", ["learner_day"])
    assert (line.rows, line.grants, line.by) == (sampling.ROWS, [given.pk], office.analyst)
    assert readings.check() is None
    assert list((settings.HOME / "workbench").glob("sample-*")) == []


def test_nobody_reads_persons_without_a_grant_for_the_purpose(office):
    office.grant("learner_day", purpose="research")
    assert sampling.purposes(office.analyst, "learner_day", TODAY) == ["research"]
    assert sampling.purposes(office.analyst, "learner_month", TODAY) == []
    for purpose in ("", "statistics"):
        with pytest.raises(costs.TableNotGranted):
            sampling.take(by=office.analyst, table="learner_day", purpose=purpose, at=AT)
    with pytest.raises(datasets.NoSuchTable):
        sampling.take(by=office.analyst, table="bronze.statement", purpose="research", at=AT)
    assert not LakeReading.objects.exists()


def test_the_page_shows_rows_to_who_holds_a_grant(client, office, django_assert_max_num_queries):
    assert as_(client, "analyst").post(f"{PAGE}sample/").status_code == 403
    assert "Ask for access" in client.get(PAGE).content.decode()
    office.grant("learner_day", at=clock.now())
    with django_assert_max_num_queries(12):
        assert client.get(PAGE).context["sample"]["purposes"] == [
            ("statistics", "Statistics and monitoring")
        ]
    shown = client.post(f"{PAGE}sample/", {"purpose": "statistics"})
    assert shown.status_code == 200
    assert len(shown.context["rows"].rows) == sampling.ROWS
    assert LakeReading.objects.count() == 1

    opened = client.post("/console/lake/tables/place/sample/")
    assert opened.context["rows"].purpose == ""
    assert len(opened.context["rows"].rows) == len(lakes.PLACES)
    assert LakeReading.objects.count() == 1, "places are no persons"
    bronze = client.get("/console/lake/tables/bronze.statement/").content.decode()
    assert "analysts read silver and gold" in bronze

    assert as_(client, "county").post(f"{PAGE}sample/").status_code == 403
    assert "shown to analysts only" in client.get(PAGE).content.decode()
