"""The exchange on the console: a partner is opened, what differs is decided."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.exchange.conftest import SECRET
from tests.web.test_console import sign_in, world
from xueqiao.exchange.models import Break, Message, Partner, Reconciliation
from xueqiao.kernel import clock

pytestmark = pytest.mark.django_db
__all__ = ["sign_in", "world"]


@pytest.fixture
def officer(world, sign_in):
    return sign_in("province")


def said(**changed):
    found = {
        "code": "national", "name": "国家学分银行", "own_code": "JS", "driver": "file",
        "address": "above", "secret": SECRET, "begins_on": "",
    }  # fmt: skip
    return found | changed


@pytest.fixture
def partner(officer):
    officer.post("/console/exchange/new/", said())
    return Partner.objects.get()


def difference(partner, number, **more):
    facts = {"kind": "missing_here", "state": "waiting"} | more
    now = clock.now()
    return Break.objects.create(
        partner=partner, day=clock.local_date(now), key=f"JS:lot:{number}", version=1,
        opened_at=now, **facts,
    )  # fmt: skip


def test_a_partner_is_opened_and_its_secret_is_not_shown(officer, partner):
    page = officer.get(f"/console/exchange/{partner.pk}/").content.decode()
    assert ("above" in page, SECRET in page, SECRET in partner.sealed_secret) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"secret": "short"}, "secret"),
        ({"address": "../etc"}, "address"),
        ({"driver": "http", "address": "http://10.0.0.1/"}, "__all__"),
    ],
    ids=["secret", "folder", "private"],
)
def test_an_unfit_partner_keeps_what_was_typed(officer, changed, field):
    answer = officer.post("/console/exchange/new/", said(**changed))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "国家学分银行" in answer.content.decode()


def test_a_difference_is_withdrawn_with_a_reason(officer, partner):
    row = difference(partner, 7)
    address = f"/console/exchange/differences/{row.pk}/"
    assert officer.post(address, {"act": "withdraw", "reason": ""}).status_code == 422
    assert officer.post(address, {"act": "send_again", "reason": "x"}).status_code == 422
    # What we never reported cannot be sent again.
    assert [act for act, _words in officer.get(address).context["form"]["act"].field.choices] == [
        "withdraw"
    ]
    assert officer.post(address, {"act": "withdraw", "reason": "不是我们的"}).url == address
    row.refresh_from_db()
    assert (row.state, Message.objects.get().withdraws) == ("mending", True)
    page = officer.get(address).content.decode()
    assert ("不是我们的" in page, 'name="act"' in page) == (True, False)
    rows = officer.get("/console/exchange/messages/?state=queued").context["list"]
    assert rows.count == 1


def test_a_partner_is_paused_and_goes_on(officer, partner):
    for paused in (True, False):
        officer.post(f"/console/exchange/{partner.pk}/pause/")
        partner.refresh_from_db()
        assert (partner.paused_at is not None) == paused


def test_lists_cost_the_same_for_one_and_for_three(officer, partner):
    def queries():
        with CaptureQueriesContext(connection) as found:
            officer.get("/console/exchange/")
        return len(found)

    difference(partner, 1)
    queries()
    one = queries()
    for number in (2, 3):
        difference(partner, number, state="resolved", resolved_at=clock.now())
        Reconciliation.objects.create(
            partner=partner, day=clock.local_date(clock.now()), compared_at=clock.now(), ours=1,
            theirs=1, matched=1, breaks=0,
        )  # fmt: skip
    assert queries() == one <= 12
    assert officer.get("/console/exchange/?state=resolved").context["list"].count == 2
    days = officer.get(f"/console/exchange/{partner.pk}/").context["list"]
    assert days.count == 2
