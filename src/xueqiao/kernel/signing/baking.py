"""Credentials in pictures: put into a PNG or SVG, and taken out again.

The picture stays the picture that it was; what is added is a text chunk or an element that readers
of Open Badges look for.

Source: Open Badges 3.0, "Baked Badge"; PNG: https://www.w3.org/TR/png-3/#11iTXt
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException, ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"openbadgecredential"
NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
SVG_TAG = re.compile(r"<svg\b[^>]*?(?=/?>)")


class NoPicture(ValueError):  # noqa: N818 - the reason, not an error of the program
    """The bytes are no PNG or SVG that can be read."""


def into_png(picture: bytes, credential: str) -> bytes:
    """The picture with the credential in it; one that was there is replaced.

    Args:
        credential: the JSON text, as it was signed.

    Raises:
        NoPicture: not a PNG.
    """
    head = KEYWORD + b"\0" + b"\0\0" + b"\0" + b"\0"
    fresh = _chunk(b"iTXt", head + credential.encode())
    parts = [PNG_MAGIC]
    for kind, body in _chunks(picture):
        if kind == b"iTXt" and body.split(b"\0", 1)[0] == KEYWORD:
            continue
        if kind == b"IEND":
            parts.append(fresh)
        parts.append(_chunk(kind, body))
    return b"".join(parts)


def from_png(picture: bytes) -> str | None:
    """The credential in a PNG; None when there is none.

    Raises:
        NoPicture: not a PNG, or one that is cut off.
    """
    for kind, body in _chunks(picture):
        if kind != b"iTXt" or not body.startswith(KEYWORD + b"\0"):
            continue
        flags, rest = body[len(KEYWORD) + 1 :][:2], body[len(KEYWORD) + 3 :]
        pieces = rest.split(b"\0", 2)
        # The specification forbids compression here, which also keeps bombs out.
        if flags != b"\0\0" or len(pieces) != 3:  # noqa: PLR2004 - language, keyword, text
            raise NoPicture("the text chunk is not one of Open Badges")
        return pieces[2].decode("utf-8", "replace")
    return None


def into_svg(picture: str, credential: str) -> str:
    """The drawing with the credential as the first element in it.

    Raises:
        NoPicture: there is no ``svg`` element, or a credential is in it already.
    """
    found = SVG_TAG.search(picture)
    if found is None or NAMESPACE in picture:
        raise NoPicture("no svg element, or a credential already")
    # What ends CDATA inside the text is cut in two sections.
    safe = credential.replace("]]>", "]]]]><![CDATA[>")
    element = f"<openbadges:credential><![CDATA[{safe}]]></openbadges:credential>"
    tag_end = picture.index(">", found.end()) + 1
    opened = f'{found[0]} xmlns:openbadges="{NAMESPACE}"{picture[found.end() : tag_end]}'
    return picture[: found.start()] + opened + element + picture[tag_end:]


def from_svg(picture: str) -> str | None:
    """The credential in an SVG; None when there is none.

    Raises:
        NoPicture: not XML that can be read, or not an SVG.
    """
    try:
        root = ElementTree.fromstring(picture)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as why:
        raise NoPicture(str(why)) from why
    if root.tag.rpartition("}")[2] != "svg":
        raise NoPicture("not an svg")
    found = root.find(f".//{{{NAMESPACE}}}credential")
    return found.text if found is not None and found.text else None


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not picture.startswith(PNG_MAGIC):
        raise NoPicture("not a PNG")
    place = len(PNG_MAGIC)
    while place < len(picture):
        head = picture[place : place + 8]
        if len(head) < 8:  # noqa: PLR2004 - length and kind
            raise NoPicture("cut off")
        length, kind = struct.unpack(">I4s", head)
        body = picture[place + 8 : place + 8 + length]
        if len(body) < length:
            raise NoPicture("cut off")
        yield kind, body
        place += 12 + length
        if kind == b"IEND":
            return
    raise NoPicture("cut off")
