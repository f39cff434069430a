"""Undo a decided case that rests on fraud or error: one person asks, another answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import moves, reversal
from xueqiao.creditbank.models import (
    Application,
    CreditLot,
    Reversal,
    Revocation,
    RevocationAnswer,
)
from xueqiao.creditbank.recognition.refusals import refuse_silence
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


class NoSuchGround(errors.Refusal):
    """A case is revoked for fraud or for error, and for nothing else."""

    code = "recognition.no_such_ground"
    status = 422


class NoRevocation(errors.Refusal):
    """Nobody asked for the case to be undone, or it was answered."""

    code = "recognition.no_revocation"


class SecondPerson(errors.Refusal):
    """Who asks for a revocation does not answer it."""

    code = "recognition.second_person"
    status = 403


@transaction.atomic
def ask_revocation(
    *, application: Application, by: Person, at: datetime, ground: str, reasons: str
) -> Revocation:
    """Ask for a decided case to be undone; its lots are frozen until somebody else answers.

    Only somebody who did nothing else in the case may.

    Args:
        ground: of ``Revocation.Ground``.
        reasons: in words the learner reads.

    Raises:
        NoSuchGround, ReasonMissing, moves.*, and what ``reversal.ask`` refuses.
    """
    locked, _repeated = moves.lock(application, "ask_revocation", by=by, at=at)
    waiting = open_revocation(locked)
    if waiting:
        return waiting
    if ground not in Revocation.Ground.values:
        raise NoSuchGround(_("Choose whether it was fraud or an error."), pointer="ground")
    refuse_silence(reasons, pointer="reasons")
    number = locked.revocations.count() + 1
    made = Revocation.objects.create(
        application=locked, number=number, ground=ground, reasons=reasons.strip(), asked_by=by,
        asked_at=at,
    )  # fmt: skip
    for lot in lots_of(locked):
        reversal.ask(
            request_key=_key(made, lot), lot=lot, reason=reasons.strip()[:300], by=by, at=at
        )
    moves.move(locked, "ask_revocation", by=by, at=at, note=reasons)
    return made


@transaction.atomic
def revoke(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Grant a revocation: the lots are reversed with everything downstream, and the learner told.

    A lot that already supports an award stops the whole call, so that the qualification is
    reviewed first.

    Raises:
        NoRevocation, SecondPerson, ReasonMissing, moves.*, and what ``reversal.approve`` refuses.
    """
    locked, repeated = moves.lock(application, "revoke", by=by, at=at)
    if repeated:
        return locked
    asked = _answerable(locked, by, reasons)
    for each in _reversals(asked):
        reversal.approve(
            reversal=each, seen=reversal.look(each.lot).digest, by=by, at=at, note=reasons[:300]
        )
    _answer(asked, by, at, reasons, granted=True)
    return moves.move(locked, "revoke", by=by, at=at, note=reasons)


@transaction.atomic
def keep(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Refuse a revocation: the case and its credit stay, and the lots are released.

    Raises:
        NoRevocation, SecondPerson, ReasonMissing, moves.*.
    """
    locked, _repeated = moves.lock(application, "keep", by=by, at=at)
    asked = _answerable(locked, by, reasons)
    for each in _reversals(asked):
        reversal.refuse(reversal=each, note=reasons[:300], by=by, at=at)
    _answer(asked, by, at, reasons, granted=False)
    return moves.move(locked, "keep", by=by, at=at, note=reasons)


def open_revocation(application: Application) -> Revocation | None:
    """What somebody asked and nobody has answered."""
    rows = application.revocations.filter(answer=None).select_related("asked_by")
    return rows.order_by("number").last()


def lots_of(application: Application) -> list[CreditLot]:
    """The lots that the case brought about and that still stand."""
    rows = CreditLot.objects.filter(decision__application=application)
    rows = rows.exclude(state=CreditLot.State.REVERSED)
    return list(rows.select_related("account", "unit").order_by("pk"))


def _answerable(application: Application, by: Person, reasons: str) -> Revocation:
    asked = open_revocation(application)
    if asked is None:
        text = _("Nobody asks for this case to be undone, or it was answered. Load the page again.")
        raise NoRevocation(text)
    if asked.asked_by_id == by.pk:
        text = _("You asked for this revocation. A second person has to look at it and answer.")
        raise SecondPerson(text)
    refuse_silence(reasons, pointer="reasons")
    return asked


def _reversals(asked: Revocation) -> list[Reversal]:
    keys = [_key(asked, lot) for lot in lots_of(asked.application)]
    return list(Reversal.objects.filter(request_key__in=keys).select_related("lot").order_by("pk"))


def _key(asked: Revocation, lot: CreditLot) -> str:
    return f"revocation:{asked.application_id}:{asked.number}:{lot.pk}"


def _answer(
    asked: Revocation, by: Person, at: datetime, reasons: str, *, granted: bool
) -> RevocationAnswer:
    return RevocationAnswer.objects.create(
        revocation=asked, granted=granted, reasons=reasons.strip(), answered_by=by, answered_at=at
    )
