"""Decisions about what is held: a batch of a source, or a version of a table that was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from xueqiao.governance import contracts, publishing
from xueqiao.governance.models import HoldDecision
from xueqiao.governance.models.hold import BATCH

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


@transaction.atomic
def decide(
    *, subject: str, number: int, verdict: str, reason: str, by: Person, at: datetime
) -> HoldDecision:
    """Let something through, or leave it out for good. Holds from the next build on.

    Args:
        subject: ``batch``, or the name of a table.
        number: of the batch; of a table the version that was stopped.
        verdict: one of ``HoldDecision.Verdict``.

    Raises:
        ReasonMissing: nobody would know why.
    """
    plain = contracts.reasoned(reason)
    row = HoldDecision.objects.create(
        subject=subject, number=number, verdict=HoldDecision.Verdict(verdict), reason=plain,
        decided_by=by, decided_at=at,
    )  # fmt: skip
    transaction.on_commit(lambda: publishing.publish(root=settings.LAKE), robust=True)
    return row


def of_batch(number: int) -> list[HoldDecision]:
    """What was decided about a batch, last first. 1 query."""
    rows = HoldDecision.objects.filter(subject=BATCH, number=number).select_related("decided_by")
    return list(rows.order_by("-decided_at", "-pk"))
