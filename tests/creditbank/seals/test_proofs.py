"""Proofs to take away, checked by a bare Python and by the site."""

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.creditbank import certified
from tests.creditbank.seals.ledgers import NOW, post, sealed
from xueqiao.creditbank import hashed, seals
from xueqiao.creditbank.models import BankKey, KeyEnd, LedgerSeal, Transfer
from xueqiao.creditbank.seals import check_ledger_proof, documents, keys, proofs
from xueqiao.kernel.signing import notes, sealers

SCRIPT = Path(check_ledger_proof.__file__)


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path):
    settings.HOME = tmp_path


def run(tmp_path, document, *given_keys):
    """The script, copied away and run by a Python that sees nothing of this project."""
    shutil.copy(SCRIPT, tmp_path / "alone.py")
    (tmp_path / "proof.json").write_text(
        document if isinstance(document, str) else json.dumps(document), encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "alone.py", "proof.json", *given_keys],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def sealed_ledger():
    ids = post(300)
    sealed(now=NOW)
    ids = post(400, first=300)
    sealed(now=NOW + timedelta(minutes=1))
    return ids


def key():
    return keys.verifier_key(BankKey.objects.get(valid_to=None))


def outcomes(document):
    text = document if isinstance(document, str) else json.dumps(document)
    return [each.outcome.value for each in documents.check(text=text).checks]


@pytest.mark.django_db(transaction=True)
def test_a_stranger_checks_a_proof_with_a_bare_python(tmp_path):
    ids = sealed_ledger()
    made = proofs.of_transfers(transfer_ids=[ids[0], ids[299], ids[-1]])
    assert (made["keys"], [each["index"] for each in made["transfers"]]) == ([key()], [0, 299, 699])
    row = Transfer.objects.get(pk=ids[299])
    assert made["transfers"][1]["transfer"] == hashed.facts(
        {name: getattr(row, name) for name in hashed.COLUMNS}
    )
    status, said = run(tmp_path, made, key())
    assert (status, said.count("ok ")) == (0, 4)
    assert outcomes(made) == ["passed"] * 5

    growth = proofs.of_growth(old=300, new=700)
    status, said = run(tmp_path, growth, key())
    assert (status, said.count("ok ")) == (0, 2)
    assert outcomes(growth) == ["passed"] * 5
    assert run(tmp_path, proofs.of_growth(old=300, new=300), key())[0] == 0

    # Without the key from the site nothing is called good; with another's key neither.
    assert run(tmp_path, made)[0] == 1
    stranger = sealers.Ed25519Sealer(Ed25519PrivateKey.generate())
    other = notes.verifier_key(BankKey.objects.get().name, stranger.public_multikey)
    assert run(tmp_path, made, other)[0] == 1
    # A later key may have signed one, an earlier one the other.
    assert run(tmp_path, made, other, key())[0] == 0

    for broken in _broken(made):
        assert run(tmp_path, broken, key())[0] == 1, broken
        assert "failed" in outcomes(broken), broken
    for broken in ("", "[]", "{}", "null", '{"checkpoint": 1}', "\u4e0d"):
        assert run(tmp_path, broken, key())[0] == 1
        assert outcomes(broken) == ["failed"] + ["not made"] * 4

    with pytest.raises(proofs.NoSuchSize):
        proofs.of_growth(old=299, new=700)
    with pytest.raises(proofs.NoSuchSize):
        proofs.of_growth(old=700, new=300)
    with pytest.raises(proofs.NoSuchSize):
        proofs.inclusion(index=700, size=700)
    assert proofs.inclusion(index=299, size=700) == made["transfers"][1]["path"]


def _broken(made):
    """The proof with one thing changed at a time."""
    first, rest = made["transfers"][0], made["transfers"][1:]
    for name, value in (
        ("amount_hundredths", 2), ("credit_id", 999), ("event_at", "2020"), ("key", "t:1/1"),
        ("more", 1),
    ):  # fmt: skip
        yield {
            **made,
            "transfers": [{**first, "transfer": {**first["transfer"], name: value}}, *rest],
        }
    yield {**made, "transfers": [{**first, "index": 1}, *rest]}
    yield {**made, "transfers": [{**first, "path": first["path"][:-1]}, *rest]}
    yield {**made, "transfers": [{**first, "path": [*first["path"], first["path"][0]]}, *rest]}
    yield {**made, "checkpoint": made["checkpoint"].replace("\n700\n", "\n701\n")}
    yield {**made, "checkpoint": LedgerSeal.objects.get(number=1).checkpoint}


@pytest.mark.django_db(transaction=True)
def test_the_site_knows_more_than_the_proof(tmp_path):
    """A root that the bank's key signed and never published; a key replaced; a key stolen."""
    ids = post(5)
    sealed(now=NOW)
    made = proofs.of_transfers(transfer_ids=ids)
    bank = BankKey.objects.get()
    other = notes.checkpoint(
        origin=bank.name, size=5, root=bytes(32), signers=[(bank.name, keys.signer(bank))]
    )
    assert outcomes({**made, "transfers": [], "checkpoint": other}) == [
        "passed", "passed", "failed", "not made", "not made",
    ]  # fmt: skip
    keys.rotate(algorithm="ed25519", because=KeyEnd.ROUTINE, at=NOW)
    assert outcomes(made) == ["passed", "noted", "passed", "passed", "passed"]
    assert proofs.of_transfers(transfer_ids=ids)["keys"] == [keys.verifier_key(bank)]
    fresh = BankKey.objects.get(valid_to=None)
    keys.rotate(algorithm="ed25519", because=KeyEnd.STOLEN, at=NOW)
    post(1, first=5)
    sealed(now=NOW)
    assert outcomes(proofs.of_transfers(transfer_ids=ids)) == ["passed"] * 5
    stolen = notes.checkpoint(
        origin=bank.name, size=5, root=bytes(32), signers=[(bank.name, keys.signer(fresh))]
    )
    assert outcomes({**made, "checkpoint": stolen})[1] == "failed"
    published = keys.did_document()
    assert fresh.method not in published["assertionMethod"]
    assert [each["id"] for each in published["verificationMethod"]] == list(
        BankKey.objects.order_by("pk").values_list("method", flat=True)
    )


@pytest.mark.django_db(transaction=True)
def test_the_proof_of_a_lot_holds_every_movement_of_it(tmp_path):
    lot, *_rest = certified.lots(2)
    with pytest.raises(proofs.NotSealedYet):
        seals.of_lot(lot_id=lot.pk)
    sealed(now=NOW)
    made = seals.of_lot(lot_id=lot.pk)
    assert made["lot"] == {"account": lot.account_id, "code": lot.account.code}
    assert made["waiting"] == 0
    assert [each["transfer"]["credit_id"] for each in made["transfers"]] == [lot.account_id]
    assert run(tmp_path, made, key())[0] == 0


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
def test_ed25519_of_the_script_agrees_with_the_library(secret, message, bit):
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert check_ledger_proof.is_signed(public, message, signature)
    assert not check_ledger_proof.is_signed(public, message + b"x", signature)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        assert not check_ledger_proof.is_signed(public, message, bytes(changed))
    except ValueError as why:
        assert "no point" in str(why)  # noqa: PT017 - a changed first half may be no point at all


def test_ed25519_of_the_script_by_the_vectors_of_rfc_8032():
    """Section 7.1, test 2 and test 3."""
    for public, message, signature in (
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
             "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
        ),
    ):  # fmt: skip
        raw = [bytes.fromhex(each) for each in (public, message, signature)]
        assert check_ledger_proof.is_signed(*raw)
        # s + the order is the same number, and would make two signatures of one.
        s = int.from_bytes(raw[2][32:], "little") + check_ledger_proof.ORDER
        assert not check_ledger_proof.is_signed(*raw[:2], raw[2][:32] + s.to_bytes(32, "little"))


def test_the_script_needs_nothing_but_the_standard_library():
    text = SCRIPT.read_text(encoding="utf-8")
    imported = {
        line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))
    }
    assert imported == {"base64", "hashlib", "json", "sys"}
