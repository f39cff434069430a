"""The console: builds of the lake, the one that runs, those that ran, the plan."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from tests import world as small
from tests.lake import worlds
from xueqiao.governance import builds
from xueqiao.governance.models import BuildRequest
from xueqiao.lake import recipes
from xueqiao.lake.build import going, history
from xueqiao.lake.contracts import gate
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db
RUNS = "/console/lake/runs/"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root, world = tmp_path_factory.mktemp("lake"), worlds.small()
    world.add_person(1, birth_year=1950, home_id=40)
    world.add_statement(1, datetime(2024, 3, 10, tzinfo=UTC))
    worlds.fill(root, world)
    worlds.make(root)
    return root


@pytest.fixture
def operator(settings, client, lake):
    settings.HOME = settings.LAKE = lake
    small.build()
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-operator"})
    with translation.override("en"):
        yield client


def test_the_pages_show_what_runs_what_ran_and_what_would(
    operator, lake, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        listed = operator.get(RUNS).content.decode()
    assert "No build runs." in listed
    assert "Everything made" in listed
    assert "Command line" in listed
    run = history.rows_of(lake)[0]["run"]
    with django_assert_max_num_queries(12):
        shown = operator.get(f"{RUNS}{run}/?q=learner_day").content.decode()
    assert "1 row" in shown
    assert "learner_day" in shown
    assert operator.get(f"{RUNS}nothing/").status_code == 404
    assert "Every table is up to date" in operator.get(f"{RUNS}plan/").content.decode()
    rows = operator.get(f"{RUNS}{run}/?download=csv").getvalue().decode().splitlines()
    assert len(rows) == len(recipes.recipes()) + 1

    sign = going.Sign(lake, "now", datetime(2026, 3, 2, 8, tzinfo=UTC))
    sign.show(done=3, total=9, tables=["learner"])
    assert "3 of 9 tables looked at; at hand: learner" in operator.get(RUNS).content.decode()
    sign.take_down()


def test_a_build_is_asked_for_shown_and_withdrawn(operator, django_assert_max_num_queries):
    assert operator.post(f"{RUNS}ask/").status_code == 302
    with django_assert_max_num_queries(12):
        shown = operator.get(RUNS).content.decode()
    assert "A job goes on with it within a minute." in shown
    refused = operator.post(f"{RUNS}ask/")
    assert refused.status_code == 409
    assert "A build waits or runs already." in refused.content.decode()
    asked = BuildRequest.objects.get()
    assert operator.post(f"{RUNS}{asked.pk}/withdraw/").status_code == 302
    assert "Extract and build" in operator.get(RUNS).content.decode()


def test_a_build_that_failed_stands_on_the_work_list_until_one_ends_well(operator):
    asked = builds.ask(by=Person.objects.first(), at=datetime(2026, 3, 2, 8, tzinfo=UTC))
    asked.state, asked.text, asked.ended_at = "failed", "the disk is full", asked.asked_at
    asked.save()
    assert "the disk is full" in operator.get(RUNS).content.decode()
    assert "the disk is full" in operator.get("/console/").content.decode()
    asked.state = "done"
    asked.save()
    assert "the disk is full" not in operator.get("/console/").content.decode()


def test_without_a_lake_the_pages_say_what_to_do(operator, settings, tmp_path):
    settings.LAKE = tmp_path
    assert "Nothing here yet." in operator.get(RUNS).content.decode()
    answer = operator.get(f"{RUNS}plan/")
    assert answer.status_code == 200
    assert "never made" in answer.content.decode()
    broken = gate.Verdict(
        "bronze.person", gate.STOPPED, gate.NONE, None, 0, 0, 1, 0, 0, 0, worlds.AT, worlds.AT
    )
    gate.write(tmp_path, [broken])
    answer = operator.get(f"{RUNS}plan/")
    assert answer.status_code == 409
    assert "let a steward approve a contract that fits" in answer.content.decode()
