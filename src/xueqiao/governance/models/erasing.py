"""Tables of erasure in the lake: what was taken out where, and what was deleted with it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LakeErasureQuerySet(models.QuerySet["LakeErasure"]):
    def unfinished(self) -> LakeErasureQuerySet:
        """Those that the log has announced and the lake has not carried out to the end."""
        return self.filter(state=LakeErasure.State.ANNOUNCED)

    def held_up(self) -> LakeErasureQuerySet:
        """Those of which the last run was refused."""
        return self.unfinished().exclude(held_up_by="")


class LakeErasure(models.Model):
    """An erasure of records, as the lake follows it: the ticket, and in the end the receipt.

    Counts only grow, batch by batch; a batch is counted before it is taken out, once.
    """

    class State(models.TextChoices):
        EXPECTED = "expected", _("Looked at")
        ANNOUNCED = "announced", _("Being taken out")
        DONE = "done", _("Gone from the lake")

    erasure = models.OneToOneField("records.Erasure", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.EXPECTED)
    preview = models.JSONField(default=dict, help_text="the dry run: rows by table and month")
    looked_at = models.DateTimeField(null=True, blank=True)
    statements = models.PositiveBigIntegerField(default=0, help_text="ids announced by the log")
    blanked = models.PositiveBigIntegerField(default=0)
    found = models.JSONField(default=dict, help_text="rows by table and month before they went")
    rebuilt = models.JSONField(default=dict, help_text="months by table; null: all of it")
    files = models.PositiveBigIntegerField(default=0, help_text="of earlier versions, deleted")
    size_bytes = models.PositiveBigIntegerField(default=0, help_text="of those files")
    milliseconds = models.PositiveBigIntegerField(default=0)
    handed_out = models.JSONField(
        default=list, help_text="rows that others have: extract or agreement, recipients"
    )
    held_up_by = models.CharField(max_length=40, blank=True, help_text="code of a refusal")
    held_up_text = models.TextField(blank=True)
    tries = models.PositiveIntegerField(default=0, help_text="held up one after another")
    next_try_at = models.DateTimeField(null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the receipt")

    objects = LakeErasureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="lake_erasure_done_at",
                condition=Q(state="done", finished_at__isnull=False)
                | (~Q(state="done") & Q(finished_at=None)),
            ),
            models.CheckConstraint(
                name="lake_erasure_announced_at",
                condition=Q(state="expected", announced_at=None)
                | (~Q(state="expected") & Q(announced_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["state", "id"])]
