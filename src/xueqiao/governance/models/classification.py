"""Class and level of a column where people decided otherwise than the shipped catalogue says."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.lake.levels import Class, Level


class Classification(models.Model):
    """Class and level of one column, after GB/T 43697.

    Guarding it better is in force at once; guarding it less waits for a second person. A later
    decision ends the one before.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        IN_FORCE = "in_force", _("In force")
        REJECTED = "rejected", _("Rejected")
        ENDED = "ended", _("Ended")

    ABOUT = ("table", "column")

    table = models.CharField(max_length=80)
    column = models.CharField(max_length=80)
    category = models.CharField(max_length=20, choices=Class)
    level = models.PositiveSmallIntegerField(
        choices=[(each.value, each.title) for each in Level], help_text="1–4 general, 5, 6"
    )
    lowers = models.BooleanField(help_text="whether it guards the column less than before")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="classification_in_force_once",
                fields=["table", "column"],
                condition=Q(state="in_force"),
            ),
            models.UniqueConstraint(
                name="classification_asked_once",
                fields=["table", "column"],
                condition=Q(state="asked"),
            ),
            models.CheckConstraint(
                name="classification_lowered_by_two",
                condition=~Q(lowers=True, decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="classification_level_known", condition=Q(level__gte=1, level__lte=6)
            ),
        ]
