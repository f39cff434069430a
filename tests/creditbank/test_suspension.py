import json

import pytest
from django.db import IntegrityError, transaction

from tests.creditbank import certified, factories
from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import revocation, statuslists, suspension
from xueqiao.creditbank.models import (
    Certificate,
    CertificateLot,
    CreditLot,
    StatusList,
    Suspension,
)
from xueqiao.kernel.signing import bitstring
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
NOW, LATER = certified.NOW, certified.LATER
State = Certificate.State


def raised(certificate, purpose):
    """Whether the published list of this purpose shows the certificate's bit."""
    room = StatusList.objects.get(purpose=purpose)
    encoded = json.loads(room.document)["credentialSubject"]["encodedList"]
    return bitstring.is_raised(bitstring.decode(encoded), certificate.status_index)


def state(certificate):
    return Certificate.objects.get(pk=certificate.pk).state


def transcript(lots):
    """A signed transcript row over some lots, as far as suspensions care."""
    made = Certificate.objects.create(
        key=factories.person("键").key,
        request_key="t",
        kind=Certificate.Kind.TRANSCRIPT,
        person=lots[0].person,
        institution=lots[0].institution,
        requested_at=NOW,
    )
    CertificateLot.objects.bulk_create(
        [CertificateLot(certificate=made, lot=lot, position=n) for n, lot in enumerate(lots)]
    )
    first = Certificate.objects.get(lot=lots[0])
    statuslists.take_bits([made], at=NOW)
    Certificate.objects.filter(pk=made.pk).update(
        state=State.ISSUED, issued_at=NOW, issuer_key=first.issuer_key, document="{}"
    )
    return Certificate.objects.get(pk=made.pk)


def test_suspending_shows_in_its_own_list_at_once_and_ends_the_same_way():
    [one] = certified.issued()
    assert credentials.suspend(key=one.key, reason="核查", at=NOW).state == State.SUSPENDED
    assert (raised(one, "suspension"), raised(one, "revocation")) == (True, False)
    assert credentials.reinstate(key=one.key, reason="无误", at=LATER).state == State.ISSUED
    assert not raised(one, "suspension")
    row = Suspension.objects.get()
    assert (row.cause, row.reason, row.begun_at, row.ended_at, row.end_reason) == (
        "hand", "核查", NOW, LATER, "无误",
    )  # fmt: skip
    kinds = LogEntry.objects.filter(kind__startswith="creditbank.certificate_").order_by("pk")
    assert list(kinds.values_list("kind", flat=True))[-2:] == [
        "creditbank.certificate_suspended",
        "creditbank.certificate_reinstated",
    ]


def test_suspending_twice_is_suspending_once():
    [one] = certified.issued()
    credentials.suspend(key=one.key, reason="first", at=NOW)
    credentials.suspend(key=one.key, reason="second", at=LATER)
    assert Suspension.objects.get().reason == "first"


def test_only_what_is_issued_is_suspended_and_only_with_a_reason():
    [waiting] = certified.queued(1)
    with pytest.raises(suspension.NotSuspendable):
        credentials.suspend(key=waiting.key, reason="x", at=NOW)
    with pytest.raises(revocation.NoReason):
        credentials.suspend(key=waiting.key, reason=" ", at=NOW)
    with pytest.raises(revocation.NoSuchCertificate):
        credentials.suspend(key=waiting.person.key, reason="x", at=NOW)
    with pytest.raises(suspension.NotSuspendedByHand):
        credentials.reinstate(key=waiting.key, reason="x", at=NOW)


def test_frozen_lots_suspend_their_certificates_and_unfrozen_ones_reinstate_them():
    one, two, three = certified.issued(3)
    lots = [one.lot_id, two.lot_id]
    assert credentials.suspend_for_lots(lot_ids=lots, reason="争议", at=NOW) == 2
    assert credentials.suspend_for_lots(lot_ids=lots, reason="争议", at=NOW) == 0
    assert [raised(c, "suspension") for c in (one, two, three)] == [True, True, False]
    assert credentials.reinstate_for_lots(lot_ids=lots, reason="解决", at=LATER) == 2
    assert credentials.reinstate_for_lots(lot_ids=lots, reason="解决", at=LATER) == 0
    assert [state(c) for c in (one, two, three)] == [State.ISSUED] * 3
    assert not raised(one, "suspension")


def test_a_transcript_stays_suspended_until_the_last_of_its_lots_is_free():
    one, two = certified.issued(2)
    both = transcript([one.lot, two.lot])
    assert credentials.suspend_for_lots(lot_ids=[one.lot_id], reason="a", at=NOW) == 2
    assert credentials.suspend_for_lots(lot_ids=[two.lot_id], reason="b", at=NOW) == 1
    assert credentials.reinstate_for_lots(lot_ids=[one.lot_id], reason="c", at=LATER) == 1
    assert [state(c) for c in (one, two, both)] == [
        State.ISSUED,
        State.SUSPENDED,
        State.SUSPENDED,
    ]
    assert credentials.reinstate_for_lots(lot_ids=[two.lot_id], reason="d", at=LATER) == 2
    assert state(both) == State.ISSUED


def test_what_was_suspended_by_hand_is_not_reinstated_by_its_lot():
    [one] = certified.issued()
    credentials.suspend(key=one.key, reason="x", at=NOW)
    credentials.suspend_for_lots(lot_ids=[one.lot_id], reason="y", at=NOW)
    assert credentials.reinstate_for_lots(lot_ids=[one.lot_id], reason="z", at=LATER) == 0
    assert (state(one), raised(one, "suspension")) == (State.SUSPENDED, True)


def test_a_suspended_certificate_can_be_revoked_and_stays_revoked():
    one, two = certified.issued(2)
    both = transcript([one.lot, two.lot])
    credentials.suspend_for_lots(lot_ids=[one.lot_id], reason="争议", at=NOW)
    assert credentials.revoke_for_lots(lot_ids=[one.lot_id], reason="伪造", at=LATER) == 2
    assert credentials.reinstate_for_lots(lot_ids=[one.lot_id], reason="x", at=LATER) == 0
    assert [state(c) for c in (one, two, both)] == [State.REVOKED, State.ISSUED, State.REVOKED]
    assert (raised(one, "revocation"), raised(both, "revocation")) == (True, True)
    assert Suspension.objects.filter(ended_at__isnull=True).count() == 0


def test_nothing_is_signed_while_its_lot_is_frozen():
    [waiting] = certified.queued(1)
    CreditLot.objects.filter(pk=waiting.lot_id).update(state=CreditLot.State.FROZEN)
    assert credentials.suspend_for_lots(lot_ids=[waiting.lot_id], reason="x", at=NOW) == 0
    assert credentials.sign_queued(limit=9, now=NOW).signed == 0


def test_the_database_keeps_one_open_suspension_of_a_cause_and_its_facts():
    [one] = certified.issued()
    credentials.suspend(key=one.key, reason="x", at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Suspension.objects.create(certificate=one, cause="hand", reason="y", begun_at=NOW)
    for change in ({"reason": "z"}, {"begun_at": LATER}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Suspension.objects.update(**change)
