"""What somebody decided about data that broke a contract."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

BATCH = "batch"


class HoldDecision(models.Model):
    """A decision about one batch, or one version of a table. Appended; the last one counts."""

    class Verdict(models.TextChoices):
        RELEASE = "release", _("Let through")
        REJECT = "reject", _("Left out for good")

    subject = models.CharField(max_length=120, help_text="batch, or the name of a table")
    number = models.BigIntegerField(help_text="of the batch; of a table: its version")
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.CharField(max_length=500)
    decided_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="holddecision_subject", fields=["subject", "number"])]
