"""Files that come with statements: checked against what the statements say, kept by their content.

A file is named by the SHA-256 of its bytes and is on the disk, synced, before the request that
brought it is answered. One that no statement holds, after a request that failed, is swept later.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.records.models import StatementAttachment
from xueqiao.records.xapi import named, signatures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

ORPHANED = timedelta(days=2)
_HASHES = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class HashWrong(errors.Refusal):
    """A part of a message does not have the hash that it is sent under."""

    code = "records.attachment_hash_wrong"
    status = 400


class Missing(errors.Refusal):
    """A statement announces a file that is neither in the message nor at an address."""

    code = "records.attachment_missing"
    status = 400


class Unannounced(errors.Refusal):
    """A message brings a file that none of its statements announces."""

    code = "records.attachment_unannounced"
    status = 400


class Part(NamedTuple):
    """A file as a message brings it.

    Attributes:
        sha2: its hash as the message says, in lower case.
        content_type: as the message says.
        data: its bytes.
    """

    sha2: str
    content_type: str
    data: bytes


class Held(NamedTuple):
    """A file of a statement."""

    sha2: str
    content: str
    content_type: str
    data: bytes


def by_hash(parts: Iterable[Part]) -> dict[str, Part]:
    """The parts of a message by their hash, each looked into.

    Raises:
        HashWrong: a part has another hash than it says.
    """
    found = {}
    for part in parts:
        name = _HASHES.get(len(part.sha2))
        if name is None or hashlib.new(name, part.data).hexdigest() != part.sha2:
            text = _("A file came under the hash {sha2}, and it has another one.")
            raise HashWrong(text.format(sha2=part.sha2[:130]))
        found[part.sha2] = part
    return found


def of_statement(
    statement: dict[str, Any], parts: Mapping[str, Part], *, at: str, version: str
) -> list[Held]:
    """The files of a statement that ``validate.check`` let pass.

    Args:
        statement: decoded.
        parts: what came with it, by hash.
        at: the JSON pointer of the statement in what was sent.
        version: of the standard that its sender speaks.

    Raises:
        Missing: a file that has no ``fileUrl`` did not come.
        signatures.SignatureWrong: a signature does not fit the statement.
    """
    found: dict[str, Held] = {}
    for pointer, each in named.attachments(statement):
        sha2 = each["sha2"].lower()
        part = parts.get(sha2)
        if part is None and "fileUrl" not in each:
            text = _("The file with the hash {sha2} did not come, and has no fileUrl.")
            raise Missing(text.format(sha2=sha2), pointer=f"{at}{pointer}")
        if each["usageType"] == signatures.USAGE:
            data = part.data if part else None
            signatures.check(statement, each, data, at=f"{at}{pointer}", version=version)
        if part is not None:
            content = hashlib.sha256(part.data).hexdigest()
            found[sha2] = Held(sha2, content, each["contentType"], part.data)
    return list(found.values())


def all_used(parts: Mapping[str, Part], used: Collection[str]) -> None:
    """Refuse parts that no statement announces.

    Raises:
        Unannounced: there is one.
    """
    for sha2 in parts:
        if sha2 not in used:
            text = _("A file with the hash {sha2} came, and no statement announces it.")
            raise Unannounced(text.format(sha2=sha2))


def keep(files: Iterable[Held]) -> None:
    """Put files on the disk; when this returns they outlive a loss of power."""
    folders = set()
    for content, data in {each.content: each.data for each in files}.items():
        path = _path(content)
        try:
            # It is young again, so that ``sweep`` leaves it until its rows are committed.
            os.utime(path)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_name(f".{content}.{secrets.token_hex(4)}")
            with scratch.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
        folders |= {path.parent, path.parent.parent}
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write(placed: Iterable[tuple[int, Sequence[Held]]]) -> None:
    """Write the rows of new statements' files, in their transaction, after ``keep``."""
    columns = ("statement_id", "sha2", "content", "content_type", "length")
    rows = [
        (row, each.sha2, each.content, _printable(each.content_type), len(each.data))
        for row, files in placed
        for each in files
    ]
    bulk.insert(StatementAttachment, columns, rows)


def of_page(rows: Collection[int]) -> list[StatementAttachment]:
    """The files of some statements, each content once, in a stable order."""
    found: dict[str, StatementAttachment] = {}
    for each in StatementAttachment.objects.filter(statement__in=rows).order_by("pk"):
        found.setdefault(each.sha2, each)
    return list(found.values())


def read(attachment: StatementAttachment) -> bytes:
    """The bytes of a file."""
    return _path(attachment.content).read_bytes()


def forget(rows: Collection[int]) -> list[str]:
    """Delete the rows of statements that are about to be deleted.

    Returns:
        Contents that no statement holds any more: give them to ``remove`` after the commit.
    """
    held = StatementAttachment.objects.filter(statement__in=rows)
    contents = set(held.values_list("content", flat=True))
    held.delete()
    kept = StatementAttachment.objects.filter(content__in=contents)
    return sorted(contents - set(kept.values_list("content", flat=True)))


def remove(contents: Iterable[str]) -> None:
    """Delete files that no statement holds."""
    for content in contents:
        if not StatementAttachment.objects.filter(content=content).exists():
            _path(content).unlink(missing_ok=True)


def sweep(*, now: datetime) -> int:
    """Delete files that no statement holds and that lie there for ``ORPHANED``; how many.

    A request that failed behind ``keep`` leaves such files.
    """
    swept = 0
    for path in (settings.HOME / "attachments").glob("??/*"):
        try:
            is_old = path.stat().st_mtime < (now - ORPHANED).timestamp()
            if is_old and not StatementAttachment.objects.filter(content=path.name).exists():
                path.unlink()
                swept += 1
        except FileNotFoundError:
            continue
    return swept


def _path(content: str) -> Path:
    folder: Path = settings.HOME / "attachments" / content[:2]
    return folder / content


def _printable(content_type: str) -> str:
    # It will stand in a header.
    return _UNPRINTABLE.sub("?", content_type)[:255]
