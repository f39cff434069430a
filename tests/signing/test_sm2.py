"""SM2 by the example of GB/T 32918.5-2017, appendix A (recommended curve, "message digest")."""

import pytest

from xueqiao.kernel.signing import keyfiles, multibase, notes, sealers, sm2

SECRET = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
X = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
Y = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
R = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
S = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
PUBLIC = multibase.encode(b"\x86\x24\x03" + bytes.fromhex(X))


def holds(message, signature, public=PUBLIC):
    return sealers.holds(public_multikey=public, message=message, signature=signature)


def test_the_signature_of_the_standard_holds():
    assert sm2.Sm2Sealer(SECRET).public_multikey == PUBLIC
    assert sm2._uncompressed(bytes.fromhex("03" + X)) == X + Y
    assert holds(b"message digest", bytes.fromhex(R + S))
    assert not holds(b"message digesT", bytes.fromhex(R + S))
    assert not holds(b"message digest", bytes.fromhex(S + R))
    assert not holds(b"message digest", bytes.fromhex(R))
    assert not holds(b"message digest", bytes(64))


@pytest.mark.parametrize("secret", [1, SECRET, sm2.ORDER - 2, 0x4D62], ids=range(4))
def test_what_is_signed_here_holds_and_no_two_signatures_are_alike(secret):
    sealer = sm2.Sm2Sealer(secret)
    one, two = sealer.sign(b"root"), sealer.sign(b"root")
    assert one != two
    assert holds(b"root", one, sealer.public_multikey)
    assert holds(b"root", two, sealer.public_multikey)
    assert not holds(b"roof", one, sealer.public_multikey)


def test_a_key_whose_first_digits_are_0_and_4():
    """The package takes them for the mark of an uncompressed point; ours is read as it is."""
    assert sm2._engine("").public_of(11).startswith("04")
    sealer = sm2.Sm2Sealer(11)
    assert holds(b"root", sealer.sign(b"root"), sealer.public_multikey)


def test_the_key_lies_in_a_file(tmp_path):
    made = sealers.make("sm2", tmp_path / "sm2.key")
    assert made.public_multikey == sealers.make("sm2", tmp_path / "sm2.key").public_multikey
    assert sealers.load("sm2", tmp_path / "sm2.key", made.public_multikey).algorithm == "sm2"
    with pytest.raises(keyfiles.KeyFileLost):
        sealers.load("sm2", tmp_path / "sm2.key", PUBLIC)
    (tmp_path / "sm2.key").write_text("0")
    with pytest.raises(keyfiles.KeyFileLost):
        sealers.make("sm2", tmp_path / "sm2.key")


def test_a_checkpoint_has_both_signatures_side_by_side(tmp_path):
    signers = [("b.example/l", sealers.make(each, tmp_path / each)) for each in ("ed25519", "sm2")]
    text = notes.checkpoint(origin="b.example/l", size=1, root=bytes(32), signers=signers)
    found = notes.read(text)
    assert [len(each.value) for each in found.signatures] == [64, 64]
    assert [found.is_signed_by(name, key.public_multikey) for name, key in signers] == [True, True]


def test_a_point_that_is_not_on_the_curve_is_no_key():
    off = [n for n in range(2, 12) if sm2._uncompressed(bytes([2]) + n.to_bytes(32)) is None]
    assert off
    public = multibase.encode(b"\x86\x24\x02" + off[0].to_bytes(32))
    assert not holds(b"root", bytes.fromhex(R + S), public)
