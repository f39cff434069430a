"""Tables of pathways: sets of rules that lead a learner from one qualification to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import date


class PathwayQuerySet(models.QuerySet["Pathway"]):
    def open_on(self, day: date) -> PathwayQuerySet:
        """Published, and not closed yet."""
        still = Q(closed_on=None) | Q(closed_on__gt=day)
        return self.filter(still, published_at__isnull=False)


class Pathway(models.Model):
    """A pathway 衔接通道, such as from a certificate to a degree: rules in the order of the way.

    Drafted by one person and published by another; the rules themselves say what counts.
    """

    class Kind(models.TextChoices):
        CERTIFICATE = "certificate", _("Degree with certificates (1+X)")
        THROUGH = "through", _("Secondary to college to bachelor")
        BOTH = "both", _("Two certificates for one course of study")
        TOP_UP = "top_up", _("Associate to bachelor")
        OTHER = "other", _("Another way")

    code = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    about_zh = models.TextField(help_text="for whom it is, in a learner's words")
    about_en = models.TextField()
    is_sample = models.BooleanField()
    source = models.TextField()
    drafted_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    closed_on = models.DateField(null=True, help_text="first day it is no longer offered")

    objects = PathwayQuerySet.as_manager()


class PathwayRule(models.Model):
    """A rule of a pathway, at its place on the way."""

    pathway = models.ForeignKey(Pathway, models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … along the way")
    rule = models.ForeignKey("creditbank.ConversionRule", models.PROTECT, related_name="pathways")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="pathway_step_once", fields=["pathway", "number"]),
            models.UniqueConstraint(name="pathway_rule_once", fields=["pathway", "rule"]),
        ]
