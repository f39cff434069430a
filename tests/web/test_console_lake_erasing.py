"""The console: erasure in the lake, its dry run, what held it up, its receipt."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from django.utils import translation

from tests import world as small
from xueqiao.governance.erasing import receipt
from xueqiao.governance.models import LakeErasure
from xueqiao.kernel import clock
from xueqiao.lake import tables
from xueqiao.records.erasure import holds
from xueqiao.records.models import Erasure, LegalHold

pytestmark = pytest.mark.django_db
LIST = "/console/lake/erasures/"


@pytest.fixture(scope="module")
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def world(settings, tmp_path, _in_english):
    settings.HOME, settings.LAKE = tmp_path, tmp_path / "lake"
    return small.build()


@pytest.fixture
def operator(client):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-operator"})
    return client


def test_the_pages_show_what_would_go_and_what_went(world, operator, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        listed = operator.get(LIST).content.decode()
    assert f"E-{world.erasure}" in listed
    assert "Gone from the lake" in listed
    waiting = operator.get(f"{LIST}{world.erasure}/").content.decode()
    assert "2 statements, as of" in waiting
    assert "Count again" in waiting
    with django_assert_max_num_queries(12):
        gone = operator.get(f"{LIST}{world.erased}/").content.decode()
    assert "stage.event" in gone
    assert "Sums over many persons" in gone
    assert "all of it" in operator.get(f"{LIST}{world.erased}/receipt/").content.decode()
    ticket = LakeErasure.objects.get(erasure=world.erased)
    answer = operator.get(f"{LIST}{world.erased}/receipt.json")
    assert json.loads(answer.content) == receipt.read(ticket) | {"digest": ticket.digest}
    assert operator.get(f"{LIST}{world.erasure}/receipt/").status_code == 404
    assert operator.get(f"{LIST}999999/").status_code == 404
    asked = Erasure.objects.get(pk=world.erasure)
    for _each in range(2):
        asked.pk = None
        asked.save(force_insert=True)
        LakeErasure.objects.create(erasure=asked, looked_at=clock.now())
    with django_assert_max_num_queries(12):
        assert operator.get(LIST).status_code == 200


def test_counting_again_asks_the_log_and_the_lake(world, operator):
    assert operator.post(f"{LIST}{world.erasure}/look/").status_code == 302
    ticket = LakeErasure.objects.get(erasure=world.erasure)
    nothing = {"statements": 0, "is_part": False, "held": {}}
    assert ticket.preview == nothing, "a hold keeps them"

    hold = LegalHold.objects.get(lifted_at=None)
    holds.lift(hold=hold, by=hold.placed_by, at=clock.now())
    assert operator.post(f"{LIST}{world.erasure}/look/").status_code == 302

    ticket.refresh_from_db()
    assert ticket.preview == nothing | {"statements": 2}, "the world has no lake"


def test_what_keeps_the_lake_from_being_counted_is_said(world, operator, settings):
    table = tables.Table(settings.LAKE, "stage.thing")
    rows = pa.table({"event_id": ["x"]}).to_reader()
    table.commit(batches=rows, marks={}, replace="everything")
    (table.path / table.file_names()[0]).unlink()
    refused = operator.post(f"{LIST}{world.erasure}/look/")
    assert refused.status_code == 500
    assert "check_lake --mend" in refused.content.decode()


def test_what_is_held_up_says_why_stands_on_the_work_list(world, operator):
    ticket = LakeErasure.objects.get(erasure=world.erased)
    ticket.state, ticket.finished_at, ticket.digest = LakeErasure.State.ANNOUNCED, None, ""
    ticket.held_up_by, ticket.held_up_text = "lake.full", "The disk is full."
    ticket.save()
    page = operator.get(f"{LIST}{world.erased}/").content.decode()
    assert "The disk is full." in page
    assert "within a minute" in page

    ticket.next_try_at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    ticket.save()
    page = operator.get(f"{LIST}{world.erased}/").content.decode()
    assert "The next one tries again at March 2, 2026, 5:30 p.m." in page
    assert "within a minute" not in page
    assert "Erasures held up in the lake" in operator.get("/console/").content.decode()
