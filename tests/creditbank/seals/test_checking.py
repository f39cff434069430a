"""Whatever is changed in the sealed ledger is found, and it is said where."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connection

from tests.creditbank.seals.ledgers import NOW, post, sealed
from xueqiao.creditbank import guards, hashed, seals
from xueqiao.creditbank.models import BankKey, LedgerSeal, SealCheck, SealReader, SealTile, Transfer
from xueqiao.creditbank.seals import keys, leaves, sealing, tiles
from xueqiao.kernel import bulk
from xueqiao.kernel.signing import notes, sealers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path):
    settings.HOME = tmp_path


def found():
    """What a check finds: code, and the places that it names."""
    return [
        (each["code"], each["transfer_id"], each["index"], each["seal"], each["tile"])
        for each in seals.check(now=NOW).findings
    ]


class Unguarded:
    """Somebody who may switch triggers off, as the owner of the database may."""

    def __enter__(self):
        with connection.cursor() as run:
            if connection.vendor == "postgresql":
                run.execute("set session_replication_role = replica")
            else:
                guards.remove(connection)
                run.execute("pragma foreign_keys = off")

    def __exit__(self, *_why):
        with connection.cursor() as run:
            if connection.vendor == "postgresql":
                run.execute("set session_replication_role = origin")
            else:
                run.execute("pragma foreign_keys = on")
                guards.install(connection)


def change(row, **values):
    """Change a row behind the triggers' back; gives what puts it right again."""
    rows = type(row).objects.filter(pk=row.pk)
    before = rows.values(*values).get()
    with Unguarded():
        assert rows.update(**values) == 1
    return lambda: change(row, **before)


def flipped(raw, byte, bit=3):
    changed = bytearray(raw)
    changed[byte] ^= 1 << bit
    return bytes(changed)


def with_new_hash(row, **values):
    """Values with the leaf hash that belongs to them, as somebody who knows the ledger writes."""
    for name, value in values.items():
        setattr(row, name, value)
    return {**values, "leaf_hash": hashed.of(row)}


def test_one_flipped_bit_is_found_and_located():
    """600 transfers under three seals, in two full tiles and one that is begun."""
    ids = post(200)
    sealed(now=NOW)
    ids = post(300, first=200)
    sealed(now=NOW)
    ids = post(100, first=500)
    sealed(now=NOW)
    assert found() == []
    for place, seal in ((0, 1), (199, 1), (200, 2), (255, 2), (300, 2), (511, 3), (599, 3)):
        row = Transfer.objects.get(pk=ids[place])
        undo = change(row, **with_new_hash(row, amount_hundredths=row.amount_hundredths ^ 2))
        assert found() == [("transfer_changed", ids[place], place, seal, "")]
        undo()
    for level, index, entry in ((0, 0, 7), (0, 1, 255), (0, 2, 3), (1, 0, 1)):
        tile = SealTile.objects.get(level=level, index=index)
        undo = change(tile, hashes=flipped(tile.hashes, entry * 32 + 31))
        assert found() == [("tile_changed", None, entry, None, f"{level}/{index}")]
        undo()
    second = LedgerSeal.objects.get(number=2)
    for value in (
        {"root": flipped(bytes.fromhex(second.root), 0).hex()},
        {"size": 499},
        {"checkpoint": second.checkpoint.replace("\n500\n", "\n501\n")},
        {"checkpoint": second.checkpoint[:-8] + "AAAAAA=\n"},
        {"checkpoint": ""},
    ):
        undo = change(second, **value)
        assert found() == [("seal_changed", None, None, 2, "")]
        undo()
    tile = SealTile.objects.get(level=0, index=1)
    undo = change(tile, transfer_ids=flipped(tile.transfer_ids, 5 * 8 + 5, 0))
    assert found() == [
        ("transfer_missing", ids[261] ^ 1 << 40, 261, 2, ""),
        ("transfer_skipped", ids[261], None, None, ""),
    ]
    undo()
    row = Transfer.objects.get(pk=ids[42])
    undo = change(row, leaf_hash="0" * 64)
    assert found() == [("hash_differs", ids[42], None, None, "")]
    undo()
    assert found() == []


def test_every_fact_of_a_transfer_is_sealed():
    ids = post(2)
    sealed(now=NOW)
    row = Transfer.objects.get(pk=ids[1])
    other = {
        "key": "another", "code": "other", "request_hash": "0" * 64, "group_id": row.group_id + 7,
        "amount_hundredths": 3, "event_at": NOW, "posted_at": NOW, "debit_id": row.debit_id + 7,
    }  # fmt: skip
    for column, value in other.items():
        undo = change(row, **{column: value})
        # Its own hash is now not of its facts, which is told beside it.
        assert found() == [
            ("hash_differs", ids[1], None, None, ""),
            ("transfer_changed", ids[1], 1, 1, ""),
        ], column
        undo()
    assert found() == []


def test_rows_that_are_gone_and_rows_that_were_slipped_in():
    ids = post(5)
    sealed(now=NOW)
    row = Transfer.objects.get(pk=ids[2])
    with Unguarded():
        bulk.remove(Transfer.objects.filter(pk=ids[2]))
    assert found() == [("transfer_missing", ids[2], 2, 1, "")]
    with Unguarded():
        row.save(force_insert=True)
    assert found() == []
    SealReader.objects.update(xid=10**15)
    slipped = post(1, first=5)[-1]
    assert found() == [("transfer_skipped", slipped, None, None, "")]
    # What was passed over because transaction numbers began anew is sealed after all.
    assert sealing.rescan(now=NOW) == 1
    assert found() == []
    assert sealing.rescan(now=NOW) == 0


def test_a_row_and_its_tile_changed_together_do_not_fit_the_signed_root():
    ids = post(3)
    sealed(now=NOW)
    post(3, first=3)
    sealed(now=NOW)
    row = Transfer.objects.get(pk=ids[1])
    change(row, **with_new_hash(row, amount_hundredths=99))
    tile = SealTile.objects.get()
    facts = leaves.leaf({**hashed.facts({n: getattr(row, n) for n in hashed.COLUMNS})})
    hashes = tiles.split(tile.hashes)
    change(tile, hashes=b"".join([hashes[0], facts, *hashes[2:]]))
    assert found() == [("history_rewritten", None, 0, 1, "")]


def test_a_seal_signed_by_a_stranger_or_gone():
    post(3)
    sealed(now=NOW)
    post(3, first=3)
    made = sealed(now=NOW)
    stranger = sealers.Ed25519Sealer(Ed25519PrivateKey.generate())
    forged = notes.checkpoint(
        origin=BankKey.objects.get().name,
        size=6,
        root=hashlib.sha256(b"another ledger").digest(),
        signers=[(BankKey.objects.get().name, stranger)],
    )
    root = hashlib.sha256(b"another ledger").hexdigest()
    undo = change(made, checkpoint=forged, root=root)
    assert found() == [("seal_changed", None, None, 2, "")]
    undo()
    post(3, first=6)
    sealed(now=NOW)
    with Unguarded():
        bulk.remove(LedgerSeal.objects.filter(number=2))
    assert found() == [("seal_missing", None, None, 2, "")]
    with Unguarded():
        made.save(force_insert=True)
    assert found() == []


def test_tiles_that_are_gone():
    post(600)
    sealed(now=NOW)
    for level, index in ((0, 1), (1, 0)):
        tile = SealTile.objects.get(level=level, index=index)
        with Unguarded():
            bulk.remove(SealTile.objects.filter(pk=tile.pk))
        assert ("tile_missing", None, None, None, f"{level}/{index}") in found()
        with Unguarded():
            tile.save(force_insert=True)
    assert found() == []


def test_the_check_is_kept_and_the_command_names_what_it_found(capsys):
    assert seals.check(now=NOW) is None
    call_command("check_seals")
    ids = post(3)
    call_command("seal_ledger")
    call_command("check_seals")
    kept = SealCheck.objects.get()
    assert (kept.transfers, kept.found, kept.findings) == (3, 0, [])
    row = Transfer.objects.get(pk=ids[0])
    undo = change(row, **with_new_hash(row, amount_hundredths=5))
    with pytest.raises(CommandError):
        call_command("check_seals")
    assert f"{ids[0]}" in capsys.readouterr().err
    with pytest.raises(seals.LedgerBroken):
        seals.refuse_findings(now=NOW)
    assert list(SealCheck.objects.order_by("pk").values_list("found", flat=True)) == [0, 1, 1]
    undo()
    assert keys.folder().exists()
