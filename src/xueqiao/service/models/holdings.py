"""Tables about whole accounts: exports of everything, and merges of two accounts of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel.evidence import Unchanging
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class Takeout(models.Model):
    """A learner's export of everything: asked for, packed by a job, fetched for some days."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being packed")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Removed")

    key = models.UUIDField(unique=True, help_text="random: the name of the file")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="takeouts")
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    parts_done = models.PositiveSmallIntegerField(default=0)
    parts = models.PositiveSmallIntegerField(default=0)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=300, blank=True)
    owner = models.CharField(max_length=120, blank=True, help_text="the process packing it")
    owned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="takeout_one_open",
                fields=["person"],
                condition=Q(state__in=["waiting", "running"]),
            ),
        ]
        indexes = [models.Index(fields=["state", "asked_at"])]


class AccountMergeQuerySet(models.QuerySet["AccountMerge"]):
    def reachable_by(self, person: Person | None, day: date) -> AccountMergeQuerySet:
        reach = rights.within(person, rights.SERVICE_MERGE, day, place="kept__home_id")
        return self.filter(reach)


class AccountMerge(models.Model):
    """Two accounts of one person become one 账户合并: asked by one officer, decided by another.

    ``moved`` names every row that changed hands, so that a split gives back exactly those.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        MERGED = "merged", _("Merged")
        REJECTED = "rejected", _("Refused")
        SPLIT_ASKED = "split_asked", _("Split asked for")
        SPLIT = "split", _("Split again")

    request_key = models.CharField(max_length=120, unique=True)
    kept = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    duplicate = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State, default=State.ASKED)
    reason = models.CharField(max_length=300)
    identity_hash = models.CharField(max_length=64, help_text="of the document that was shown")
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True, help_text="of the decision")
    moved = models.JSONField(default=dict, help_text="table to the ids of the rows that moved")
    split_reason = models.CharField(max_length=300, blank=True)
    split_asked_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    split_asked_at = models.DateTimeField(null=True)
    split_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    split_at = models.DateTimeField(null=True)

    objects = AccountMergeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="account_merge_of_two", condition=~Q(kept=F("duplicate"))),
            models.CheckConstraint(
                name="account_merge_by_two",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="account_split_by_two",
                condition=Q(split_by__isnull=True) | ~Q(split_by=F("split_asked_by")),
            ),
            models.UniqueConstraint(
                name="account_merge_one_open",
                fields=["duplicate"],
                condition=Q(state__in=["asked", "merged", "split_asked"]),
            ),
            Unchanging(
                name="account_merge_facts",
                columns=("kept_id", "duplicate_id", "asked_by_id", "asked_at", "identity_hash"),
            ),
        ]
