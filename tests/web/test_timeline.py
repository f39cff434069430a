"""The record of everything learnt: merged from the apps, in order, paged by key."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import world as small
from xueqiao.kernel import clock
from xueqiao.people.models import Person
from xueqiao.web import timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return small.build()


@pytest.fixture
def learner(world):
    return Person.objects.get(pk=world.people["learner"])


def test_the_record_holds_every_kind_in_one_line_of_time(learner):
    found = timeline.read(learner, size=200).entries
    assert {"class", "completed", "outcome", "credit", "certificate", "application"} <= {
        each.kind for each in found
    }
    moments = [each.at for each in found]
    assert moments == sorted(moments, reverse=True)
    assert all(each.issuer for each in found if each.kind in {"class", "completed", "outcome"})


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_by_key_show_every_entry_once(learner, size):
    whole = [(each.kind, each.pk) for each in timeline.read(learner, size=500).entries]
    found, after, first = [], "", True
    while first or after:
        page = timeline.read(learner, after=after, size=size)
        assert page.is_first is first
        found += [(each.kind, each.pk) for each in page.entries]
        after, first = page.following, False
    assert found == whole


def test_a_row_of_a_day_and_rows_of_its_first_instant_keep_their_order(learner):
    """Rows at one moment are told apart by kind and number, days included."""
    found = timeline.read(learner, kind="outcome", size=200).entries
    for each in found:
        assert each.at == clock.start_of(clock.local_date(each.at))
        behind = timeline.read(learner, after=timeline.encode(each), kind="outcome").entries
        assert all(other.pk != each.pk and other.at <= each.at for other in behind)
        moved = timeline.Entry("certificate", each.at, each.pk, "x")
        again = timeline.read(learner, after=timeline.encode(moved), kind="outcome").entries
        assert each.pk in {other.pk for other in again}
        later = timeline.Entry("outcome", each.at + timedelta(hours=1), each.pk, "x")
        again = timeline.read(learner, after=timeline.encode(later), kind="outcome").entries
        assert each.pk in {other.pk for other in again}


@pytest.mark.parametrize("text", ["", "x", "bnVsbA", "WzEsMiwzXQ", "e30"])
def test_what_is_no_cursor_shows_the_first_page(learner, text):
    assert timeline.read(learner, after=text).is_first


def test_a_page_costs_one_query_a_kind(learner, django_assert_num_queries):
    for size in (1, 3):
        with django_assert_num_queries(1 + len(timeline.SOURCES)):
            timeline.read(learner, size=size)


def test_the_page_shows_filters_and_exports_the_record(world, client):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-learner"})
    page = client.get("/account/record/").content.decode()
    assert "My record" in page
    assert "Credit posted" in page
    only = client.get("/account/record/?kind=certificate").context["page"].entries
    assert {each.kind for each in only} == {"certificate"}
    led = [client.get(each.address) for each in only]
    assert {each.status_code for each in led} == {200}
    assert "certificate" in {each.resolver_match.view_name for each in led}
    text = b"".join(client.get("/account/record/?download=csv").streaming_content).decode()
    assert "Certificate issued" in text
    client.cookies.clear()
    assert client.get("/account/record/").status_code == 302


def test_messages_are_shown_until_they_are_read(world, client):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-learner"})
    shown = [notice.pk for notice, _text in client.get("/account/").context["notices"]]
    assert len(shown) == 1, "the application was accepted"
    client.post("/account/notices/read/", {"notice": shown})
    assert client.get("/account/").context["notices"] == []
