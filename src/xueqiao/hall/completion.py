"""Completions: how an enrolment ended. Each is told to the log, and the credit bank follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.hall import events, seats
from xueqiao.hall.models import Completion, Enrolment, EnrolmentState, Result
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


__all__ = [
    "DifferentResult",
    "NotEnrolled",
    "Outcome",
    "Result",
    "complete",
    "complete_many",
]


class NotEnrolled(errors.Refusal):
    """A result needs a seat; who only waited, or left, has none."""

    code = "completion.not_enrolled"


class DifferentResult(errors.Refusal):
    """The enrolment already has another result."""

    code = "completion.different"


@dataclass(frozen=True)
class Outcome:
    """How one enrolment ended; ``studied_credits_hundredths`` whatever the result."""

    enrolment_id: int
    result: Result
    completed_at: datetime
    studied_credits_hundredths: int


def complete(
    *,
    enrolment_id: int,
    result: Result,
    completed_at: datetime,
    studied_credits_hundredths: int,
    by_person_id: int | None,
) -> Completion:
    """Record how one enrolment ended, once. See ``complete_many``."""
    outcome = Outcome(enrolment_id, result, completed_at, studied_credits_hundredths)
    complete_many([outcome], by_person_id=by_person_id)
    return Completion.objects.select_related("enrolment").get(enrolment_id=enrolment_id)


@transaction.atomic
def complete_many(outcomes: Sequence[Outcome], *, by_person_id: int | None) -> int:
    """Record how enrolments ended, all or none, and tell the log. Repeated outcomes change nothing.

    Returns:
        How many were new.

    Raises:
        NotEnrolled: an enrolment is unknown or waits, or the result does not fit its state: pass
            and distinction need a seat, withdrawn needs a withdrawal.
        DifferentResult: an enrolment already has another result.
    """
    ids = [outcome.enrolment_id for outcome in outcomes]
    buckets = Enrolment.objects.filter(pk__in=ids).values_list("bucket_id", flat=True).distinct()
    seats.lock(sorted(buckets))
    enrolments = Enrolment.objects.select_related("offering__institution").in_bulk(ids)
    earlier = Completion.objects.in_bulk(ids, field_name="enrolment_id")
    fresh = []
    for outcome in outcomes:
        if outcome.enrolment_id in earlier:
            _check_same(earlier[outcome.enrolment_id], outcome)
            continue
        enrolment = enrolments.get(outcome.enrolment_id)
        _check_seat(enrolment, outcome)
        fresh.append(
            Completion(
                enrolment=enrolment,
                result=outcome.result,
                completed_at=outcome.completed_at,
                studied_credits_hundredths=outcome.studied_credits_hundredths,
                by_person_id=by_person_id,
                request_key=f"enrolment:{outcome.enrolment_id}",
            )
        )
    Completion.objects.bulk_create(fresh, batch_size=500)
    events.tell([events.completed(completion) for completion in fresh])
    return len(fresh)


def _check_same(earlier: Completion, outcome: Outcome) -> None:
    same = (earlier.result, earlier.studied_credits_hundredths) == (
        outcome.result,
        outcome.studied_credits_hundredths,
    )
    if not same:
        text = _("Enrolment {id} already has the result “{result}”. A result is not changed.")
        raise DifferentResult(
            text.format(id=outcome.enrolment_id, result=earlier.get_result_display())
        )


def _check_seat(enrolment: Enrolment | None, outcome: Outcome) -> None:
    if enrolment is not None and enrolment.enrolled_at is not None:
        if outcome.result == Result.FAIL:
            return
        left = enrolment.state == EnrolmentState.WITHDRAWN
        if left == (outcome.result == Result.WITHDRAWN):
            return
    text = _("Enrolment {id} cannot have the result “{result}”. Look at the roster for its state.")
    raise NotEnrolled(text.format(id=outcome.enrolment_id, result=outcome.result.label))
