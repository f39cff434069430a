"""What a query over gold gives, made into files again and again: designs and their editions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Shape(models.TextChoices):
    """What of the rows of a query may leave; ``governance/designs`` holds it to that."""

    FACTS = "facts", _("Facts that are about no person")
    COUNTS = "counts", _("Counts of persons without small cells")
    ROWS = "rows", _("Rows of persons, under keys of this agreement only")


class Designed(models.Model):
    """A query over gold tables, with what of it may leave and why its files were not made."""

    sql = models.TextField(max_length=20_000, help_text="one SELECT over gold tables")
    shape = models.CharField(max_length=8, choices=Shape, default=Shape.COUNTS)
    failure = models.CharField(max_length=1000, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class EditionQuerySet(models.QuerySet["DataEdition"]):
    def kept(self) -> EditionQuerySet:
        """Those whose files are there."""
        return self.filter(removed_at=None)


class DataEdition(models.Model):
    """The files made of a design at one time, from the versions that its tables had then."""

    key = models.UUIDField(unique=True)
    opened = models.ForeignKey(
        "governance.OpenDataset", models.PROTECT, null=True, related_name="editions"
    )
    shared = models.ForeignKey(
        "governance.SharedDataset", models.PROTECT, null=True, related_name="editions"
    )
    revision = models.PositiveSmallIntegerField(help_text="of the text it was made of")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … of a design")
    made_at = models.DateTimeField()
    versions = models.JSONField(help_text="table → its version")
    columns = models.JSONField(help_text="name, kind, and the meaning in zh and en, of each")
    rows = models.BigIntegerField()
    hidden_cells = models.BigIntegerField(default=0, help_text="left out because too small")
    first_day = models.DateField(null=True, blank=True, help_text="of what it covers")
    last_day = models.DateField(null=True, blank=True)
    preview = models.JSONField(help_text="the first rows, as text; none of rows of persons")
    removed_at = models.DateTimeField(null=True, blank=True, help_text="when its files went")

    objects = EditionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="edition_of_opened_once",
                fields=["opened", "number"],
                condition=Q(opened__isnull=False),
            ),
            models.UniqueConstraint(
                name="edition_of_shared_once",
                fields=["shared", "number"],
                condition=Q(shared__isnull=False),
            ),
            models.CheckConstraint(
                name="edition_of_one_design",
                condition=Q(opened__isnull=True, shared__isnull=False)
                | Q(opened__isnull=False, shared__isnull=True),
            ),
        ]


class EditionFile(models.Model):
    """One file of an edition, whole and on the disk when its row is there."""

    class Kind(models.TextChoices):
        CSV = "csv", _("CSV (for a spreadsheet)")
        PARQUET = "parquet", _("Parquet (for notebooks)")

    edition = models.ForeignKey(DataEdition, models.PROTECT, related_name="files")
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=80)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="edition_file_once", fields=["edition", "kind"])
        ]


def newest(editions: EditionQuerySet, revision: int) -> DataEdition | None:
    """The newest edition of a text whose files are there."""
    return editions.kept().filter(revision=revision).order_by("-number").first()
