"""Checkpoints: written, read, refused. One key and one signed text are of Go's note package."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from xueqiao.kernel.signing import keyfiles, multibase, notes, sealers

# Published with golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
ROOT = bytes(range(32))


def multikey_of(verifier_key):
    return multibase.public_multikey(base64.b64decode(verifier_key.split("+")[2])[1:])


def signed(size=7, names=("xueqiao.example/ledger",)):
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([n + 1]) * 32) for n in range(len(names))]
    signers = [(n, sealers.Ed25519Sealer(key)) for n, key in zip(names, keys, strict=True)]
    text = notes.checkpoint(origin="xueqiao.example/ledger", size=size, root=ROOT, signers=signers)
    return text, [keyfiles.multikey(key) for key in keys]


def test_a_signature_of_another_implementation_holds():
    public = multikey_of(PETER)
    assert notes.verifier_key("PeterNeumann", public) == PETER
    packed = base64.b64decode(SIGNED)
    assert notes.key_id("PeterNeumann", public) == packed[:4] == bytes.fromhex("c74f20a3")
    assert sealers.holds(public_multikey=public, message=TEXT.encode(), signature=packed[4:])
    assert not sealers.holds(
        public_multikey=public, message=TEXT[1:].encode(), signature=packed[4:]
    )


def test_a_checkpoint_is_three_lines_and_its_signatures():
    text, (public,) = signed()
    assert text.startswith(
        "xueqiao.example/ledger\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n"
        "— xueqiao.example/ledger "
    )
    found = notes.read(text)
    assert (found.origin, found.size, found.root) == ("xueqiao.example/ledger", 7, ROOT)
    assert found.is_signed_by("xueqiao.example/ledger", public)
    assert not found.is_signed_by("xueqiao.example/other", public)
    assert not notes.read(text.replace("\n7\n", "\n8\n")).is_signed_by(
        "xueqiao.example/ledger", public
    )


def test_one_text_has_signatures_of_several():
    text, (ours, witness) = signed(names=("xueqiao.example/ledger", "witness.example/w"))
    found = notes.read(text)
    assert found.is_signed_by("xueqiao.example/ledger", ours)
    assert found.is_signed_by("witness.example/w", witness)
    assert not found.is_signed_by("witness.example/w", ours)


def test_lines_of_later_versions_are_signed_and_passed_over():
    text = (
        "a.example/l\n3\n"
        + base64.b64encode(ROOT).decode()
        + "\nsomething new\n\n— a.example/l AAAAAAA=\n"
    )
    found = notes.read(text)
    assert (found.size, found.text.endswith("something new\n")) == (3, True)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "one line",
        "a\n7\n\n— a AAAAAAA=\n",
        "a\n07\nROOT\n\n— a AAAAAAA=\n",
        "a\n-7\nROOT\n\n— a AAAAAAA=\n",
        "a\n٧\nROOT\n\n— a AAAAAAA=\n",
        "a\n7\nAAAA\n\n— a AAAAAAA=\n",
        "a\n7\n!\n\n— a AAAAAAA=\n",
        "a\n7\nROOT\n\na AAAAAAA=\n",
        "a\n7\nROOT\n\n— a\n",
        "a\n7\nROOT\n\n— a AAAA\n",
        "a\n7\nROOT\n\n— a AAAAAAA=",
        "a\n7\nROOT\n\x00\n\n— a AAAAAAA=\n",
        "a\n7\nROOT\n\n" + "— a AAAAAAA=\n" * 1000,
    ],
    ids=range(14),
)
def test_what_is_no_checkpoint(broken):
    with pytest.raises(notes.NotACheckpoint):
        notes.read(broken.replace("ROOT", base64.b64encode(ROOT).decode()))


def test_a_key_file_is_made_once_and_read_by_its_owner_only(tmp_path):
    path = tmp_path / "keys" / "one.pem"
    made = sealers.make("ed25519", path)
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"
    again = sealers.load("ed25519", path, made.public_multikey)
    assert again.public_multikey == sealers.make("ed25519", path).public_multikey
    assert list(path.parent.iterdir()) == [path]
    other = keyfiles.multikey(Ed25519PrivateKey.generate())
    with pytest.raises(keyfiles.KeyFileLost):
        sealers.load("ed25519", path, other)
    path.write_text("nothing")
    with pytest.raises(keyfiles.KeyFileLost):
        sealers.make("ed25519", path)
    path.unlink()
    with pytest.raises(keyfiles.KeyFileLost):
        sealers.load("ed25519", path, made.public_multikey)
