"""Sealing: which transfers, in which order, under which root, signed by whom."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from tests.creditbank.seals.ledgers import NOW, post, sealed
from tests.kernel.test_merkle import mth, path, subproof
from xueqiao.creditbank import guards, hashed, rules, seals
from xueqiao.creditbank.models import BankKey, LedgerSeal, SealTile, Transfer
from xueqiao.creditbank.seals import addresses, keys, sealing, tiles
from xueqiao.kernel.signing import notes

# A transaction's own rows lie at the horizon, so what is to be sealed has to be committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path):
    settings.HOME = tmp_path


def leaves():
    """The data of all leaves, from the rows themselves."""
    return [bytes.fromhex(hashed.of(each)) for each in Transfer.objects.order_by("xid", "pk")]


def test_a_seal_is_the_root_of_the_definition_signed_by_the_bank():
    post(7)
    made = sealed(now=NOW)
    assert (made.number, made.size, made.previous) == (1, 7, None)
    assert made.root == mth(leaves()).hex()
    found, key = notes.read(made.checkpoint), BankKey.objects.get()
    assert (found.origin, found.size, found.root.hex()) == (addresses.origin(), 7, made.root)
    assert found.is_signed_by(addresses.origin(), key.public_multikey)
    assert key.method in keys.did_document()["assertionMethod"]
    assert seals.seal(now=NOW) is None
    assert LedgerSeal.objects.count() == 1


def test_seals_of_any_sizes_give_the_tree_of_the_definition():
    """Tiles are begun, filled and passed on to the level above at 256 and at 512."""
    sizes = [1, 255, 256, 257, 511, 512, 700]
    before = 0
    for number, size in enumerate(sizes, start=1):
        post(size - before, first=before)
        made = sealed(now=NOW + timedelta(minutes=number))
        assert (made.number, made.size) == (number, size)
        before = size
    data, tree = leaves(), tiles.Tree()
    for seal in LedgerSeal.objects.order_by("number"):
        assert seal.root == mth(data[: seal.size]).hex()
    assert [(t.level, t.index, len(t.hashes) // 32) for t in SealTile.objects.order_by("pk")] == [
        (0, 0, 256), (1, 0, 2), (0, 1, 256), (0, 2, 188),
    ]  # fmt: skip
    for index in (0, 254, 255, 256, 511, 512, 699):
        assert tree.inclusion(index, 700) == path(index, data)
    for old in sizes[:-1]:
        assert tree.consistency(old, 700) == subproof(old, data, True)
    ids = list(Transfer.objects.order_by("xid", "pk").values_list("pk", flat=True))
    assert tiles.places_of(ids) == {each: place for place, each in enumerate(ids)}
    assert tiles.places_of([max(ids) + 1]) == {}


def test_a_backlog_is_sealed_in_parts(monkeypatch):
    monkeypatch.setattr(sealing, "AT_ONCE", 10)
    post(25)
    told = []
    assert sealing.waiting() == 25
    done = seals.catch_up(now=NOW, limit=100, report=lambda n, total: told.append((n, total)))
    assert (done, told, sealing.waiting()) == (25, [(10, 25), (20, 25), (25, 25)], 0)
    assert list(LedgerSeal.objects.order_by("number").values_list("size")) == [(10,), (20,), (25,)]
    assert seals.catch_up(now=NOW, limit=100) == 0


def test_what_is_sealed_are_the_facts_and_not_the_hash_beside_them():
    ids = post(3)
    guards.remove(connection)
    Transfer.objects.filter(pk=ids[1]).update(leaf_hash="0" * 64)
    guards.install(connection)
    assert sealed(now=NOW).root == mth(leaves()).hex()


def test_the_leaf_is_the_hash_of_the_canonical_form():
    post(1)
    row = Transfer.objects.get()
    assert bytes.fromhex(row.leaf_hash) == leaves()[0]
    facts = {name: getattr(row, name) for name in hashed.COLUMNS}
    assert row.leaf_hash == rules.canonical_hash(hashed.facts(facts))


def test_a_lost_key_stops_sealing_and_nothing_is_lost():
    post(3)
    sealed(now=NOW)
    post(2, first=3)
    path = keys.folder() / BankKey.objects.get().file_name
    kept = path.rename(path.with_suffix(".away"))
    with pytest.raises(keys.KeyLost):
        seals.seal(now=NOW)
    assert (LedgerSeal.objects.count(), sealing.waiting()) == (1, 2)
    kept.rename(path)
    assert sealed(now=NOW).size == 5


def test_a_bank_that_moves_gets_new_keys_and_keeps_the_old(settings):
    post(1)
    first = sealed(now=NOW)
    settings.PUBLIC_URL = "https://bank.example/xueqiao"
    post(1, first=1)
    second = sealed(now=NOW + timedelta(hours=1))
    assert notes.read(second.checkpoint).origin == "bank.example/xueqiao/ledger"
    old, new = BankKey.objects.order_by("pk")
    assert (old.ended, old.valid_to, new.valid_to) == ("routine", NOW + timedelta(hours=1), None)
    assert notes.read(first.checkpoint).is_signed_by(old.name, old.public_multikey)
    assert notes.read(second.checkpoint).is_signed_by(new.name, new.public_multikey)


def test_both_seals_side_by_side(settings):
    settings.SM2_SEAL = True
    post(2)
    found = notes.read(sealed(now=NOW).checkpoint)
    names = {key.algorithm: key for key in BankKey.objects.all()}
    assert set(names) == {"ed25519", "sm2"}
    assert all(found.is_signed_by(key.name, key.public_multikey) for key in names.values())
    assert len(keys.did_document()["assertionMethod"]) == 2


@pytest.mark.postgres
def test_a_slow_writer_is_sealed_later_and_not_passed_over():
    post(1)
    wrote, may_end = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            post(1, first=1)
            wrote.set()
            may_end.wait(10)
        connections.close_all()

    writer = threading.Thread(target=slow)
    writer.start()
    wrote.wait(10)
    try:
        assert seals.seal(now=NOW).size == 1
    finally:
        may_end.set()
        writer.join()
    assert seals.seal(now=NOW).size == 2
    assert sorted(tiles.places_of(post(0)).values()) == [0, 1]


@pytest.mark.postgres
def test_two_processes_that_seal_at_once_make_one_chain():
    post(40)
    start = threading.Barrier(4)

    def run():
        start.wait()
        seals.seal(now=NOW, at_most=10)
        connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert list(LedgerSeal.objects.order_by("number").values_list("size", flat=True)) == [
        10, 20, 30, 40,
    ]  # fmt: skip
    # The four began without a key; one of them made it.
    assert BankKey.objects.count() == 1
    assert seals.check(now=NOW).found == 0
