"""Who answers for a table of the lake."""

from __future__ import annotations

from django.db import models


class Custody(models.Model):
    """Who owns a table and who looks after it, from a day on. The newest row of a table holds."""

    table = models.CharField(max_length=80, help_text="as SQL names it: stage.activity, learner")
    owner = models.ForeignKey(
        "network.Institution",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="the body that answers for it; null: the province itself",
    )
    steward = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="custody_newest", fields=["table", "-id"])]
