"""Tables of what a learner holds: account, outcome, decision, lot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel.cursor import XidField
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class LearningAccount(models.Model):
    """A lifelong learning account 终身学习账户. It never closes; it may be frozen."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        FROZEN = "frozen", _("Frozen")
        MERGED = "merged", _("Merged into another")

    class Verified(models.IntegerChoices):
        """How sure the bank is who the holder is."""

        NOT = 0, _("Not checked")
        ROSTER = 1, _("Named by a roster with the identity number")
        COUNTER = 2, _("Identity document seen at a counter")

    number = models.CharField(max_length=20, unique=True, help_text="12 digits and a check digit")
    person = models.OneToOneField("people.Person", models.PROTECT, related_name="learning_account")
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    opened_at = models.DateTimeField()
    verified = models.PositiveSmallIntegerField(choices=Verified, default=Verified.NOT)
    verified_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="learning_account_merged_whole",
                condition=Q(status="merged", merged_into__isnull=False)
                | (~Q(status="merged") & Q(merged_into__isnull=True)),
            ),
        ]


class SourceKind(models.TextChoices):
    """Where a credit comes from; caps and validity differ by it."""

    FORMAL = "formal", _("Course of formal education")
    NONFORMAL = "nonformal", _("Course outside formal education")
    CERTIFICATE = "certificate", _("Certificate of vocational skills")
    PRIOR = "prior", _("Prior learning and experience")
    CONVERTED = "converted", _("Converted credit")


class Outcome(models.Model):
    """A learning outcome 学习成果: what somebody achieved, with issuer, evidence and source.

    The same certificate cannot enter twice, neither by number nor by content.
    """

    person = models.ForeignKey("people.Person", models.PROTECT, related_name="outcomes")
    kind = models.CharField(max_length=12, choices=SourceKind)
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    issuer = models.CharField(max_length=160, help_text="code or name of the issuing body")
    number = models.CharField(max_length=120, help_text="the issuer's own number of the outcome")
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    result = models.CharField(
        max_length=40, blank=True, help_text="as the issuer writes it: pass …"
    )
    # With defaults of the database, so that who writes an outcome may leave them out.
    certificate_type = models.CharField(
        max_length=60,
        db_default="",
        help_text="kind of certificate that rules name, such as 1X-WEB",
    )
    certificate_level = models.PositiveSmallIntegerField(null=True, help_text="1 is the lowest")
    score_hundredths = models.PositiveIntegerField(null=True, help_text="8550 is a score of 85.5")
    obtained = models.DateField()
    valid_to = models.DateField(null=True)
    fingerprint = models.CharField(max_length=64, unique=True, help_text="SHA-256 of its content")
    evidence_sha256 = models.JSONField(default=list, help_text="hashes of the evidence, in order")
    source = models.CharField(
        max_length=200, help_text="file and row, or the event, it was taken from"
    )

    class Meta:
        constraints = [models.UniqueConstraint(name="outcome_once", fields=["issuer", "number"])]
        indexes = [models.Index(fields=["person", "obtained"])]


class Decision(models.Model):
    """A decision on recognition 认定决定. Never changed; a new one may replace it."""

    key = models.CharField(max_length=120, unique=True, help_text="the cause, 'completion:812'")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    outcome = models.ForeignKey(Outcome, models.PROTECT, null=True, related_name="decisions")
    application = models.ForeignKey(
        "creditbank.Application", models.PROTECT, null=True, related_name="decisions"
    )
    unit = models.ForeignKey("creditbank.Unit", models.PROTECT, related_name="+")
    approved = models.BooleanField()
    amount_hundredths = models.PositiveIntegerField(help_text="1/100 credit; 0 when refused")
    reasons = models.TextField(help_text="why, in words the learner reads")
    rule = models.ForeignKey("creditbank.RuleTable", models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        "people.Person",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="null: the rule itself",
    )
    decided_at = models.DateTimeField()
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="replaced_by",
        help_text="the earlier decision, where this one followed an appeal",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="decision_amount_fits",
                condition=Q(approved=True, amount_hundredths__gt=0)
                | Q(approved=False, amount_hundredths=0),
            ),
        ]


class CreditLotQuerySet(models.QuerySet["CreditLot"]):
    def within(self, person: Person | None, policy: rights.Policy, day: date) -> CreditLotQuerySet:
        """Lots of the places and institutions for which the person holds the right on a day.

        Never the person's own.
        """
        if person is None:
            return self.none()
        reach = rights.within(
            person, policy, day, place="person__home_id", institution="institution_id"
        )
        return self.filter(reach).exclude(person=person)


class CreditLot(models.Model):
    """A lot of credit 学分批次: a ledger account of its own, with what must be known to use it."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        FROZEN = "frozen", _("Frozen")
        EXPIRED = "expired", _("Expired")
        REVERSED = "reversed", _("Reversed")

    xid = XidField()
    account = models.OneToOneField("creditbank.Account", models.PROTECT, related_name="lot")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="lots")
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    unit = models.ForeignKey("creditbank.Unit", models.PROTECT, null=True, related_name="+")
    level = models.ForeignKey("creditbank.Level", models.PROTECT, related_name="+")
    field = models.CharField(max_length=80)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    amount_hundredths = models.PositiveIntegerField(help_text="1/100 credit when it was posted")
    source_kind = models.CharField(max_length=12, choices=SourceKind)
    obtained = models.DateField()
    valid_to = models.DateField(null=True, help_text="first day it can no longer be used")
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="lots")
    conversion = models.ForeignKey(
        "creditbank.Conversion", models.PROTECT, null=True, related_name="lots"
    )
    credit_group = models.ForeignKey(
        "creditbank.CreditGroup", models.PROTECT, null=True, related_name="+"
    )
    hops = models.PositiveSmallIntegerField(default=0, help_text="conversions behind it")
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    state_since = models.DateTimeField()

    objects = CreditLotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="lot_has_amount", condition=Q(amount_hundredths__gt=0)),
            models.CheckConstraint(
                name="lot_has_a_cause",
                condition=Q(decision__isnull=False, conversion__isnull=True)
                | Q(decision__isnull=True, conversion__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["xid", "id"]),
            models.Index(
                name="lot_running_out",
                fields=["valid_to"],
                condition=Q(state="active", valid_to__isnull=False),
            ),
        ]


class LotParent(models.Model):
    """How much of an earlier lot stands behind a converted one."""

    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="parents")
    parent = models.ForeignKey(CreditLot, models.PROTECT, related_name="children")
    amount_hundredths = models.PositiveIntegerField(help_text="1/100 credit of the parent's right")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="lot_parent_once", fields=["lot", "parent"]),
            models.CheckConstraint(name="lot_not_its_own_parent", condition=~Q(lot=F("parent"))),
        ]
