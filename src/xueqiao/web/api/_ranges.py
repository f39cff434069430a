"""A part of a file, as players of films ask for it (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from django.http import StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_PIECE = 1 << 16


class Part(NamedTuple):
    """Bytes ``first`` to ``last``, both included, of ``size``."""

    first: int
    last: int
    size: int


def read(header: str, size: int) -> Part | None:
    """The part that a header asks for; None means the whole file.

    >>> read("bytes=0-1", 10), read("bytes=-2", 10), read("bytes=20-", 10)
    (Part(first=0, last=1, size=10), Part(first=8, last=9, size=10), None)
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    start, end = found.groups()
    if not start:
        first, last = max(0, size - int(end)), size - 1
    else:
        first, last = int(start), min(int(end) if end else size - 1, size - 1)
    return Part(first, last, size) if first <= last < size else None


def answer(path: Path, part: Part, media_type: str) -> StreamingHttpResponse:
    """The answer 206 with these bytes of a file."""
    response = StreamingHttpResponse(_bytes(path, part), status=206, content_type=media_type)
    response.headers["Content-Range"] = f"bytes {part.first}-{part.last}/{part.size}"
    response.headers["Content-Length"] = str(part.last - part.first + 1)
    response.headers["Content-Encoding"] = "identity"
    return response


def _bytes(path: Path, part: Part) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(part.first)
        left = part.last - part.first + 1
        while left and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
