"""The console: terms of the lake, holds, plans and receipts."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import translation

from tests import world as small
from xueqiao.governance.models import LakeHold, LakeRetention, LakeTerm
from xueqiao.governance.retaining import receipt
from xueqiao.kernel import clock
from xueqiao.lake.retention import scope

pytestmark = pytest.mark.django_db
TOP = "/console/lake/retention/"
NOW = clock.now()


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """One world for all tests; undone at the end."""
    with django_db_blocker.unblock(), override_settings(HOME=tmp_path_factory.mktemp("home")):
        outer = transaction.atomic()
        outer.__enter__()
        try:
            with translation.override("en"):
                yield small.build()
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


@pytest.fixture
def as_(world, db, client, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    client.cookies["language"] = "en"

    def sign_in(who):
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    return sign_in


def again(model, pk, **changes):
    """Two more rows like one, so that lists have three."""
    row = model.objects.get(pk=pk)
    for number in range(2):
        row.pk = None
        for name, value in changes.items():
            setattr(row, name, value(number) if callable(value) else value)
        row.save(force_insert=True)


def test_the_lists_ask_no_more_for_three_rows_than_for_one(
    world, as_, django_assert_max_num_queries
):
    operator = as_("operator")
    pages = ["", "tables/?term=no", "tables/bronze.statement/", "holds/", "holds/?state=ended",
             "plans/", f"plans/{world.plan}/", f"{world.term}/"]  # fmt: skip
    for more in (False, True):
        if more:
            again(LakeTerm, world.term, subject="stage.event", state="rejected")
            again(LakeHold, world.lake_hold)
            again(LakeRetention, world.given_up)
        for page in pages:
            with django_assert_max_num_queries(12):
                assert operator.get(TOP + page).status_code == 200, page
    assert f"L-{world.lake_hold}" in operator.get(f"{TOP}holds/?q=退费").content.decode()
    assert f"L-{world.lake_hold}" not in operator.get(f"{TOP}holds/?q=nobody").content.decode()
    rows = operator.get(f"{TOP}tables/?download=csv&q=learner_day").getvalue()
    assert len(rows.decode("utf-8-sig").strip().splitlines()) == 2
    assert operator.get(f"{TOP}tables/no.such/").status_code == 404
    # Who may not lay down a term is not led to where it is done.
    for who, is_led in (("operator", False), ("province", True)):
        page = as_(who).get(f"{TOP}tables/learner_day/").content.decode()
        assert (f"{TOP}ask/" in page) == is_led


def test_a_term_is_asked_for_and_waits_for_somebody_else(world, as_):
    province = as_("province")
    own = province.get(f"{TOP}{world.term}/").content.decode()
    assert "A second person decides" in own
    refused = province.post(f"{TOP}{world.term}/approve/")
    assert refused.status_code == 409
    what = {"what": "table:learner_day", "months": 24, "reason": "规定"}
    answer = province.post(f"{TOP}ask/", what)
    made = LakeTerm.objects.get(subject="learner_day")
    assert (answer["Location"], made.months, made.state) == (f"{TOP}{made.pk}/", 24, "asked")
    assert province.post(f"{TOP}ask/", what | {"reason": ""}).status_code == 422
    assert province.post(f"{TOP}ask/", what).status_code == 422, "one waits already"
    LakeTerm.objects.filter(pk=world.term).delete()
    assert "Terms of the lake to decide" not in province.get("/console/").content.decode()


def test_a_hold_is_placed_by_code_and_lifted_with_a_reason(world, as_):
    operator = as_("operator")
    hold = {"scope": "place", "place": "no", "reason": "x"}
    assert operator.post(f"{TOP}holds/place/", hold).status_code == 422
    code = LakeHold.objects.get(pk=world.lake_hold).place.code
    tomorrow = clock.local_date(NOW) + timedelta(days=1)
    answer = operator.post(f"{TOP}holds/place/", hold | {"place": code, "until": tomorrow})
    made = LakeHold.objects.order_by("pk").last()
    assert (answer["Location"], made.until) == (f"{TOP}holds/{made.pk}/", tomorrow)
    one = {"scope": "table", "table": scope.LOG, "reason": "审计"}
    assert operator.post(f"{TOP}holds/place/", one).status_code == 302
    assert operator.post(f"{TOP}holds/{made.pk}/lift/", {"reason": "z"}).status_code == 403
    province = as_("province")
    assert province.post(f"{TOP}holds/{made.pk}/lift/").status_code == 422
    assert province.post(f"{TOP}holds/{made.pk}/lift/", {"reason": "结案"}).status_code == 302
    assert "结案" in province.get(f"{TOP}holds/{made.pk}/").content.decode()
    assert province.post(f"{TOP}holds/{made.pk}/lift/", {"reason": "z"}).status_code == 409


def test_a_plan_is_decided_by_a_steward_and_its_receipt_downloaded(world, as_):
    operator = as_("operator")
    assert operator.post(f"{TOP}plans/ask/").status_code == 409, "one waits"
    assert operator.post(f"{TOP}plans/{world.plan}/approve/").status_code == 403
    province = as_("province")
    work = province.get("/console/").content.decode()
    assert f"{TOP}plans/{world.plan}/" in work
    page = province.get(f"{TOP}plans/{world.plan}/").content.decode()
    assert "120,345" in page
    assert "by the platform" in page
    assert province.post(f"{TOP}plans/{world.plan}/reject/").status_code == 422
    assert province.post(f"{TOP}plans/{world.plan}/approve/", {"note": "好"}).status_code == 302
    assert LakeRetention.objects.get(pk=world.plan).state == "approved"
    assert province.post(f"{TOP}plans/{world.plan}/approve/").status_code == 409
    assert province.get(f"{TOP}plans/{world.plan}/receipt/").status_code == 404
    done = LakeRetention.objects.get(pk=world.given_up)
    assert done.digest in province.get(f"{TOP}plans/{done.pk}/receipt/").content.decode()
    answer = province.get(f"{TOP}plans/{done.pk}/receipt.json")
    assert json.loads(answer.content) == receipt.read(done) | {"digest": done.digest}
