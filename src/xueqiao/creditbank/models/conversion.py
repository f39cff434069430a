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
    residence_least_hundredths = models.PositiveIntegerField(
        default=0, help_text="1/100 credit to be earned in the programme itself, not converted"
    )
    is_sample = models.BooleanField()
    source = models.TextField()


class CreditGroup(models.Model):
    """A part of a programme that asks for a number of credits 学分模块: a target of conversion.

    A course may lie in a module and a module in a group; what counts in the part counts in all
    above it.
    """

    class Kind(models.TextChoices):
        GROUP = "group", _("Credit group")
        MODULE = "module", _("Module")
        COURSE = "course", _("Course")
        UNIT = "unit", _("Unit")

    kind = models.CharField(max_length=6, choices=Kind, default=Kind.GROUP)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
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
    body = models.JSONField(help_text="what the rule says, in the normal form of rules.write")
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
        ]


class ConversionQuerySet(models.QuerySet["Conversion"]):
    def own(self, person: Person) -> ConversionQuerySet:
        """What a learner asked to have converted."""
        return self.filter(person=person)

    def pending(self) -> ConversionQuerySet:
        """Those that hold a reservation and wait for an answer."""
        return self.filter(state__in=[Conversion.State.RESERVED, Conversion.State.REVIEWING])

    def reviewable_by(self, person: Person | None, day: date) -> ConversionQuerySet:
        """Conversions that the person may decide on a day; never one's own.

        Those of the learners of a place, or those into the programmes of an institution.
        """
        if person is None:
            return self.none()
        reach = rights.within(
            person, rights.CONVERSION_DECIDE, day, place="person__home_id",
            institution="version__rule__programme__institution_id",
        )  # fmt: skip
        return self.filter(reach).exclude(person=person)


class Conversion(models.Model):
    """An application for conversion 转换申请 and what became of it."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("Reserved, waiting for the receiving institution")
        REVIEWING = "reviewing", _("Under review by the receiving institution")
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
    settlement = models.OneToOneField(
        "creditbank.TransferGroup", models.PROTECT, null=True, related_name="+",
        help_text="the voucher that posted it, gave it back or let it lapse",
    )  # fmt: skip

    objects = ConversionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "reserved_until"])]

    @property
    def is_pending(self) -> bool:
        """Whether it holds a reservation and waits for an answer."""
        return self.state in {self.State.RESERVED, self.State.REVIEWING}


class ConversionUse(models.Model):
    """How much of which lot a conversion uses, in hundredths of a credit of the lot."""

    conversion = models.ForeignKey(Conversion, models.PROTECT, related_name="uses")
    lot = models.ForeignKey("creditbank.CreditLot", models.PROTECT, related_name="uses")
    amount_hundredths = models.PositiveIntegerField()
    made_hundredths = models.PositiveIntegerField(
        help_text="1/100 credit in the programme that it makes"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="conversion_use_once", fields=["conversion", "lot"]),
            models.CheckConstraint(
                name="conversion_use_positive", condition=Q(amount_hundredths__gt=0)
            ),
        ]


class ConversionResult(models.Model):
    """What a conversion gives in one part of the programme 转换结果. Never changed."""

    conversion = models.ForeignKey(Conversion, models.PROTECT, related_name="results")
    target = models.ForeignKey(CreditGroup, models.PROTECT, related_name="+")
    granted_hundredths = models.PositiveIntegerField(help_text="1/100 credit in the programme")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="conversion_result_once", fields=["conversion", "target"]),
            models.CheckConstraint(
                name="conversion_result_positive", condition=Q(granted_hundredths__gt=0)
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
