"""Reversal cascade: a wrong lot is undone with everything made from it, or nothing is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.creditbank.test_conversion import Bank, free
from xueqiao.creditbank import (
    audit,
    caps,
    conversion,
    credentials,
    expiry,
    holds,
    ledger,
    lotstates,
    matching,
    reversal,
)
from xueqiao.creditbank.models import (
    Account,
    Certificate,
    Conversion,
    CreditLot,
    Hold,
    LotStep,
    Reversal,
    Transfer,
)
from xueqiao.people import rights
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
AT = factories.AT
LATER = AT + timedelta(hours=1)
WHY = "证书系伪造"


class Court(Bank):
    """A bank with two officers: one asks for a reversal, the other answers."""

    def __init__(self):
        super().__init__()
        self.asker = factories.provincial(self.places.province)

    def ask(self, lot, key="reverse:1", by=None, at=LATER):
        return reversal.ask(request_key=key, lot=lot, reason=WHY, by=by or self.asker, at=at)

    def carry_out(self, asked, by=None, seen=None, at=LATER):
        return reversal.approve(
            reversal=asked, seen=seen or reversal.look(asked.lot).digest, by=by or self.officer,
            at=at,
        )  # fmt: skip


@pytest.fixture
def court():
    return Court()


def balances():
    """What every account holds that is not zero."""
    rows = {each.code: each.credits - each.debits for each in Account.objects.all()}
    assert all(each.debits_pending == each.credits_pending == 0 for each in Account.objects.all())
    return {code: held for code, held in rows.items() if held}


def states(*lots):
    return [CreditLot.objects.get(pk=lot.pk).state for lot in lots]


def test_a_lot_and_what_was_made_from_it_are_undone_in_order(court):
    lot = court.lot(6000)
    made = court.approve(court.request((lot, 6000)))
    asked = court.ask(lot)
    assert states(lot, made) == ["frozen", "frozen"]

    done = court.carry_out(asked)

    assert (done.state, states(lot, made)) == ("done", ["reversed", "reversed"])
    limits = {code: held for code, held in balances().items() if not code.startswith("caplim:")}
    assert limits == {"capsrc:rights": sum(limits.values())}, "only what the caps may take is left"
    undone = list(done.steps.order_by("number").values_list("undone__kind", flat=True))
    assert undone == ["convert", "capacity", "recognise"]
    lines = Transfer.objects.filter(reverses__isnull=False).order_by("pk")
    assert [(each.debit.kind, each.credit.kind) for each in lines[:2]] == [
        ("lot", "grant"),
        ("used", "caplim"),
    ]
    for each in lines:
        first = each.reverses
        assert (each.debit_id, each.credit_id, each.amount_hundredths) == (
            first.credit_id, first.debit_id, first.amount_hundredths,
        )  # fmt: skip
    assert Conversion.objects.get().state == "reversed"
    assert list(audit.recompute()) == []


def test_the_learner_is_told_why(court):
    lot = court.lot(6000)
    made = court.approve(court.request((lot, 6000)))
    court.carry_out(court.ask(lot))
    told = LotStep.objects.filter(verb="reverse").order_by("lot_id")
    assert [(each.lot_id, each.reason, each.actor_id) for each in told] == [
        (lot.pk, WHY, court.officer.pk),
        (made.pk, WHY, court.officer.pk),
    ]
    events = LogEntry.objects.filter(kind="creditbank.reversed").order_by("pk")
    assert [each.payload["lot_id"] for each in events] == [lot.pk, made.pk]
    assert events[0].payload["person_id"] == court.learner.pk


def test_a_conversion_of_two_lots_gives_the_other_lot_its_right_back(court):
    one, two = court.lot(3000), court.lot(3000, module="BBB")
    made = court.approve(court.request((one, 1800), (two, 1800)))
    court.carry_out(court.ask(one))
    assert states(one, two, made) == ["reversed", "active", "reversed"]
    assert free(caps.capacity_code(two.pk, "SAMPLE-BACHELOR")) == 3000
    assert audit.balance(two.account_id).held == 3000
    assert court.request((two, 1800), key="again").state == "reserved"


def test_a_conversion_that_still_waits_is_given_back(court):
    lot = court.lot(6000)
    waiting = court.request((lot, 900))
    asked = court.ask(lot)
    with pytest.raises(matching.DoesNotCount):
        court.approve(waiting)
    court.carry_out(asked)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.steps.last().reason) == ("rejected", WHY)
    assert not Transfer.objects.filter(phase="pending", resolution=None).exists()
    balances()


def test_certificates_of_every_lot_are_revoked_in_the_same_act(court):
    lot = court.lot(6000)
    credentials.request(lot_id=lot.pk, request_key="certificate", requested_at=AT)
    assert credentials.sign_queued(limit=1, now=AT).signed == 1
    certificate = Certificate.objects.get()
    court.carry_out(court.ask(lot))
    certificate.refresh_from_db()
    assert (certificate.state, certificate.revoke_reason) == (Certificate.State.REVOKED, WHY)


def test_certificates_of_a_frozen_lot_are_suspended_until_it_is_released(court):
    lot = court.lot(6000)
    credentials.request(lot_id=lot.pk, request_key="certificate", requested_at=AT)
    credentials.sign_queued(limit=1, now=AT)
    hold = holds.freeze(request_key="hold:1", lot=lot, reason="有争议", by=court.asker, at=LATER)
    assert Certificate.objects.get().state == Certificate.State.SUSPENDED
    holds.release(hold=hold, outcome="查实无误", by=court.officer, at=LATER)
    assert Certificate.objects.get().state == Certificate.State.ISSUED


def test_credit_behind_a_qualification_is_not_undone_before_its_review(court):
    lot = court.lot(6000)
    award = factories.awarded(lot)
    asked = court.ask(lot)
    award.refresh_from_db()
    assert (asked.state, award.state) == ("review", "in_review")
    with pytest.raises(reversal.cases.UnderReview):
        court.carry_out(asked)
    review = asked.reviews.get()
    verdict = {"review": review, "outcome": "revoked", "note": "学分虚假", "at": LATER}
    with pytest.raises(reversal.cases.SecondPerson):
        reversal.review(by=court.asker, **verdict)
    assert reversal.review(by=court.officer, **verdict).state == "asked"
    assert reversal.review(by=court.officer, **verdict).state == "asked"
    award.refresh_from_db()
    assert award.state == "in_review", "it is revoked with the credit, not before"
    court.carry_out(asked)
    award.refresh_from_db()
    assert (award.state, award.steps.order_by("pk").last().reason) == ("revoked", WHY)
    assert states(lot) == ["reversed"]
    assert balances() == {}


def test_a_qualification_that_stands_ends_the_reversal(court):
    lot = court.lot(6000)
    award = factories.awarded(lot)
    asked = court.ask(lot)
    done = reversal.review(
        review=asked.reviews.get(), outcome="stands", note="信赖利益保护", by=court.officer,
        at=LATER,
    )  # fmt: skip
    award.refresh_from_db()
    assert (done.state, award.state, states(lot)) == ("refused", "awarded", ["active"])
    with pytest.raises(reversal.cases.Answered):
        court.carry_out(asked)


def test_a_reversal_taken_back_leaves_the_qualification_as_it_was(court):
    lot = court.lot(6000)
    award = factories.awarded(lot)
    asked = court.ask(lot)
    reversal.withdraw(reversal=asked, note="误提", by=court.asker, at=LATER)
    award.refresh_from_db()
    assert (award.state, asked.reviews.get().outcome) == ("awarded", "stands")


def test_who_asked_does_not_answer_and_the_learner_does_neither(court):
    lot = court.lot()
    asked = court.ask(lot)
    with pytest.raises(reversal.cases.SecondPerson):
        court.carry_out(asked, by=court.asker)
    with pytest.raises(reversal.cases.SecondPerson):
        reversal.refuse(reversal=asked, note="否", by=court.asker, at=LATER)
    with pytest.raises(holds.OwnLot):
        court.carry_out(asked, by=court.learner)
    outsider = factories.provincial(court.places.elsewhere)
    with pytest.raises(rights.NotAllowed):
        court.carry_out(asked, by=outsider)
    with pytest.raises(rights.NotAllowed):
        court.ask(lot, key="2", by=factories.helper(court.places.county))
    assert states(lot) == ["frozen"]


def test_what_was_not_seen_is_not_undone(court):
    lot = court.lot(6000)
    waiting = court.request((lot, 900))
    asked = court.ask(lot)
    seen = reversal.look(lot).digest
    conversion.withdraw(conversion=waiting, by=court.learner, at=LATER)
    with pytest.raises(reversal.cases.PlanChanged):
        court.carry_out(asked, seen=seen)
    assert court.carry_out(asked).state == "done"


def test_repeated_calls_change_nothing(court):
    lot = court.lot(6000)
    court.approve(court.request((lot, 6000)))
    asked = court.ask(lot)
    assert court.ask(lot) == asked
    first = court.carry_out(asked)
    count = Transfer.objects.count()
    again = court.carry_out(asked, seen="another")
    assert (again.decided_at, Transfer.objects.count()) == (first.decided_at, count)


def test_a_lot_is_reversed_once_and_a_reversal_never(court):
    lot = court.lot()
    court.carry_out(court.ask(lot))
    with pytest.raises(reversal.cases.AskedBefore):
        court.ask(lot, key="second")
    posted = Transfer.objects.filter(reverses__isnull=False).first()
    with pytest.raises(ledger.NotReversible):
        ledger.reverse(key="x", group=posted.group, reason="", event_at=LATER, posted_at=LATER)
    with pytest.raises(ledger.NotReversible):
        ledger.reverse(
            key="y", group=posted.reverses.group, reason="", event_at=LATER, posted_at=LATER
        )


def test_a_refused_or_withdrawn_reversal_releases_what_it_froze(court):
    lot = court.lot(6000)
    made = court.approve(court.request((lot, 6000)))
    before = balances()
    asked = court.ask(lot)
    assert reversal.refuse(reversal=asked, note="证据不足", by=court.officer, at=LATER).state == (
        "refused"
    )
    assert states(lot, made) == ["active", "active"]
    with pytest.raises(reversal.cases.Answered):
        court.carry_out(asked)
    second = court.ask(lot, key="reverse:2")
    reversal.withdraw(reversal=second, note="重复提交", by=court.asker, at=LATER)
    assert states(lot, made) == ["active", "active"]
    assert balances() == before


def test_a_reversal_that_says_nothing_is_refused(court):
    with pytest.raises(lotstates.NoReason):
        reversal.ask(request_key="x", lot=court.lot(), reason=" ", by=court.asker, at=LATER)


def test_a_lot_made_from_a_made_lot_is_undone_first(court):
    lot = court.lot(6000)
    made = court.approve(court.request((lot, 6000)))
    deeper = factories.deeper(court.associate)
    deepest = court.approve(court.request((made, 1800), key="ask:2", version=deeper))
    assert deepest.hops == 2
    done = court.carry_out(court.ask(lot))
    assert states(lot, made, deepest) == ["reversed"] * 3
    posted = [step.undone_id for step in done.steps.order_by("number")]
    assert posted == sorted(posted, reverse=True), "newest voucher first"
    limits = {code: held for code, held in balances().items() if not code.startswith("caplim:")}
    assert limits == {"capsrc:rights": sum(limits.values())}


def test_an_expired_lot_is_undone_with_what_lapsed(court):
    lot = court.lot(6000)
    court.approve(court.request((lot, 3600)))
    CreditLot.objects.filter(pk=lot.pk).update(valid_to=factories.DAY)
    assert expiry.expire_due(now=LATER) == 1
    court.carry_out(court.ask(lot))
    assert audit.balance(Account.objects.get(code=expiry.EXPIRED).pk).held == 0
    assert states(lot) == ["reversed"]


def test_a_frozen_lot_is_not_used_and_released_it_is(court):
    lot = court.lot(6000)
    made = court.approve(court.request((lot, 3600)))
    hold = holds.freeze(request_key="hold:1", lot=lot, reason="有争议", by=court.asker, at=LATER)
    assert states(lot, made) == ["frozen", "frozen"]
    with pytest.raises(matching.DoesNotCount):
        court.request((lot, 900), key="ask:2")
    other = holds.freeze(request_key="hold:2", lot=lot, reason="另案", by=court.asker, at=LATER)
    holds.release(hold=hold, outcome="查实无误", by=court.officer, at=LATER)
    assert states(lot, made) == ["frozen", "frozen"], "the second hold is open"
    holds.release(hold=other, outcome="查实无误", by=court.officer, at=LATER)
    assert holds.release(hold=other, outcome="again", by=court.officer, at=AT).outcome == "查实无误"
    assert states(lot, made) == ["active", "active"]
    assert court.request((lot, 900), key="ask:2").state == "reserved"
    verbs = LotStep.objects.filter(lot=lot).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["freeze", "release"]


def test_what_a_reversal_froze_is_not_released_as_a_dispute(court):
    asked = court.ask(court.lot())
    with pytest.raises(holds.HeldByReversal):
        holds.release(hold=asked.hold, outcome="x", by=court.officer, at=LATER)


def test_a_hold_is_placed_once(court):
    lot = court.lot()
    words = {"request_key": "hold:1", "lot": lot, "by": court.asker, "at": LATER}
    first = holds.freeze(reason="有争议", **words)
    assert holds.freeze(reason="有争议", **words) == first
    with pytest.raises(ledger.KeyReused):
        holds.freeze(reason="另一个原因", **words)
    assert Hold.objects.count() == 1


def test_a_dispute_over_a_lot_does_not_stop_its_reversal(court):
    lot = court.lot()
    holds.freeze(request_key="hold:1", lot=lot, reason="有争议", by=court.asker, at=LATER)
    court.carry_out(court.ask(lot))
    hold = Hold.objects.get(request_key="hold:1")
    holds.release(hold=hold, outcome="已冲正", by=court.officer, at=LATER)
    assert states(lot) == ["reversed"]


def test_a_dry_run_changes_nothing(court, django_assert_max_num_queries):
    lot = court.lot(6000)
    made = court.approve(court.request((lot, 6000)))
    before = balances()
    with django_assert_max_num_queries(12):
        plan = reversal.look(lot)
    assert [each.pk for each in plan.lots] == [lot.pk, made.pk]
    assert plan.credit_hundredths == 6000 + 3333
    assert [each.group.kind for each in plan.undo] == ["convert", "capacity", "recognise"]
    assert (balances(), Reversal.objects.count()) == (before, 0)
