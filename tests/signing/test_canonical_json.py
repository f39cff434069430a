"""RFC 8785 by the RFC's own values: section 3.2 and appendix B; and what of it our hashes use."""

import hashlib
import json
import struct

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from xueqiao.creditbank import rules

# IEEE 754 in hex, and how it is written: appendix B.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "written"), NUMBERS.items())
def test_numbers_of_appendix_b(bits, written):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert rfc8785.dumps(number) == written.encode()


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000"])
def test_what_is_no_number_is_refused(bits):
    with pytest.raises(rfc8785.FloatDomainError):
        rfc8785.dumps(struct.unpack(">d", bytes.fromhex(bits))[0])


def test_the_example_of_section_3_2():
    given_text = r"""
        {"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
         "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
         "literals": [null, true, false]}"""
    written = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert rfc8785.dumps(json.loads(given_text)) == written.encode()


def test_names_are_sorted_by_utf_16_units():
    values = json.loads(
        r"""{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet",
             "1": "One", "\ud83d\ude00": "Emoji", "\u0080": "Control", "\u00f6": "Diaeresis"}"""
    )
    assert list(json.loads(rfc8785.dumps(values)).values()) == [
        "Carriage Return", "One", "Control", "Diaeresis", "Euro Sign", "Emoji",
        "Hebrew Letter Dalet",
    ]  # fmt: skip


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
FACTS = st.recursive(
    st.none() | WHOLE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(FACTS)
def test_our_hash_is_that_of_the_canonical_form(facts):
    """Whole numbers, text, lists and null under names of ASCII: all that is ever hashed here."""
    canonical = rfc8785.dumps(facts)
    assert rules.canonical_hash(facts) == hashlib.sha256(canonical).hexdigest()
    # And so does the stand-alone script write it, with the standard library alone.
    written = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert written.encode() == canonical
