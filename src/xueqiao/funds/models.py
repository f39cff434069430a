"""Tables of funds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from xueqiao.kernel.cursor import XidField

if TYPE_CHECKING:
    from datetime import date


class BudgetQuerySet(models.QuerySet["ApprovedBudget"]):
    def in_force(self) -> BudgetQuerySet:
        """The rows that no later row corrects."""
        return self.filter(corrected_by__isnull=True)

    def known_on(self, day: date) -> BudgetQuerySet:
        """The rows that held on a day: approved by then and not yet corrected."""
        return self.filter(approved_on__lte=day).exclude(corrected_by__approved_on__lte=day)


class ApprovedBudget(models.Model):
    """Money that a government approved for one purpose in one place and year. Never updated.

    A mistake is put right by a second row that names the first in ``corrects``.
    """

    xid = XidField()
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    line = models.CharField(max_length=40, help_text="the budget line, such as lifelong_education")
    fen = models.BigIntegerField(help_text="1/100 yuan, at least 0")
    approved_on = models.DateField()
    source = models.CharField(max_length=200, help_text="document that approves it")
    is_sample = models.BooleanField(default=False)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    request_key = models.CharField(max_length=80, unique=True)
    recorded_at = models.DateTimeField(auto_now_add=True, help_text="for audit only")

    objects = BudgetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="budget_not_negative", condition=Q(fen__gte=0)),
            models.UniqueConstraint(
                name="budget_once",
                fields=["place", "year", "line"],
                condition=Q(corrects__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["year", "place"]), models.Index(fields=["xid", "id"])]
