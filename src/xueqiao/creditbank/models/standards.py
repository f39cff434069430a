"""Tables of framework, standard, unit and of every number that a measure sets 框架+标准+单元."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Versioned(models.Model):
    """What a framework and a standard have in common: one row a version, drafted, then published.

    Published, a row's facts never change (a trigger refuses); only its end may be set, once.
    """

    is_draft = models.BooleanField(default=False, help_text="not published; counts for nobody")
    identifier = models.UUIDField(
        null=True, unique=True, help_text="CASE identifier; null: made from code and version"
    )
    drafted_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="null: loaded"
    )
    published_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(null=True, help_text="of the last change; null: loaded")
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaces")

    class Meta:
        abstract = True


class QualificationFramework(Versioned):
    """A framework of levels 资历框架, one row a version."""

    code = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    is_sample = models.BooleanField(help_text="made up for the demo, shown as 示例")
    source = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(name="framework_once", fields=["code", "version"])]


class Level(models.Model):
    """A level 等级 of a framework with its descriptors."""

    framework = models.ForeignKey(QualificationFramework, models.PROTECT, related_name="levels")
    number = models.PositiveSmallIntegerField(help_text="1 is the lowest")
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    knowledge = models.TextField(help_text="知识")
    skills = models.TextField(help_text="技能")
    competence = models.TextField(help_text="能力")
    source = models.TextField()
    is_draft = models.BooleanField(default=False)
    identifier = models.UUIDField(null=True, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="level_once", fields=["framework", "number"])]


class Standard(Versioned):
    """An occupational or subject standard 标准, one row a version. Its units carry the credit."""

    code = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    level = models.ForeignKey(Level, models.PROTECT, related_name="standards")
    field = models.CharField(max_length=80, help_text="field of study or occupation")
    owner = models.CharField(max_length=160, help_text="the body that keeps the standard")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    is_sample = models.BooleanField()
    source = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(name="standard_once", fields=["code", "version"])]


class Unit(models.Model):
    """A unit of recognition 认证单元: what is to be able, at which level, worth how much."""

    standard = models.ForeignKey(Standard, models.PROTECT, related_name="units")
    code = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    module_code = models.CharField(
        max_length=60, blank=True, help_text="the hall's module whose completion it recognises"
    )
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    level = models.ForeignKey(Level, models.PROTECT, related_name="units")
    field = models.CharField(max_length=80)
    credit_hundredths = models.PositiveIntegerField(help_text="1/100 credit, the unit's value")
    notional_hours = models.PositiveIntegerField(help_text="hours of learning")
    outcomes = models.JSONField(default=list, help_text="list of learning outcomes")
    criteria = models.JSONField(default=list, help_text="list of assessment criteria")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = models.TextField(help_text="where credit, hours and level come from")
    is_draft = models.BooleanField(default=False)
    identifier = models.UUIDField(null=True, unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="unit_once", fields=["code", "version"]),
            models.CheckConstraint(name="unit_has_value", condition=Q(credit_hundredths__gt=0)),
            models.CheckConstraint(
                name="unit_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]
        indexes = [models.Index(fields=["module_code"])]


class StandardChange(models.Model):
    """The audit row of one act on a framework or a standard. Kept as it is."""

    class Verb(models.TextChoices):
        DRAFTED = "drafted", _("Drafted")
        CHANGED = "changed", _("Changed")
        DISCARDED = "discarded", _("Discarded")
        PUBLISHED = "published", _("Published")
        RETIRED = "retired", _("Retired")
        IMPORTED = "imported", _("Imported")

    kind = models.CharField(max_length=10, help_text="framework or standard")
    code = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    verb = models.CharField(max_length=10, choices=Verb)
    actor = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "code", "at"])]


class ReceivedPackage(models.Model):
    """A CASE package as somebody handed it in, good or not; the same text is kept once."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200, help_text="of the file")
    content = models.TextField()
    refusal = models.TextField(blank=True, help_text="why it cannot be read; blank: it can")
    received_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    received_at = models.DateTimeField()


class CaseObject(models.Model):
    """Which published version a CASE identifier belongs to: found without a search."""

    identifier = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=20, help_text="CFDocuments, CFItems or CFAssociations")
    standard = models.ForeignKey(Standard, models.CASCADE, null=True, related_name="+")
    framework = models.ForeignKey(
        QualificationFramework, models.CASCADE, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="case_object_of_one",
                condition=Q(standard__isnull=True) ^ Q(framework__isnull=True),
            ),
        ]


class RuleTable(models.Model):
    """A number of a measure: hours per credit, a cap, a validity. A row a version, never edited."""

    code = models.CharField(max_length=80)
    version = models.CharField(max_length=20)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    value = models.JSONField(help_text="whole numbers by name, such as {'hours': 18}")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    is_sample = models.BooleanField()
    source = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(name="rule_table_once", fields=["code", "version"])]
