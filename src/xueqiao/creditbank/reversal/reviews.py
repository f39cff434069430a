"""Reviews of qualifications 资历复核 that rest on credit which is to be reversed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.creditbank.models import (
    Award,
    AwardReview,
    AwardStep,
    AwardUse,
    Reversal,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from xueqiao.people.models import Person

State = Award.State


def open_for(*, reversal: Reversal, by: Person, at: datetime) -> Reversal:
    """Open a review for each qualification held by the frozen credit; the reversal then waits.

    Inside the caller's transaction, which has locked the lots.
    """
    frozen = reversal.hold.lots.values_list("lot_id", flat=True)
    held = [
        award for award in lock_awards(frozen) if award.state in {State.AWARDED, State.IN_REVIEW}
    ]
    if not held:
        return reversal
    AwardReview.objects.bulk_create(
        [AwardReview(reversal=reversal, award=award, opened_at=at) for award in held]
    )
    fresh = [award for award in held if award.state == State.AWARDED]
    _move(fresh, State.IN_REVIEW, by, reversal.reason, at)
    reversal.state = Reversal.State.REVIEW
    reversal.save(update_fields=["state"])
    return reversal


def decide(
    *, review: AwardReview, outcome: AwardReview.Outcome, note: str, by: Person, at: datetime
) -> bool:
    """Write an outcome down, once; whether it is new. Inside the caller's transaction."""
    locked = AwardReview.objects.select_for_update(no_key=True).get(pk=review.pk)
    if locked.outcome:
        return False
    locked.outcome, locked.note, locked.decided_by, locked.decided_at = outcome, note, by, at
    locked.save(update_fields=["outcome", "note", "decided_by", "decided_at"])
    return True


def close(*, reversal: Reversal, by: Person, at: datetime, note: str) -> None:
    """The credit stays: what no other reversal has under review is held again as before."""
    open_rows = reversal.reviews.filter(outcome="")
    open_rows.update(outcome=AwardReview.Outcome.STANDS, note=note, decided_by=by, decided_at=at)
    mine = reversal.reviews.values("award_id")
    elsewhere = AwardReview.objects.filter(
        award_id__in=mine, reversal__state__in=[Reversal.State.ASKED, Reversal.State.REVIEW]
    ).exclude(reversal=reversal)
    rows = Award.objects.select_for_update(no_key=True).filter(pk__in=mine, state=State.IN_REVIEW)
    held = rows.exclude(pk__in=elsewhere.values("award_id")).order_by("pk")
    _move(list(held), State.AWARDED, by, note, at)


def lock_awards(lot_ids: Collection[int]) -> list[Award]:
    """Lock the awards that use some lots, lowest id first."""
    using = AwardUse.objects.filter(lot_id__in=lot_ids).values("award_id")
    rows = Award.objects.select_for_update(no_key=True).filter(pk__in=using)
    return list(rows.order_by("pk"))


def _move(awards: list[Award], state: State, by: Person, reason: str, at: datetime) -> None:
    for award in awards:
        award.state, award.state_since = state, at
    Award.objects.bulk_update(awards, ["state", "state_since"])
    AwardStep.objects.bulk_create(
        [AwardStep(award=award, to_state=state, actor=by, reason=reason, at=at) for award in awards]
    )
