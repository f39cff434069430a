"""Appeals: the applicant asks, somebody new reviews, the decision is upheld or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import deadlines, evidence, moves, posting
from xueqiao.creditbank.models import Appeal, AppealRuling, Application, ApplicationItem
from xueqiao.creditbank.recognition import certificates, conflicts, held
from xueqiao.creditbank.recognition.refusals import ReasonMissing, refuse_amount, refuse_silence
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from xueqiao.people.models import Person

SHORTEST_GROUNDS = 10


class NothingToAppeal(errors.Refusal):
    """Everything that was asked for was recognised, or the case was appealed before."""

    code = "appeal.nothing_to_appeal"


class AppealTooLate(errors.Refusal):
    """The time for an appeal is over."""

    code = "appeal.too_late"


class NothingChanged(errors.Refusal):
    """A change that gives no unit more than the decision did."""

    code = "appeal.nothing_changed"
    status = 422


@transaction.atomic
def appeal(*, application: Application, by: Person, at: datetime, grounds: str) -> Appeal:
    """Appeal against a rejection, or against less credit than was asked for. Once for each case.

    Raises:
        NothingToAppeal, AppealTooLate, ReasonMissing, moves.*.
        certificates.CertificateKnown: its certificate stands behind another application by now.
    """
    locked, repeated = moves.lock(application, "appeal", by=by, at=at)
    if repeated:
        return Appeal.objects.get(application=locked)
    if Appeal.objects.filter(application=locked).exists() or not given_less(locked):
        text = _("Nothing is left to appeal against: all that was asked for was recognised.")
        raise NothingToAppeal(text)
    until = deadlines.appeal_until(clock.local_date(locked.state_since))
    if until is not None and clock.local_date(at) > until:
        text = _(
            "An appeal was possible until {day}. Apply again, with whatever shows more of what "
            "you can do."
        )
        raise AppealTooLate(text.format(day=clock.written(until)))
    if len(grounds.strip()) < SHORTEST_GROUNDS:
        text = _("Say what the decision overlooked, in at least {n} characters.")
        raise ReasonMissing(text.format(n=SHORTEST_GROUNDS), pointer="grounds")
    certificates.hold_again(locked)
    made = Appeal.objects.create(
        application=locked, grounds=grounds.strip(), against=locked.state, filed_by=by, filed_at=at
    )
    moves.move(locked, "appeal", by=by, at=at, note=grounds)
    return made


@transaction.atomic
def take_up(*, application: Application, by: Person, at: datetime) -> Application:
    """Begin the review of an appeal; only somebody who did nothing in the case before.

    Raises:
        conflicts.ConflictOfInterest, moves.*.
    """
    locked, repeated = moves.lock(application, "take_up", by=by, at=at)
    if repeated:
        return locked
    conflicts.refuse_conflict(locked, by, clock.local_date(at))
    moved = moves.move(locked, "take_up", by=by, at=at)
    moved.holder = by
    moved.save(update_fields=["holder"])
    return moved


@transaction.atomic
def uphold(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Find that the decision stands. Raises ReasonMissing, moves.*."""
    locked, repeated = moves.lock(application, "uphold", by=by, at=at)
    if repeated:
        return locked
    refuse_silence(reasons, pointer="reasons")
    _rule(locked, by, at, reasons, changed=False)
    return moves.move(locked, "uphold", by=by, at=at, note=reasons)


@transaction.atomic
def change(
    *,
    application: Application,
    by: Person,
    at: datetime,
    reasons: str,
    amounts: Mapping[int, int],
) -> Application:
    """Decide anew in the applicant's favour; earlier decisions stay and are named by the new ones.

    What is more than before becomes a lot of its own. A review never gives less.

    Args:
        amounts: unit id to 1/100 credit in all, what was given before included; a unit left out
            keeps what it has.

    Raises:
        NothingChanged, AmountTooHigh, held.UnitHeld, ReasonMissing, evidence.Altered, moves.*.
    """
    locked, repeated = moves.lock(application, "change", by=by, at=at)
    if repeated:
        return locked
    refuse_silence(reasons, pointer="reasons")
    conflicts.refuse_conflict(locked, by, clock.local_date(at))
    evidence.check(application=locked)
    more: list[tuple[ApplicationItem, int]] = []
    for item in posting.items_of(locked):
        before = item.proposed_hundredths if locked.appeal.against != "rejected" else 0
        wanted = amounts.get(item.unit_id, before or 0)
        refuse_amount(item.unit, wanted, least=before or 0)
        if wanted > (before or 0):
            more.append((item, wanted - (before or 0)))
    if not more:
        text = _("No unit gets more than before. Uphold the decision, or raise an amount.")
        raise NothingChanged(text, pointer="amounts")
    held.refuse_held(locked, {item.unit_id: amount for item, amount in more})
    _rule(locked, by, at, reasons, changed=True)
    posting.post_review(application=locked, more=more, by=by, at=at, reasons=reasons)
    return moves.move(locked, "change", by=by, at=at, note=reasons)


def given_less(application: Application) -> bool:
    """Whether a decision gave less than was asked for."""
    if application.state == Application.State.REJECTED:
        return True
    rows = application.items.values_list("asked_hundredths", "proposed_hundredths")
    return any((proposed or 0) < asked for asked, proposed in rows)


def _rule(
    application: Application, by: Person, at: datetime, reasons: str, *, changed: bool
) -> None:
    AppealRuling.objects.create(
        appeal=application.appeal, changed=changed, reasons=reasons.strip(), ruled_by=by,
        ruled_at=at,
    )  # fmt: skip
