from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xueqiao.kernel.signing import bitstring, did, instants, multibase


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        # https://datatracker.ietf.org/doc/html/draft-msporny-base58#section-5
        (b"Hello World!", "z2NEpo7TZRRrLZSi2U"),
        (
            b"The quick brown fox jumps over the lazy dog.",
            "zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
        ),
        (bytes.fromhex("0000287fb4cd"), "z11233QC4"),
    ],
)
def test_base58_vectors(raw, text):
    assert multibase.encode(raw) == text
    assert multibase.decode(text) == raw


@given(st.binary(max_size=80))
def test_base58_gives_back_what_it_got(raw):
    assert multibase.decode(multibase.encode(raw)) == raw


@pytest.mark.parametrize("text", ["", "abc", "z0OIl", "zé"])
def test_what_is_not_base58_is_refused(text):
    with pytest.raises(ValueError, match=r"base58"):
        multibase.decode(text)


def test_a_key_of_another_kind_is_no_multikey():
    with pytest.raises(ValueError, match="Multikey"):
        multibase.public_bytes(multibase.encode(b"\xed\x01" + bytes(31)))
    with pytest.raises(ValueError, match="Multikey"):
        multibase.public_bytes(multibase.encode(b"\x80\x24" + bytes(33)))


@given(st.sets(st.integers(0, bitstring.SHORTEST - 1), max_size=50))
def test_exactly_the_raised_bits_are_read_back(raised):
    bits = bitstring.decode(bitstring.encode(raised))
    assert len(bits) * 8 == bitstring.SHORTEST
    assert all(bitstring.is_raised(bits, index) for index in raised)
    assert sum(byte.bit_count() for byte in bits) == len(raised)


def test_the_first_bit_is_the_leftmost():
    """The specification: the first index is zero, at the left-most bit."""
    assert bitstring.decode(bitstring.encode([0]))[0] == 0b10000000
    assert bitstring.decode(bitstring.encode([9]))[1] == 0b01000000


def test_the_empty_list_of_the_specification_is_read():
    """The encoded list of example 2 of the specification, 131,072 zero bits."""
    text = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
    assert bitstring.decode(text) == bytes(16_384)


@pytest.mark.parametrize("text", ["", "H4sI", "u", "u!!!", "uAAAA", bitstring.encode([], 8)])
def test_a_damaged_list_is_refused(text):
    with pytest.raises(ValueError, match=r"multibase|bitstring|bits"):
        bitstring.decode(text)


def test_a_list_that_unpacks_without_end_is_refused():
    with pytest.raises(ValueError, match="bits"):
        bitstring.decode(bitstring.encode([], 80_000_000))


def test_a_bit_outside_the_list_is_refused():
    bits = bytes(2)
    for index in (-1, 16):
        with pytest.raises(ValueError, match="index"):
            bitstring.is_raised(bits, index)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("did:web:w3c-ccg.github.io", "https://w3c-ccg.github.io/.well-known/did.json"),
        ("did:web:w3c-ccg.github.io:user:alice", "https://w3c-ccg.github.io/user/alice/did.json"),
        ("did:web:example.com%3A3000:user:alice", "https://example.com:3000/user/alice/did.json"),
        ("did:web:127.0.0.1%3A8000:did:JS-1", "http://127.0.0.1:8000/did/JS-1/did.json"),
    ],
)
def test_did_web_names_an_address(name, address):
    assert did.url(name) == address


@pytest.mark.parametrize("name", ["", "did:web", "did:web:", "did:key:z6Mk", "did:web:a::b"])
def test_what_is_not_a_did_web_is_refused(name):
    with pytest.raises(ValueError, match="did:web"):
        did.url(name)


def test_a_site_below_a_folder_has_its_folder_in_the_name():
    assert (
        did.of("https://xuefen.example/bank/", "did", "A-1")
        == "did:web:xuefen.example:bank:did:A-1"
    )


def test_a_key_counts_only_when_the_document_lets_it_assert():
    document = did.document("did:web:a", {"did:web:a#key-1": "z1", "did:web:a#key-2": "z2"})
    assert did.multikey(document, "did:web:a#key-2") == "z2"
    assert (
        did.multikey({**document, "assertionMethod": ["did:web:a#key-1"]}, "did:web:a#key-2")
        is None
    )
    assert did.multikey(document, "did:web:b#key-1") is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T08:05:09Z", datetime(2026, 3, 2, 8, 5, 9, tzinfo=UTC)),
        ("2026-03-02T16:05:09+08:00", datetime(2026, 3, 2, 8, 5, 9, tzinfo=UTC)),
        ("2026-03-02T08:05:09", None),
        ("2026-03-02", None),
        ("2026-13-02T08:05:09Z", None),
        (20260302, None),
    ],
)
def test_only_instants_with_their_zone_are_read(text, instant):
    assert instants.read(text) == instant
