"""Open data: what was made public, by whose decision, under which licence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.governance.models.edition import Designed, Shape
from xueqiao.kernel import evidence
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class Licence(models.TextChoices):
    """Under what others may use the data; the addresses are in ``web/dcat.py``."""

    BY = "CC-BY-4.0", _("Creative Commons Attribution 4.0 (CC BY 4.0)")
    ZERO = "CC0-1.0", _("Creative Commons Zero 1.0 (CC0)")
    ODBL = "ODbL-1.0", _("Open Database License 1.0 (ODbL)")


class Frequency(models.TextChoices):
    """How often new files are made, if the tables have changed."""

    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")
    ANNUAL = "annual", _("Yearly")


class OpenDatasetQuerySet(models.QuerySet["OpenDataset"]):
    def public(self) -> OpenDatasetQuerySet:
        """What everybody may fetch: published, also while a withdrawal waits."""
        return self.filter(state__in=[OpenDataset.State.PUBLISHED, OpenDataset.State.LEAVING])

    def seen_by(self, person: Person, day: date) -> OpenDatasetQuerySet:
        """Those of the places in which somebody analyses or decides."""
        return self.filter(rights.within(person, rights.LAKE_ANALYSE, day, place="place_id"))

    def for_second(self, person: Person, day: date) -> OpenDatasetQuerySet:
        """What others asked to publish or to withdraw in the places of a steward."""
        reach = rights.within(person, rights.LAKE_STEWARD, day, place="place_id")
        coming = Q(state=OpenDataset.State.ASKED) & ~Q(asked_by=person)
        going = Q(state=OpenDataset.State.LEAVING) & ~Q(leaving_by=person)
        return self.filter(reach, coming | going)

    def search(self, text: str) -> OpenDatasetQuerySet:
        """By words of titles, descriptions, keywords or the name in the address."""
        names = ("title", "description", "keywords")
        asked = Q(code__icontains=text)
        for name in names:
            asked |= Q(**{f"{name}_zh__icontains": text}) | Q(**{f"{name}_en__icontains": text})
        return self.filter(asked)


class OpenDataset(Designed):
    """One data set for everybody 开放数据集. Its text is fixed while its publication is asked for.

    Published and withdrawn by a decision of two persons; the audit rows say who.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ASKED = "asked", _("Waits for a second person")
        PUBLISHED = "published", _("Published")
        LEAVING = "leaving", _("Published; withdrawal waits for a second person")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    code = models.SlugField(max_length=60, unique=True, help_text="its name in the address")
    request_key = models.CharField(max_length=80, unique=True)
    revision = models.PositiveSmallIntegerField(default=1)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160)
    description_zh = models.TextField(max_length=4000)
    description_en = models.TextField(max_length=4000)
    keywords_zh = models.CharField(max_length=200, blank=True, help_text="parted by commas")
    keywords_en = models.CharField(max_length=200, blank=True)
    publisher = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    place = models.ForeignKey(
        "network.Place", models.PROTECT, related_name="+",
        help_text="what it covers; rows of persons are narrowed to it",
    )  # fmt: skip
    contact = models.CharField(max_length=200, help_text="office and telephone or e-mail address")
    licence = models.CharField(max_length=12, choices=Licence, default=Licence.BY)
    frequency = models.CharField(max_length=8, choices=Frequency, default=Frequency.MONTHLY)
    meanings = models.JSONField(
        default=dict, help_text="column → its meaning in zh and en, where the lake has none"
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    leaving_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+",
        help_text="who asked for the withdrawal",
    )  # fmt: skip
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    is_sample = models.BooleanField(default=False)

    objects = OpenDatasetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="open_dataset_no_rows", condition=~Q(shape=Shape.ROWS.value)
            ),
            models.CheckConstraint(
                name="open_dataset_published_by_second",
                condition=Q(published_by=None) | ~Q(published_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="open_dataset_asked",
                condition=Q(state="draft") | Q(asked_at__isnull=False, asked_by__isnull=False),
            ),
            models.CheckConstraint(
                name="open_dataset_leaving_asked",
                condition=~Q(state="leaving") | Q(leaving_by__isnull=False),
            ),
            evidence.Unchanging(
                name="open_dataset_as_asked",
                since="asked_at",
                columns=(
                    "code", "title_zh", "title_en", "description_zh", "description_en",
                    "keywords_zh", "keywords_en", "publisher_id", "place_id", "contact",
                    "licence", "frequency", "meanings", "sql", "shape",
                ),
            ),
        ]  # fmt: skip


class OpenStep(models.Model):
    """The audit row of one step of an open data set: who, when, what, why. Never changed."""

    class Verb(models.TextChoices):
        DRAFT = "draft", _("Drafted")
        AMEND = "amend", _("Text changed")
        ASK = "ask", _("Publication asked for")
        RETURN = "return", _("Returned for a change")
        PUBLISH = "publish", _("Published")
        LEAVE = "leave", _("Withdrawal asked for")
        KEEP = "keep", _("Kept published")
        WITHDRAW = "withdraw", _("Withdrawn")
        REVISE = "revise", _("Taken up again as a draft")

    dataset = models.ForeignKey(OpenDataset, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the data set")
    revision = models.PositiveSmallIntegerField()
    verb = models.CharField(max_length=10, choices=Verb)
    actor = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="open_step_once", fields=["dataset", "number"]),
            evidence.Unchanging(name="open_step_stays"),
        ]
