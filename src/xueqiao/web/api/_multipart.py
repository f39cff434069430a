"""Statements with their files as one message: multipart/mixed (RFC 2046), in and out.

Read by hand: Django reads multipart/form-data only, and the standard's rules for the parts are
narrower than those of mail.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import attachments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http.response import HttpResponseBase

    from xueqiao.records.models import StatementAttachment

KIND = "multipart/mixed"
MOST_PARTS = 1000
_LONGEST_BOUNDARY = 70


class MessageUnfit(errors.Refusal):
    """A message of several parts is damaged, or a part lacks a header of the standard."""

    code = "records.message_unfit"
    status = 400


class Message(NamedTuple):
    """What a message holds: the statements as JSON, and the files."""

    statements: bytes
    files: list[attachments.Part]


def read(body: bytes, boundary: str) -> Message:
    """The parts of a message.

    Args:
        body: the whole.
        boundary: as the header Content-Type names it.

    Raises:
        MessageUnfit: see there.
    """
    if not boundary or len(boundary) > _LONGEST_BOUNDARY or not boundary.isascii():
        raise MessageUnfit(_("The multipart message has no boundary."))
    first, *files = [_split(part) for part in _parts(body, boundary.encode())]
    if first[0].get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise MessageUnfit(_("The first part holds the statements, as application/json."))
    return Message(first[1], [_file(headers, data) for headers, data in files])


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries; the first may stand at the very beginning."""
    delimiter = b"\r\n--" + boundary
    _before, *parts = (b"\r\n" + body).split(delimiter)
    if len(parts) - 1 > MOST_PARTS:
        text = _("A message brings at most {most} files.")
        raise MessageUnfit(text.format(most=MOST_PARTS))
    found = []
    for part in parts[:-1]:
        # A boundary may be followed by blanks, and by nothing else on its line.
        blank, newline, rest = part.partition(b"\r\n")
        if blank.strip(b" \t") or not newline:
            raise MessageUnfit(_damaged())
        found.append(rest)
    if not found or not parts[-1].startswith(b"--"):
        raise MessageUnfit(_damaged())
    return found


def _damaged() -> str:
    return _("The multipart message is damaged: it does not begin and end with its boundary.")


def _split(part: bytes) -> tuple[dict[str, str], bytes]:
    """The headers of a part, names in lower case, and what follows the empty line."""
    head, gap, data = (b"\r\n" + part).partition(b"\r\n\r\n")
    if not gap:
        raise MessageUnfit(_damaged())
    headers = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
        elif line.strip():
            raise MessageUnfit(_("A header of a part cannot be read."))
    return headers, data


def _file(headers: dict[str, str], data: bytes) -> attachments.Part:
    if headers.get("content-transfer-encoding", "").lower() != "binary":
        raise MessageUnfit(_("Each file has Content-Transfer-Encoding: binary."))
    sha2 = headers.get("x-experience-api-hash", "").lower()
    if not sha2:
        raise MessageUnfit(_("Each file has its hash in X-Experience-API-Hash."))
    return attachments.Part(sha2, headers.get("content-type", ""), data)


def answer(
    request: HttpRequest, statements: bytes, files: Sequence[StatementAttachment]
) -> HttpResponseBase:
    """Statements as JSON, followed by their files, read from the disk while they are sent."""
    boundary = f"xueqiao-{secrets.token_hex(16)}"
    kind = f"{KIND}; boundary={boundary}"
    if request.method == "HEAD":
        return HttpResponse(content_type=kind)
    return StreamingHttpResponse(_written(boundary, statements, files), content_type=kind)


def _written(
    boundary: str, statements: bytes, files: Sequence[StatementAttachment]
) -> Iterator[bytes]:
    yield f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode()
    yield statements
    for each in files:
        yield (
            f"\r\n--{boundary}\r\nContent-Type: {each.content_type}\r\n"
            f"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {each.sha2}\r\n\r\n"
        ).encode()
        yield attachments.read(each)
    yield f"\r\n--{boundary}--\r\n".encode()
