"""Pages of the catalogue and the lineage: what lies in the lake, who guards it, where it goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import world as small
from tests.lake import worlds
from xueqiao.governance import catalogue
from xueqiao.governance.models import Classification, Custody
from xueqiao.lake import costs, facts, tables
from xueqiao.lake.levels import Class, Level
from xueqiao.lake.recipes import location
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db
TABLES, TABLE = "/console/lake/tables/", "/console/lake/tables/learner_day/"
LINEAGE = "/console/lake/lineage/"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    root = tmp_path_factory.mktemp("lake")
    world = worlds.small()
    world.add_person(1, birth_year=1950, home_id=40)
    world.add_statement(1, worlds.AT)
    worlds.fill(root, world)
    worlds.make(root)
    return root


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One world for all pages; undone at the end."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield small.build()
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


@pytest.fixture
def signed_in(world, db, client, settings, filled):
    settings.LAKE = filled
    client.cookies["language"] = "en"

    def sign_in(who):
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    return sign_in


def queries(client, address):
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_every_table_is_listed_found_and_exported(signed_in):
    page = signed_in("operator")
    shown = page.get(TABLES).context["list"]
    assert shown.count == len(facts.names())
    following = page.get(shown.next_address).context["list"]
    first = {row.pk for row in shown.page.rows}
    assert len(first) == 25
    assert not first & {row.pk for row in following.page.rows}

    found = page.get(TABLES, {"q": "each learner did on each day"}).context["list"]
    assert [row.pk for row in found.page.rows] == ["learner_day"]
    assert found.page.rows[0].rows == 1
    gold = page.get(TABLES, {"layer": "marts", "sort": "-name"}).context["list"]
    names = [row.pk for row in gold.page.rows]
    assert names == sorted(names, reverse=True)
    assert all("." not in name for name in names)

    file = page.get(TABLES, {"download": "csv", "level": "4"}).getvalue().decode()
    assert "bronze.statement" in file
    assert "learner_day" not in file


def test_costs_are_those_of_the_files_and_the_runs(signed_in, filled):
    page = signed_in("analyst")
    found = page.get("/console/lake/costs/", {"q": "learner_day"})
    row = next(row for row in found.context["list"].page.rows if row.pk == "learner_day")
    files = list(tables.Table(filled, location("learner_day")).path.rglob("*.parquet"))
    assert row.size == sum(file.stat().st_size for file in files)
    assert (row.cost.rows, row.cost.events) == (1, 1)
    assert row.cost.bytes_per_event == row.cost.bytes_per_row == row.size
    since = worlds.AT - timedelta(days=1)
    built = costs.work(filled, since=since)["learner_day"]
    assert built[0] == 1
    assert costs.work(filled, since=worlds.AT + timedelta(days=36_500)) == {}


def test_pages_cost_few_queries_whatever_the_lake_holds(signed_in):
    page = signed_in("province")
    for address in (TABLES, TABLE, LINEAGE, "/console/lake/costs/"):
        assert queries(page, address) <= 12, address
    before = queries(page, TABLE)
    person = Person.objects.get(login__username="demo-province")
    for column in ("learner_id", "day", "activities"):
        Classification.objects.create(
            table="learner_day", column=column, category=Class.ACTIVITY, level=2, lowers=True,
            reason="r", asked_by=person, asked_at=worlds.AT,
        )  # fmt: skip
    assert queries(page, TABLE) == before


def test_a_steward_is_laid_down_and_shown(signed_in):
    page = signed_in("province")
    steward = Person.objects.get(login__username="demo-operator")
    given = {"steward": steward.pk, "owner": "", "reason": "order 7 of 2026"}
    assert page.post(f"{TABLE}custody/", given).status_code == 302
    assert page.post(f"{TABLE}custody/", given).status_code == 302
    assert Custody.objects.count() == 1
    assert steward.name in page.get(TABLE).content.decode()
    assert catalogue.entry("learner_day").custody.steward == steward

    refused = page.post(f"{TABLE}custody/", {**given, "reason": " "})
    assert refused.status_code == 422
    assert refused.context["custody_form"].errors.keys() == {"reason"}


def test_guarding_more_holds_at_once_and_less_waits_for_a_second_person(signed_in):
    page = signed_in("province")
    asked = {"column": "activities", "category": "user.activity", "reason": "as agreed"}
    page.post(f"{TABLE}class/", {**asked, "level": "4"})
    assert catalogue.guarded("learner_day", "activities").level == Level.SENSITIVE
    assert catalogue.entry("learner_day").level == Level.SENSITIVE

    page.post(f"{TABLE}class/", {**asked, "level": "2"})
    waiting = Classification.objects.get(state="asked")
    assert catalogue.guarded("learner_day", "activities").level == Level.SENSITIVE
    again = page.post(f"{TABLE}class/", {**asked, "level": "2"})
    assert again.status_code == 422
    own = page.post(f"/console/lake/classes/{waiting.pk}/approve/")
    assert own.status_code == 409
    assert own.context["refusal"].code == "lake.same_person"

    Classification.objects.filter(pk=waiting.pk).update(
        asked_by=Person.objects.get(login__username="demo-operator")
    )
    work = {group.code: group for group in page.get("/console/").context["groups"]}
    assert [item.title for item in work["guards"].items] == ["activities of learner_day"]
    assert page.post(f"/console/lake/classes/{waiting.pk}/approve/").status_code == 302
    assert catalogue.guarded("learner_day", "activities").level == Level.INTERNAL
    late = page.post(f"/console/lake/classes/{waiting.pk}/reject/")
    assert late.context["refusal"].code == "lake.decided"


def test_only_stewards_decide(signed_in):
    page = signed_in("operator")
    assert page.get(TABLE).context["may_decide"] is False
    assert page.post(f"{TABLE}custody/", {}).status_code == 403
    assert page.post(f"{TABLE}class/", {}).status_code == 403
    assert page.get("/console/lake/tables/nothing/").status_code == 404


def test_a_column_is_followed_on_the_page_as_in_the_file(signed_in):
    page = signed_in("county")
    asked = {"table": "learner_month", "column": "activities", "way": "up"}
    shown = page.get(LINEAGE, asked)
    steps = [(str(step["source"]), str(step["target"])) for step in shown.context["steps"]]
    assert steps[0] == ("learner_day.activities", "learner_month.activities")
    boxes = {box.table: box for box in shown.context["picture"].boxes}
    assert boxes["learner_day"].x < boxes["learner_month"].x
    file = page.get(LINEAGE, {**asked, "download": "csv"}).getvalue().decode().splitlines()
    assert len(file) == len(steps) + 1

    whole = page.get(LINEAGE, {**asked, "conditions": "1"}).context["steps"]
    assert len(whole) > len(steps)
    assert page.get(LINEAGE, {"table": "nothing"}).status_code == 404
    assert page.get(LINEAGE, {"table": "bronze.statement", "column": "digest"}).status_code == 200
