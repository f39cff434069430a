"""Reading what was handed over: gzip, text encodings, CSV. Each fault is one clear refusal."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What a file may become when it is unpacked; ours grow twelvefold to 6 MB.
MOST_BYTES = 512 * 1024 * 1024


class FileUnreadable(errors.Refusal):
    """The file is missing, damaged, in another encoding, or another table."""

    code = "records.file_unreadable"
    status = 422


def packed(path: Path) -> bytes:
    """The bytes of a file as they were handed over.

    Raises:
        FileUnreadable: there is no such file, or it may not be read.
    """
    try:
        return path.read_bytes()
    except OSError as why:
        text = _("{path} cannot be read: {why}. Check the path and the file's rights.")
        raise FileUnreadable(text.format(path=path, why=why.strerror)) from why


def unpacked(data: bytes, name: str) -> bytes:
    """The content of a file, unpacked where its name ends in ``.gz``.

    Raises:
        FileUnreadable: the archive is damaged or grows beyond ``MOST_BYTES``.
    """
    if not name.endswith(".gz"):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as archive:
            found = archive.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as why:
        text = _("{name} is damaged and cannot be unpacked ({why}). Fetch it again.")
        raise FileUnreadable(text.format(name=name, why=why)) from why
    if len(found) > MOST_BYTES:
        text = _("{name} grows beyond {most} MB when it is unpacked. Split it.")
        raise FileUnreadable(text.format(name=name, most=MOST_BYTES >> 20))
    return found


def decoded(data: bytes, name: str, encodings: Sequence[str] = ("utf-8-sig",)) -> str:
    """The text of a file in the first of the encodings that fits all of it.

    Raises:
        FileUnreadable: none fits.
    """
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as why:
            place = why.start
    text = _("{name} is not text in {encodings}: byte {place} does not fit. Save it as UTF-8.")
    raise FileUnreadable(text.format(name=name, encodings=", ".join(encodings), place=place))


def table(text: str, name: str, heading: Sequence[str]) -> list[list[str]]:
    """The rows of a CSV text below its heading.

    Raises:
        FileUnreadable: the heading is another one, or the text is no CSV.
    """
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as why:
        said = _("{name} is not a CSV table: {why}. Export it again.")
        raise FileUnreadable(said.format(name=name, why=why)) from why
    if not rows or rows[0] != list(heading):
        said = _("{name} begins with “{found}”; the heading “{wanted}” is needed.")
        found = "".join(filter(str.isprintable, ",".join(rows[0]) if rows else ""))[:80]
        raise FileUnreadable(said.format(name=name, found=found, wanted=",".join(heading)))
    return rows[1:]


def line(row: Sequence[str]) -> str:
    """A row as a line of CSV, for quarantine."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()
