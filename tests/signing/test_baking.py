"""Baking: the picture stays, the credential comes out as it went in, and bad pictures are named."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xueqiao.kernel.signing import baking

SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9"><rect/></svg>'
NO_XML = "\ufffe\uffff"
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters=NO_XML),
    min_size=1,
)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


HEAD = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
PNG = (
    baking.PNG_MAGIC
    + chunk(b"IHDR", HEAD)
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)


@given(TEXTS)
def test_what_is_baked_into_a_png_comes_out(text):
    baked = baking.into_png(PNG, text)
    assert baking.from_png(baked) == text
    assert baking.into_png(baked, text) == baked, "baked once, however often"


@given(TEXTS)
def test_what_is_baked_into_an_svg_comes_out(text):
    assert baking.from_svg(baking.into_svg(SVG, text)) == text


def test_the_chunk_is_the_one_of_the_specification():
    baked = baking.into_png(PNG, '{"a":"学"}')
    body = b'openbadgecredential\0\0\0\0\0{"a":"\xe5\xad\xa6"}'
    assert chunk(b"iTXt", body) + chunk(b"IEND", b"") == baked[-len(body) - 24 :]
    assert "xmlns:openbadges=" in baking.into_svg(SVG, "{}")
    assert baking.into_svg(SVG, "{}").index("<openbadges:credential>") < baking.into_svg(
        SVG, "{}"
    ).index("<rect")


def test_pictures_without_a_credential_have_none():
    assert baking.from_png(PNG) is None
    assert baking.from_svg(SVG) is None


@pytest.mark.parametrize("raw", [b"", b"GIF8", PNG[:20], PNG[:-5], baking.PNG_MAGIC])
def test_what_is_no_png_is_named(raw):
    with pytest.raises(baking.NoPicture):
        baking.from_png(raw)


def test_a_compressed_chunk_is_refused():
    squeezed = b"openbadgecredential\0\1\0\0\0" + zlib.compress(b"{}")
    raw = PNG[:-12] + chunk(b"iTXt", squeezed) + chunk(b"IEND", b"")
    with pytest.raises(baking.NoPicture):
        baking.from_png(raw)


BOMB = '<!DOCTYPE s [<!ENTITY a "aa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>'


@pytest.mark.parametrize("text", ["", "<svg", "<p/>", BOMB])
def test_what_is_no_svg_is_named(text):
    with pytest.raises(baking.NoPicture):
        baking.from_svg(text)


@pytest.mark.parametrize("text", ["no svg", baking.into_svg(SVG, "{}")])
def test_a_drawing_is_baked_once(text):
    with pytest.raises(baking.NoPicture):
        baking.into_svg(text, "{}")
