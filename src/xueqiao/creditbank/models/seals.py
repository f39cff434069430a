"""Tables of the seals: the bank's keys, the hash tree, its signed roots, what checking found.

``creditbank.seals`` writes them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class KeyEnd(models.TextChoices):
    """Why a key stopped signing."""

    IN_USE = "", _("In use")
    ROUTINE = "routine", _("Replaced on schedule")
    LOST = "lost", _("Private half lost")
    STOLEN = "stolen", _("In wrong hands")


class BankKey(models.Model):
    """The public half of a key with which the bank seals its ledger 封存密钥.

    The private half is a file outside the database. A key that has ended stays published, so that
    what it sealed can still be checked; one in wrong hands asserts nothing any more.
    """

    class Algorithm(models.TextChoices):
        ED25519 = "ed25519", "Ed25519"
        SM2 = "sm2", "SM2"

    algorithm = models.CharField(max_length=8, choices=Algorithm)
    name = models.CharField(max_length=300, help_text="the ledger's origin, in each signature line")
    did = models.CharField(max_length=300, help_text="did:web of the bank")
    method = models.CharField(max_length=340, unique=True, help_text="identifier: did#ledger-1")
    public_multikey = models.CharField(max_length=80, help_text="publicKeyMultibase")
    file_name = models.CharField(max_length=120, help_text="name in the folder keys/bank")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, help_text="when it stopped signing; null: in use")
    ended = models.CharField(max_length=7, choices=KeyEnd, blank=True, default=KeyEnd.IN_USE)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="bank_key_one_in_use",
                fields=["algorithm"],
                condition=Q(valid_to__isnull=True),
            ),
            models.CheckConstraint(
                name="bank_key_ended_for_a_reason",
                condition=Q(valid_to__isnull=True, ended="")
                | Q(valid_to__isnull=False) & ~Q(ended=""),
            ),
        ]


class LedgerSeal(models.Model):
    """A seal 封存: the signed root over the first ``size`` transfers, in the order of the tree.

    ``checkpoint`` is what is published, byte for byte: a C2SP checkpoint. Each seal but the first
    names the one before it, so there is one chain.
    """

    number = models.PositiveBigIntegerField(unique=True, help_text="1, 2, 3 …")
    size = models.PositiveBigIntegerField(unique=True, help_text="transfers under this root")
    root = models.CharField(max_length=64, help_text="SHA-256, hex: RFC 6962 root")
    previous = models.OneToOneField("self", models.PROTECT, null=True, related_name="following")
    checkpoint = models.TextField(help_text="size and root with their signatures")
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="seal_of_something", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="seal_follows_another",
                condition=Q(number=1, previous__isnull=True)
                | Q(number__gt=1, previous__isnull=False),
            ),
        ]


class SealTile(models.Model):
    """Up to 256 neighbouring hashes of the tree. It only grows: what is in it stays in its place.

    On level 0 they are leaves, and ``transfer_ids`` says of which transfers, in the same order: the
    order of the tree is fixed here and depends on nothing else. On level n each is the root of a
    full tile of level n - 1.
    """

    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField(help_text="how many tiles lie before it on its level")
    hashes = models.BinaryField(help_text="32 bytes each")
    transfer_ids = models.BinaryField(default=b"", help_text="level 0: 8 bytes each, little-endian")
    low_id = models.BigIntegerField(default=0, help_text="level 0: lowest id of a transfer in it")
    high_id = models.BigIntegerField(default=0, help_text="level 0: highest id of a transfer in it")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="seal_tile_place", fields=["level", "index"]),
        ]
        indexes = [models.Index(name="seal_tile_of", fields=["level", "high_id", "low_id"])]


class SealReader(models.Model):
    """How far sealing has read the ledger, ``kernel.cursor.Position``; one row."""

    xid = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=0)


class SealCheck(models.Model):
    """What a complete check of the sealed ledger found: nothing, if all is well."""

    seal = models.ForeignKey(LedgerSeal, models.PROTECT, related_name="checks")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    transfers = models.PositiveBigIntegerField(help_text="how many were read and hashed anew")
    findings = models.JSONField(help_text="[{code, what, index, transfer_id, seal}], at most 100")
    found = models.PositiveIntegerField(help_text="how many findings there were in all")
