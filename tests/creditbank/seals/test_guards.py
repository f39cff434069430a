"""What the database refuses about seals, whoever asks."""

import pytest
from django.db import DatabaseError, transaction

from tests.creditbank.factories import AT
from xueqiao.creditbank.models import BankKey, LedgerSeal, SealTile

pytestmark = pytest.mark.django_db


def refused(act):
    with pytest.raises(DatabaseError), transaction.atomic():
        act()


def test_a_tile_grows_and_keeps_what_is_in_it():
    tile = SealTile.objects.create(level=0, index=0, hashes=b"a" * 32, transfer_ids=b"1" * 8)
    rows = SealTile.objects.filter(pk=tile.pk)
    assert rows.update(hashes=b"a" * 32 + b"b" * 32, transfer_ids=b"1" * 8 + b"2" * 8) == 1
    refused(lambda: rows.update(hashes=b"a" * 32))
    refused(lambda: rows.update(hashes=b"c" * 64))
    refused(lambda: rows.update(transfer_ids=b"3" * 16))
    refused(lambda: rows.update(index=1))
    refused(lambda: rows.update(level=1))
    refused(rows.delete)
    tile.refresh_from_db()
    assert (bytes(tile.hashes), bytes(tile.transfer_ids)) == (
        b"a" * 32 + b"b" * 32,
        b"1" * 8 + b"2" * 8,
    )


def seal(number, size, previous=None):
    return LedgerSeal.objects.create(
        number=number, size=size, root="0" * 64, previous=previous, checkpoint="x", sealed_at=AT
    )


def test_seals_are_one_chain_that_never_changes():
    first = seal(1, 10)
    second = seal(2, 20, first)
    refused(lambda: seal(3, 20, second))
    refused(lambda: seal(3, 30))
    refused(lambda: seal(3, 30, first))
    refused(lambda: seal(1, 30))
    refused(lambda: seal(3, 0, second))
    refused(lambda: LedgerSeal.objects.filter(pk=first.pk).update(root="1" * 64))
    refused(lambda: LedgerSeal.objects.filter(pk=second.pk).delete())
    assert list(LedgerSeal.objects.order_by("number").values_list("size")) == [(10,), (20,)]


def test_one_key_of_an_algorithm_signs_and_its_public_half_stays():
    values = {"name": "n", "did": "did:web:x", "file_name": "f", "valid_from": AT}
    first = BankKey.objects.create(
        algorithm="ed25519", method="did:web:x#1", public_multikey="z1", **values
    )
    refused(
        lambda: BankKey.objects.create(
            algorithm="ed25519", method="did:web:x#2", public_multikey="z2", **values
        )
    )
    rows = BankKey.objects.filter(pk=first.pk)
    refused(lambda: rows.update(public_multikey="z3"))
    refused(rows.delete)
    refused(lambda: rows.update(valid_to=AT))
    assert rows.update(valid_to=AT, ended="lost") == 1
