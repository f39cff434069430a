"""Tables of conversion: programmes, rules and their versions, conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models.agreements import TransferAgreement
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class CountingScope(models.Model):
    """A thing for which a credit may count once 计入范围, such as bachelor programmes of a kind."""

    code = models.CharField(max_length=60, unique=True)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    is_sample = models.BooleanField()
    source = models.TextField()


class Programme(models.Model):
    """A programme 项目 that leads to a qualification and takes converted credit."""

    code = models.CharField(max_length=60, unique=True)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    level = models.ForeignKey("creditbank.Level", models.PROTECT, related_name="+")
    scope = models.ForeignKey(CountingScope, models.PROTECT, related_name="programmes")
    total_hundredths = models.PositiveIntegerField(help_text="1/100 credit to complete it")
    cap_numerator = models.PositiveIntegerField(
        help_text="share that may be converted credit: this …"
    )
    cap_denominator = models.PositiveIntegerField(help_text="… of this, over all rules together")
    is_sample = models.BooleanField()
    source = models.TextField()


class CreditGroup(models.Model):
    """A part of a programme that asks for a number of credits 学分模块: a target of conversion."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="groups")
    code = models.CharField(max_length=60)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    field = models.CharField(max_length=80, blank=True)
    credit_hundredths = models.PositiveIntegerField(help_text="1/100 credit at most")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="credit_group_once", fields=["programme", "code"])
        ]


class ConversionRule(models.Model):
    """A conversion rule 转换规则; what it says stands in its versions."""

    code = models.CharField(max_length=60, unique=True)
    agreement = models.ForeignKey(TransferAgreement, models.PROTECT, related_name="rules")
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="rules")
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)


class RuleVersion(models.Model):
    """One version of a rule. Published, it is never edited; a later version takes its place."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LINTED = "linted", _("Checked")
        CONSULTED = "consulted", _("Consulted")
        SIGNED = "signed", _("Signed by both sides")
        PUBLISHED = "published", _("Published")
        SUPERSEDED = "superseded", _("Superseded")
        SUSPENDED = "suspended", _("Suspended")
        RETIRED = "retired", _("Retired")

    rule = models.ForeignKey(ConversionRule, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    pattern = models.JSONField(help_text="which lots fit: units, source_kinds, level_from, …")
    target = models.ForeignKey(CreditGroup, models.PROTECT, related_name="+")
    ratio_numerator = models.PositiveIntegerField(help_text="target credits for …")
    ratio_denominator = models.PositiveIntegerField(help_text="… this many source credits")
    level_gap = models.PositiveSmallIntegerField(default=0, help_text="levels a lot may lie below")
    hop_limit = models.PositiveSmallIntegerField(
        default=1, help_text="conversions in a chain, at most"
    )
    cap_numerator = models.PositiveIntegerField(
        help_text="share of the programme by this rule: this …"
    )
    cap_denominator = models.PositiveIntegerField(help_text="… of this")
    reserve_days = models.PositiveSmallIntegerField(
        help_text="days a reservation waits for its answer"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    published_at = models.DateTimeField(null=True)
    source = models.TextField(help_text="where ratio and cap come from")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="rule_version_once", fields=["rule", "number"]),
            models.CheckConstraint(
                name="rule_version_ratio",
                condition=Q(ratio_numerator__gt=0) & Q(ratio_denominator__gt=0),
            ),
            models.CheckConstraint(
                name="rule_version_cap", condition=Q(cap_numerator__gt=0) & Q(cap_denominator__gt=0)
            ),
        ]


class ConversionQuerySet(models.QuerySet["Conversion"]):
    def own(self, person: Person) -> ConversionQuerySet:
        """What a learner asked to have converted."""
        return self.filter(person=person)

    def reviewable_by(self, person: Person | None, day: date) -> ConversionQuerySet:
        """Conversions of the places for which the person may decide; never one's own."""
        if person is None:
            return self.none()
        reach = rights.within(person, rights.RECOGNITION_DECIDE, day, place="person__home_id")
        return self.filter(reach).exclude(person=person)


class Conversion(models.Model):
    """An application for conversion 转换申请 and what became of it."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("Reserved, waiting for the receiving institution")
        APPROVED = "approved", _("Converted")
        REJECTED = "rejected", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        TIMED_OUT = "timed_out", _("Timed out")
        REVERSED = "reversed", _("Reversed")

    request_key = models.CharField(max_length=120, unique=True)
    request_hash = models.CharField(max_length=64)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="conversions")
    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="conversions")
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    granted_hundredths = models.PositiveIntegerField(help_text="1/100 credit in the programme")
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)
    state_since = models.DateTimeField()
    asked_at = models.DateTimeField()
    reserved_until = models.DateTimeField()
    reservation = models.OneToOneField("creditbank.TransferGroup", models.PROTECT, related_name="+")

    objects = ConversionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "reserved_until"])]


class ConversionUse(models.Model):
    """How much of which lot a conversion uses, in hundredths of a credit of the lot."""

    conversion = models.ForeignKey(Conversion, models.PROTECT, related_name="uses")
    lot = models.ForeignKey("creditbank.CreditLot", models.PROTECT, related_name="uses")
    amount_hundredths = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="conversion_use_once", fields=["conversion", "lot"]),
            models.CheckConstraint(
                name="conversion_use_positive", condition=Q(amount_hundredths__gt=0)
            ),
        ]


class ConversionStep(models.Model):
    """The audit row of one move of a conversion. Never changed. ``actor`` null: the clock."""

    conversion = models.ForeignKey(Conversion, models.PROTECT, related_name="steps")
    to_state = models.CharField(max_length=10, choices=Conversion.State)
    actor = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="conversion_step_once", fields=["conversion", "to_state"]),
        ]
