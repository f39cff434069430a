"""Lots lapse on their day, keep their place in the archive, and can be renewed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.creditbank.test_conversion import free
from tests.creditbank.test_reversal import AT, LATER, Court, states
from xueqiao.creditbank import audit, caps, expiry, holds, lotstates, matching
from xueqiao.creditbank.models import Account, CreditLot, LotStep, Transfer
from xueqiao.people import rights
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
SCOPE = "SAMPLE-BACHELOR"


@pytest.fixture
def court():
    return Court()


def ending(court, day, credits=6000):  # noqa: A002
    lot = court.lot(credits)
    CreditLot.objects.filter(pk=lot.pk).update(valid_to=day)
    lot.refresh_from_db()
    return lot


def lapsed():
    account = Account.objects.filter(code=expiry.EXPIRED).first()
    return audit.balance(account.pk).held if account else 0


def test_a_lot_lapses_on_its_day_and_not_before(court):
    lot = ending(court, factories.DAY + timedelta(days=1))
    assert expiry.expire_due(now=LATER) == 0
    assert expiry.expire_due(now=LATER + timedelta(days=1)) == 1
    assert expiry.expire_due(now=LATER + timedelta(days=1)) == 0
    assert states(lot) == ["expired"]
    assert audit.balance(lot.account_id).held == 6000, "what was earned stays in the record"
    assert LotStep.objects.get().actor is None
    assert LogEntry.objects.get(kind="creditbank.expired").payload["lot_id"] == lot.pk


def test_what_is_free_of_its_rights_lapses_and_what_was_used_does_not(court):
    lot = ending(court, factories.DAY + timedelta(days=9))
    court.approve(court.request((lot, 1800)))
    waits = court.request((lot, 900), key="waits")
    assert expiry.expire_due(now=AT + timedelta(days=9)) == 1
    assert lapsed() == 6000 - 1800
    assert free(caps.capacity_code(lot.pk, SCOPE)) == 0
    waits.refresh_from_db()
    assert (waits.state, waits.is_pending) == ("timed_out", False)
    assert not Transfer.objects.filter(phase="pending", resolution=None).exists()
    with pytest.raises(matching.DoesNotCount):
        court.request((lot, 900), key="again")
    assert list(audit.recompute()) == []


def test_a_renewed_lot_counts_again(court):
    lot = ending(court, factories.DAY)
    court.approve(court.request((court.lot(900), 900), key="other"))
    CreditLot.objects.filter(pk=lot.pk).update(valid_to=factories.DAY + timedelta(days=9))
    court.request((lot, 900), key="first")
    late = AT + timedelta(days=20)
    expiry.expire_due(now=late)
    until = late.date() + timedelta(days=300)
    words = {"lot": lot, "valid_to": until, "reason": "复核合格", "by": court.officer, "at": late}
    done = expiry.refresh(**words)
    assert (done.state, done.valid_to, lapsed()) == ("active", until, 0)
    assert free(caps.capacity_code(lot.pk, SCOPE)) == 6000
    count = Transfer.objects.count()
    assert expiry.refresh(**words).valid_to == until
    assert Transfer.objects.count() == count
    later = AT + timedelta(days=400)
    assert expiry.expire_due(now=later) == 1
    assert lapsed() == 6000


def test_a_renewal_is_longer_has_a_reason_and_is_not_one_s_own(court):
    lot = ending(court, factories.DAY + timedelta(days=9))
    words = {"lot": lot, "reason": "复核合格", "by": court.officer, "at": LATER}
    with pytest.raises(expiry.NotLonger):
        expiry.refresh(valid_to=factories.DAY + timedelta(days=5), **words)
    far = factories.DAY + timedelta(days=99)
    with pytest.raises(lotstates.NoReason):
        expiry.refresh(valid_to=far, **{**words, "reason": ""})
    with pytest.raises(holds.OwnLot):
        expiry.refresh(valid_to=far, **{**words, "by": court.learner})
    with pytest.raises(rights.NotAllowed):
        expiry.refresh(valid_to=far, **{**words, "by": factories.helper(court.places.county)})
    holds.freeze(request_key="h", lot=lot, reason="有争议", by=court.asker, at=LATER)
    with pytest.raises(lotstates.WrongState):
        expiry.refresh(valid_to=far, **words)


def test_a_frozen_lot_does_not_lapse_until_it_is_released(court):
    lot = ending(court, factories.DAY + timedelta(days=1))
    hold = holds.freeze(request_key="h", lot=lot, reason="有争议", by=court.asker, at=LATER)
    late = LATER + timedelta(days=9)
    assert expiry.expire_due(now=late) == 0
    holds.release(hold=hold, outcome="查实无误", by=court.officer, at=late)
    assert expiry.expire_due(now=late) == 1
    assert states(lot) == ["expired"]
