"""Console pages of lots, freezes, reversals and the ledger; what the learner reads of them."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import world as small
from tests.creditbank import factories
from xueqiao.creditbank import guards, holds, recounts, reversal
from xueqiao.creditbank.models import Account, CreditLot, Hold, Recount, Reversal, TransferGroup
from xueqiao.kernel import clock
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db
WHY = "证书系伪造"


@pytest.fixture
def world():
    return small.build()


def signed(who):
    client = Client()
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": f"demo-{who}"})
    return client


def ask(world, who="county"):
    page = signed(who)
    page.post(f"/console/lots/{world.lot}/reverse/", {"reason": WHY, "form_key": "1"})
    return Reversal.objects.get()


def test_from_the_request_to_what_the_learner_reads(world):
    page = signed("county").get(f"/console/lots/{world.lot}/")
    assert (page.status_code, page.context["plan"].credit_hundredths) == (200, 6000)
    case = ask(world)
    assert case.state == "asked"
    own = signed("county").get(f"/console/lots/reversals/{case.pk}/")
    assert own.context["is_own"]
    assert "/approve/" not in own.content.decode()

    province = signed("province")
    work = province.get("/console/").context["groups"]
    assert [item.detail for group in work if group.code == "reversal" for item in group.items] == [
        WHY
    ]
    seen = province.get(f"/console/lots/reversals/{case.pk}/").context["plan"].digest
    done = province.post(f"/console/lots/reversals/{case.pk}/approve/", {"seen": seen})
    assert done.status_code == 302
    assert CreditLot.objects.get(pk=world.lot).state == "reversed"
    after = province.get(f"/console/lots/reversals/{case.pk}/").content.decode()
    assert "reversal:" in after

    learner = signed("learner")
    assert WHY in learner.get("/account/").content.decode()
    assert WHY in learner.get("/account/changes/").content.decode()


def test_a_form_sent_twice_is_one_case_and_a_refusal_stays_in_the_form(world):
    assert ask(world) == ask(world)
    page = signed("county").post(f"/console/lots/{world.lot}/reverse/", {"reason": " "})
    assert (page.status_code, page.context["tried"]) == (422, "reverse")
    case = Reversal.objects.get()
    stale = signed("province").post(f"/console/lots/reversals/{case.pk}/approve/", {"seen": "x"})
    assert (stale.status_code, stale.context["tried"]) == (409, "approve")


def test_a_refused_or_withdrawn_case_releases(world):
    case = ask(world)
    signed("province").post(f"/console/lots/reversals/{case.pk}/refuse/", {"note": "证据不足"})
    assert CreditLot.objects.get(pk=world.lot).state == "active"
    county = signed("county")
    county.post(f"/console/lots/{world.lot}/reverse/", {"reason": WHY, "form_key": "2"})
    second = Reversal.objects.latest("pk")
    county.post(f"/console/lots/reversals/{second.pk}/withdraw/", {"note": "误提"})
    assert CreditLot.objects.get(pk=world.lot).state == "active"


def test_the_review_of_a_qualification_on_the_page(world):
    factories.awarded(CreditLot.objects.get(pk=world.lot))
    case = ask(world)
    review = case.reviews.get()
    page = signed("province")
    address = f"/console/lots/reversals/{case.pk}/reviews/{review.pk}/"
    assert page.post(address, {"outcome": "revoked", "note": ""}).status_code == 422
    assert page.post(address, {"outcome": "revoked", "note": "虚假"}).status_code == 302
    case.refresh_from_db()
    assert case.state == "asked"


def test_a_dispute_is_opened_listed_and_released(world):
    page = signed("institution")
    lot = CreditLot.objects.get(pk=world.lot)
    county = signed("county")
    county.post(f"/console/lots/{lot.pk}/freeze/", {"reason": "有争议", "form_key": "9"})
    hold = Hold.objects.get()
    assert "有争议" in county.get("/console/lots/disputes/").content.decode()
    assert county.get(f"/console/lots/disputes/{hold.pk}/").status_code == 200
    assert page.get("/console/lots/").status_code == 200
    empty = county.post(f"/console/lots/disputes/{hold.pk}/release/", {"outcome": ""})
    assert empty.status_code == 422
    county.post(f"/console/lots/disputes/{hold.pk}/release/", {"outcome": "查实无误"})
    assert CreditLot.objects.get(pk=lot.pk).state == "active"


@pytest.mark.parametrize(
    "address", ["/console/lots/", "/console/ledger/", "/console/ledger/vouchers/"]
)
def test_lists_do_not_ask_more_for_more_rows(world, address, django_assert_max_num_queries):
    page = signed("province")
    page.get(address)
    with django_assert_max_num_queries(12):
        assert page.get(address).status_code == 200
    with django_assert_max_num_queries(12):
        assert page.get(address + "?download=csv").status_code == 200


def test_every_page_of_the_ledger_opens(world):
    page = signed("operator")
    lot = Account.objects.get(lot=world.lot)
    then = page.get(f"/console/ledger/accounts/{lot.pk}/?as_of=2000-01-01").context
    assert (then["held"], then["then"]) == (6000, 0)
    balance = page.get(f"/console/ledger/accounts/{lot.pk}/balance.json").json()
    assert (balance["held_hundredths"], balance["unit"]) == (6000, "XF")
    voucher = TransferGroup.objects.filter(kind="recognise").order_by("pk")[0]
    rows = page.get(f"/console/ledger/vouchers/{voucher.pk}/").context["rows"]
    assert [fits for _row, fits in rows] == [True]
    name = Person.objects.get(pk=world.people["learner"]).name
    for address in ("", "vouchers/", f"accounts/{lot.pk}/", f"vouchers/{voucher.pk}/"):
        assert name not in page.get(f"/console/ledger/{address}").content.decode()


def test_a_recount_that_differs_stays_on_the_work_list_until_somebody_takes_it(world):
    from django.db import connection  # noqa: PLC0415 - only this test writes past the ledger

    assert recounts.run(now=clock.now()).differences == 0
    guards.remove(connection)
    Account.objects.filter(lot=world.lot).update(credits=1)
    guards.install(connection)
    recount = recounts.run(now=clock.now())
    assert (recount.differences, recount.named[0]["counted"]) == (1, (0, 1, 0, 0))
    page = signed("operator")
    assert "recount" in [group.code for group in page.get("/console/").context["groups"]]
    assert page.get("/console/ledger/").context["alarms"][0] == recount
    page.post(f"/console/ledger/recounts/{recount.pk}/take/")
    assert list(recounts.alarms()) == []
    assert Recount.objects.get(pk=recount.pk).seen_by is not None
    assert page.get(f"/console/ledger/recounts/{recount.pk}/").status_code == 200


def test_the_learner_reads_the_balance_of_another_day(world):
    page = signed("learner")
    now = page.get("/account/balance.json").json()
    assert (now["held_hundredths"], [each["state"] for each in now["lots"]]) == (6000, ["active"])
    before = page.get("/account/balance.json?known_at=2001-01-01&as_of=nonsense").json()
    assert (before["held_hundredths"], before["lots"]) == (0, [])
    assert page.get("/account/balance/").status_code == 200


def test_what_was_known_before_a_reversal_stays_known(world):
    at = clock.now()
    lot = CreditLot.objects.get(pk=world.lot)
    asker, other = (Person.objects.get(pk=world.people[who]) for who in ("county", "province"))
    case = reversal.ask(request_key="x", lot=lot, reason=WHY, by=asker, at=at)
    reversal.approve(reversal=case, seen=reversal.look(lot).digest, by=other, at=clock.now())
    page = signed("learner")
    assert page.get("/account/balance.json").json()["held_hundredths"] == 0
    assert holds.Hold.objects.get().released_at is not None
