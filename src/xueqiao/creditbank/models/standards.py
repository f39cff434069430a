"""Tables of framework, standard, unit and of every number that a measure sets 框架+标准+单元."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class QualificationFramework(models.Model):
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

    class Meta:
        constraints = [models.UniqueConstraint(name="level_once", fields=["framework", "number"])]


class Standard(models.Model):
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
