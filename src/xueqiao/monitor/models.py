"""Tables of the monitor: runs and the values they computed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class SourceClass(models.TextChoices):
    """What the numerator rests on."""

    REAL = "real", _("Records and registers")
    SAMPLE = "sample", _("Sample data")
    MIXED = "mixed", _("Partly sample data")


class IndicatorRun(models.Model):
    """One computation of all indicators; ``inputs`` says from what, so none is done twice."""

    as_of = models.DateField(help_text="the day on which standing facts are counted")
    inputs = models.CharField(
        max_length=64, help_text="SHA-256 of the marts' versions and definitions"
    )
    computed_at = models.DateTimeField()
    values_written = models.PositiveIntegerField()


class IndicatorValue(models.Model):
    """One indicator of one place in one year, as numerator and denominator.

    A row without a place counts what could not be given to any place of the register: learners with
    no known home. A count (no denominator) of zero is not stored. Replaced, never edited: each run
    writes its periods anew in one transaction, and periods that it does not compute stay.
    """

    run = models.ForeignKey(IndicatorRun, models.PROTECT, related_name="values")
    indicator = models.CharField(max_length=10, help_text="N02, P01 …")
    version = models.PositiveSmallIntegerField(help_text="version of the definition")
    register = models.ForeignKey("network.Register", models.PROTECT, related_name="+")
    place = models.ForeignKey("network.Place", models.PROTECT, null=True, related_name="+")
    parent = models.ForeignKey(
        "network.Place",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="the place above in this register's tree; null for provinces and unplaced rows",
    )
    period = models.PositiveSmallIntegerField(help_text="calendar year in Asia/Shanghai")
    numerator = models.BigIntegerField(help_text="in the unit of the definition; money in fen")
    denominator = models.BigIntegerField(null=True, help_text="null for counts")
    expected = models.BigIntegerField(help_text="what a complete numerator would rest on")
    reported = models.BigIntegerField(help_text="what it does rest on")
    as_of = models.DateField(help_text="last day that the value covers")
    source_class = models.CharField(max_length=10, choices=SourceClass)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="indicator_value_once",
                fields=["indicator", "register", "place", "period"],
                condition=Q(place__isnull=False),
            ),
            models.UniqueConstraint(
                name="indicator_unplaced_once",
                fields=["indicator", "register", "period"],
                condition=Q(place__isnull=True),
            ),
            models.CheckConstraint(
                name="indicator_denominator_positive",
                condition=Q(denominator__isnull=True) | Q(denominator__gt=0),
            ),
            models.CheckConstraint(
                name="indicator_reported_within_expected", condition=Q(reported__lte=F("expected"))
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "indicator", "register", "period"]),
            models.Index(fields=["indicator", "period"]),
        ]
