"""Tables of banks and alliances on one ledger, their members and catalogues; the log of honours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel.evidence import Unchanging

if TYPE_CHECKING:
    from datetime import date


class Bank(models.Model):
    """A credit bank or a service alliance 学分银行、服务联盟: a name, members and a catalogue.

    All of them share one ledger: a lot is the learner's, whichever bank's catalogue it stands in.
    """

    class Kind(models.TextChoices):
        VOCATIONAL = "vocational", _("Credit bank of vocational education")
        CONTINUING = "continuing", _("Credit bank of continuing education")
        ALLIANCE = "alliance", _("Service alliance")

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    kind = models.CharField(max_length=12, choices=Kind)
    charter_zh = models.TextField(blank=True, help_text="what it is for and who may join")
    charter_en = models.TextField(blank=True)
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    node = models.ForeignKey(
        "service.ServiceNode", models.PROTECT, null=True, related_name="+", help_text="its office"
    )
    is_sample = models.BooleanField(default=False)
    source = models.TextField(help_text="the document that founds it")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bank_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]


class BankMemberQuerySet(models.QuerySet["BankMember"]):
    def in_force(self, day: date) -> BankMemberQuerySet:
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)


class BankOfferQuerySet(models.QuerySet["BankOffer"]):
    def in_force(self, day: date) -> BankOfferQuerySet:
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)


class BankMember(models.Model):
    """An institution that belongs to a bank from one day to another."""

    class Role(models.TextChoices):
        LEAD = "lead", _("Leading member")
        MEMBER = "member", _("Member")

    bank = models.ForeignKey(Bank, models.PROTECT, related_name="members")
    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    added_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    objects = BankMemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="bank_member_once", fields=["bank", "institution"], condition=Q(valid_to=None)
            ),
        ]


class BankOffer(models.Model):
    """One thing in a bank's catalogue: a unit it recognises, or a programme that takes credit."""

    bank = models.ForeignKey(Bank, models.PROTECT, related_name="offers")
    unit = models.ForeignKey("creditbank.Unit", models.PROTECT, null=True, related_name="+")
    programme = models.ForeignKey(
        "creditbank.Programme", models.PROTECT, null=True, related_name="+"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    added_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    objects = BankOfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bank_offer_one_thing",
                condition=Q(unit__isnull=False, programme__isnull=True)
                | Q(unit__isnull=True, programme__isnull=False),
            ),
            models.UniqueConstraint(
                name="bank_offer_unit_once",
                fields=["bank", "unit"],
                condition=Q(valid_to=None, unit__isnull=False),
            ),
            models.UniqueConstraint(
                name="bank_offer_programme_once",
                fields=["bank", "programme"],
                condition=Q(valid_to=None, programme__isnull=False),
            ),
        ]


class Honour(models.Model):
    """A commendation or reward for learning 表彰奖励. Appended; one given wrongly is withdrawn."""

    class Kind(models.TextChoices):
        STAR = "star", _("Learning star")
        FAMILY = "family", _("Learning family")
        TEAM = "team", _("Learning team")
        GRANT = "grant", _("Grant or fee waiver")

    request_key = models.CharField(max_length=120, unique=True)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="honours")
    kind = models.CharField(max_length=8, choices=Kind)
    title = models.CharField(max_length=160)
    reason = models.CharField(max_length=300)
    document = models.CharField(max_length=160, help_text="the decision it rests on")
    amount_fen = models.PositiveIntegerField(default=0, help_text="1/100 yuan; 0: no money")
    given_on = models.DateField()
    given_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    withdraws = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="withdrawn_by", help_text="the wrong one"
    )

    class Meta:
        constraints = [Unchanging(name="honour_kept")]
        indexes = [models.Index(fields=["person", "given_on"])]
