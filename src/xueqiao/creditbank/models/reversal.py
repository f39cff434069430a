"""Tables of what becomes of a lot after it was posted: moves, freezes, reversals, recounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models.lots import CreditLot
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class LotStep(models.Model):
    """The audit row of one move of a lot: from where to where, by whom, why. Kept as it is.

    The learner reads ``reason`` on the account page.
    """

    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="steps")
    verb = models.CharField(max_length=10, help_text="freeze, release, expire, refresh, reverse")
    from_state = models.CharField(max_length=8, choices=CreditLot.State)
    to_state = models.CharField(max_length=8, choices=CreditLot.State)
    actor = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="null: the clock"
    )
    reason = models.CharField(max_length=300, help_text="in words the learner reads")
    valid_to = models.DateField(null=True, help_text="the lot's validity after the move")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["lot", "at"])]


class OfLotsQuerySet(models.QuerySet[Any]):
    """Rows that name a ``lot``, narrowed to the lots for which somebody answers."""

    def within(self, person: Person | None, policy: rights.Policy, day: date) -> OfLotsQuerySet:
        """Those of the places and institutions for which the person holds the right on a day."""
        if person is None:
            return self.none()
        reach = rights.within(
            person, policy, day, place="lot__person__home_id", institution="lot__institution_id"
        )
        return self.filter(reach).exclude(lot__person=person)


class Hold(models.Model):
    """A freeze 冻结 of a lot and of everything made from it, until somebody releases it.

    A lot is frozen while one hold on it is open.
    """

    class Cause(models.TextChoices):
        DISPUTE = "dispute", _("Dispute")
        REVERSAL = "reversal", _("Reversal under way")

    request_key = models.CharField(max_length=120, unique=True)
    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="holds")
    cause = models.CharField(max_length=8, choices=Cause)
    reason = models.CharField(max_length=300, help_text="in words the learner reads")
    opened_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    released_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=300, blank=True, help_text="what was found")

    objects = OfLotsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hold_released_by_somebody",
                condition=Q(released_at__isnull=True, released_by__isnull=True, outcome="")
                | Q(released_at__isnull=False, released_by__isnull=False) & ~Q(outcome=""),
            ),
        ]
        indexes = [
            models.Index(name="hold_open", fields=["lot"], condition=Q(released_at__isnull=True)),
        ]


class HeldLot(models.Model):
    """One lot that a hold froze."""

    hold = models.ForeignKey(Hold, models.PROTECT, related_name="lots")
    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="held_lot_once", fields=["hold", "lot"])]


class Reversal(models.Model):
    """A reversal 冲正 of a lot and of everything made from it: one asks, another approves."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waiting for a second person")
        REVIEW = "review", _("Waiting for the review of a qualification")
        DONE = "done", _("Reversed")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    request_key = models.CharField(max_length=120, unique=True)
    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="reversals")
    hold = models.OneToOneField(Hold, models.PROTECT, related_name="reversal")
    reason = models.CharField(max_length=300, help_text="in words the learner reads")
    state = models.CharField(max_length=9, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    plan_hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the dry run that was carried out"
    )

    objects = OfLotsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="reversal_one_open",
                fields=["lot"],
                condition=Q(state__in=["asked", "review", "done"]),
            ),
            models.CheckConstraint(
                name="reversal_by_two_persons",
                condition=~Q(state="done") | ~Q(decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="reversal_decided_by_somebody",
                condition=Q(
                    state__in=["asked", "review"], decided_by__isnull=True, decided_at__isnull=True
                )
                | Q(
                    state__in=["done", "refused", "withdrawn"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
            ),
        ]
        indexes = [models.Index(fields=["state", "asked_at"])]

    @property
    def number(self) -> str:
        """What people quote."""
        return f"R-{self.pk:06d}"


class ReversalStep(models.Model):
    """One voucher that a reversal posted, in order. ``undone`` is the voucher that it undoes."""

    reversal = models.ForeignKey(Reversal, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … as they were posted")
    group = models.OneToOneField("creditbank.TransferGroup", models.PROTECT, related_name="+")
    undone = models.ForeignKey("creditbank.TransferGroup", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="reversal_step_once", fields=["reversal", "number"]),
        ]


class AwardReview(models.Model):
    """The review of a qualification 资历复核 that rests on credit which is to be reversed."""

    class Outcome(models.TextChoices):
        STANDS = "stands", _("The qualification stands")
        REVOKED = "revoked", _("The qualification is revoked")

    reversal = models.ForeignKey(Reversal, models.PROTECT, related_name="reviews")
    award = models.ForeignKey("creditbank.Award", models.PROTECT, related_name="reviews")
    opened_at = models.DateTimeField()
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text="in words the learner reads")
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="award_review_once", fields=["reversal", "award"]),
            models.CheckConstraint(
                name="award_review_decided_by_somebody",
                condition=Q(outcome="", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(outcome="") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]


class Recount(models.Model):
    """One recomputation of every account from its transfers 复算. Differences raise an alarm."""

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    accounts = models.PositiveBigIntegerField(help_text="accounts looked at")
    transfers = models.PositiveBigIntegerField(help_text="transfers added up")
    differences = models.PositiveIntegerField(help_text="accounts that disagree; 0 is well")
    named = models.JSONField(
        default=list, help_text="up to 20: code, counted, recomputed; 1/100 credit"
    )
    seen_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="who looks after it"
    )
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["began_at"])]
