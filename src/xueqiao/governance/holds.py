"""Decisions about what is held: a batch of a source, or a version of a table that was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import contracts, publishing
from xueqiao.governance.models import HoldDecision
from xueqiao.governance.models.hold import BATCH
from xueqiao.kernel import errors
from xueqiao.lake.contracts import gate

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


class NotStopped(errors.Refusal):
    """A table is to be let through at a version at which it was not stopped."""

    code = "governance.not_stopped"


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
        NotStopped: the table is not stopped at this version: nobody has seen what would come.
    """
    plain = contracts.reasoned(reason)
    if subject != BATCH:
        _check_stopped(subject, number)
    row = HoldDecision.objects.create(
        subject=subject, number=number, verdict=HoldDecision.Verdict(verdict), reason=plain,
        decided_by=by, decided_at=at,
    )  # fmt: skip
    transaction.on_commit(lambda: publishing.publish(root=settings.LAKE), robust=True)
    return row


def _check_stopped(table: str, version: int) -> None:
    verdict = next((each for each in gate.verdicts(settings.LAKE) if each.table == table), None)
    if verdict is None or not verdict.is_stopped or verdict.seen_version != version:
        text = _("{table} is not stopped at version {n} (any more). Load the page again.")
        raise NotStopped(text.format(table=table, n=version))


def of_batch(number: int) -> list[HoldDecision]:
    """What was decided about a batch, last first. 1 query."""
    rows = HoldDecision.objects.filter(subject=BATCH, number=number).select_related("decided_by")
    return list(rows.order_by("-decided_at", "-pk"))
