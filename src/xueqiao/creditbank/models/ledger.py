"""Tables of the ledger: accounts, vouchers, transfers. Only ``creditbank.ledger`` writes them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel.cursor import XidField


class LedgerUnit(models.TextChoices):
    """What an account counts. A transfer never joins accounts of two units."""

    CREDIT = "XF", _("Bank credit")
    RIGHT = "CAP", _("Right to count a credit")


class AccountKind(models.TextChoices):
    """What an account stands for; its owner is in the account's code."""

    ISSUE = "issue", _("Credit an institution has brought into being")
    LOT = "lot", _("Credit lot of a learner")
    GRANT = "grant", _("Credit granted under a conversion rule")
    CAPACITY_SOURCE = "capsrc", _("Origin of counting rights")
    CAPACITY = "cap", _("What of a lot may still count in a scope")
    CLEARING = "clear", _("Counting rights used up by a conversion rule")
    CAP_LIMIT = "caplim", _("What of a cap is still free")
    CAP_USED = "used", _("What of a cap has been used")
    EXPIRED = "expired", _("Counting rights that have lapsed")


class Account(models.Model):
    """A ledger account. The four counters are kept by the database, in hundredths of a credit.

    What an account holds is ``credits - debits``; what it can still give is that less
    ``debits_pending``. An account with ``no_overdraw`` never gives more than it holds, whoever
    asks, by whatever path, at the same instant or not.
    """

    code = models.CharField(
        max_length=160, unique=True, help_text="stable name, 'lot:completion:8'"
    )
    unit = models.CharField(max_length=3, choices=LedgerUnit)
    kind = models.CharField(max_length=8, choices=AccountKind)
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    no_overdraw = models.BooleanField()
    debits = models.BigIntegerField(default=0, help_text="1/100 credit posted out of the account")
    credits = models.BigIntegerField(default=0, help_text="1/100 credit posted into the account")
    debits_pending = models.BigIntegerField(default=0, help_text="1/100 credit reserved to go out")
    credits_pending = models.BigIntegerField(
        default=0, help_text="1/100 credit reserved to come in"
    )
    closed = models.BooleanField(default=False, help_text="refuses every further transfer")
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_never_overdrawn",
                condition=Q(no_overdraw=False) | Q(credits__gte=F("debits") + F("debits_pending")),
            ),
            models.CheckConstraint(
                name="account_counters_not_negative",
                condition=Q(debits__gte=0)
                & Q(credits__gte=0)
                & Q(debits_pending__gte=0)
                & Q(credits_pending__gte=0),
            ),
        ]


class TransferGroup(models.Model):
    """A voucher 业务凭证: one business act, whose transfers are written together or not at all."""

    key = models.CharField(max_length=120, unique=True, help_text="the cause, 'completion:812'")
    request_hash = models.CharField(
        max_length=64, help_text="SHA-256 of the request's canonical form"
    )
    kind = models.CharField(
        max_length=20, help_text="recognise, reserve, convert, void, expire, reverse"
    )
    reason = models.CharField(max_length=300, blank=True)
    event_at = models.DateTimeField(help_text="when the act took effect")
    posted_at = models.DateTimeField(help_text="when the bank came to know of it")


class Phase(models.TextChoices):
    """What a transfer does to the counters."""

    POST = "post", _("Posted")
    PENDING = "pending", _("Reserved")
    VOID = "void", _("Reservation given back")
    EXPIRE = "expire", _("Reservation lapsed")


class Transfer(models.Model):
    """Credit that moved from one account to another, once. Never updated, never deleted.

    One row names both accounts and one positive amount, so no set of transfers can be out of
    balance. A reservation is a row of phase ``pending``; what became of it is a second row of phase
    ``post``, ``void`` or ``expire`` that names it in ``pending``, at most one. A mistake is put
    right by a row that names the first in ``reverses``.
    """

    xid = XidField()
    group = models.ForeignKey(TransferGroup, models.PROTECT, related_name="transfers")
    key = models.CharField(max_length=124, unique=True, help_text="the group's key and a number")
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of this line of the request")
    # An account's transfers are always asked for by time: the indexes below begin with the account.
    debit = models.ForeignKey(Account, models.PROTECT, related_name="outgoing", db_index=False)
    credit = models.ForeignKey(Account, models.PROTECT, related_name="incoming", db_index=False)
    amount_hundredths = models.BigIntegerField(help_text="1/100 credit; 150 is 1.5 credits")
    code = models.CharField(
        max_length=20, help_text="what the line is for: recognise, capacity, use …"
    )
    phase = models.CharField(max_length=7, choices=Phase)
    pending = models.OneToOneField("self", models.PROTECT, null=True, related_name="resolution")
    event_at = models.DateTimeField(help_text="when it took effect")
    posted_at = models.DateTimeField(help_text="when the bank came to know of it")
    expires_at = models.DateTimeField(null=True, help_text="end of a reservation")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversal")
    leaf_hash = models.CharField(max_length=64, null=True, help_text="SHA-256 of the RFC 8785 form")  # noqa: DJ001 - null: not yet hashed

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_positive", condition=Q(amount_hundredths__gt=0)),
            models.CheckConstraint(name="transfer_two_sided", condition=~Q(debit=F("credit"))),
            models.CheckConstraint(
                name="transfer_phase_fits",
                condition=Q(phase="pending", pending__isnull=True, expires_at__isnull=False)
                | Q(phase="post", expires_at__isnull=True)
                | Q(phase__in=["void", "expire"], pending__isnull=False, expires_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["xid", "id"]),
            models.Index(name="transfer_debit_posted", fields=["debit", "posted_at"]),
            models.Index(name="transfer_credit_posted", fields=["credit", "posted_at"]),
            models.Index(
                name="transfer_pending_due", fields=["expires_at"], condition=Q(phase="pending")
            ),
        ]
