"""Contracts of data as they were proposed and decided, version by version."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class DataContract(models.Model):
    """One version of what a table or a source promises; in force when somebody else approved it.

    The newest approved version of a name is in force; before the first, the shipped one is. Never
    edited: a change is a next version.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    name = models.CharField(
        max_length=120, help_text="a table such as bronze.person, or source. and the source's code"
    )
    version = models.PositiveIntegerField(help_text="1, 2, …; the shipped contract counts as 1")
    document = models.TextField(help_text="YAML after the Open Data Contract Standard 3")
    reason = models.CharField(max_length=500, help_text="why this version is wanted")
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True, help_text="what the second person says")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="datacontract_version_once", fields=["name", "version"]),
            models.UniqueConstraint(
                name="datacontract_one_proposal", fields=["name"], condition=Q(state="proposed")
            ),
            models.CheckConstraint(
                name="datacontract_decided_by_somebody_else",
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | (
                    ~Q(state="proposed")
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                    & ~Q(decided_by=F("proposed_by"))
                ),
            ),
        ]
