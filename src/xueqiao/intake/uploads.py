"""Uploads: a file given in the browser waits in an inbox of its connection until it is taken in."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake import drops
from xueqiao.intake.folder import Folder
from xueqiao.intake.kinds import Kind, Portion, Setting
from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables import reading
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xueqiao.intake.models import Connection

MOST_BYTES = 64 * 1024 * 1024
_KEPT_NAME = 80


class UploadTooLarge(errors.Refusal):
    """The file is larger than what is taken in over a page."""

    code = "intake.upload_too_large"
    status = 413


class UploadGone(errors.Refusal):
    """An uploaded file is no longer there."""

    code = "intake.upload_gone"
    status = 404


def receive(*, name: str, blocks: Iterable[bytes]) -> str:
    """Keep an uploaded file until it is taken in; the token by which it is found again.

    The same content under the same name has the same token.

    Raises:
        UploadTooLarge: it is; nothing is kept.
        FileUnreadable: it is empty, or no table.
    """
    folder = _waiting_room()
    with NamedTemporaryFile(dir=folder, delete=False) as scratch:
        path = Path(scratch.name)
        try:
            digest = _copy(name, blocks, scratch)
            kept = path.rename(folder / f"{digest[:16]}-{_file_name(name)}")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    try:
        reading.detect(kept)
    except errors.Refusal:
        kept.unlink(missing_ok=True)
        raise
    return kept.name


def _copy(name: str, blocks: Iterable[bytes], to: IO[bytes]) -> str:
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        size += len(block)
        if size > MOST_BYTES:
            text = _("{name} is larger than {most} MB. Split it, or use a drop folder.")
            raise UploadTooLarge(text.format(name=name, most=MOST_BYTES >> 20))
        digest.update(block)
        to.write(block)
    to.flush()
    return digest.hexdigest()


def path_of(token: str) -> Path:
    """The file of a token.

    Raises:
        UploadGone: it was taken in, or never there.
    """
    path = _waiting_room() / token
    if path.parent != _waiting_room() or not token or not path.is_file():
        raise UploadGone(_("This file is no longer here. Upload it again."))
    return path


def shown_name(token: str) -> str:
    """The name under which a file was uploaded."""
    return token.partition("-")[2] or token


def hand_in(*, connection: Connection, token: str) -> None:
    """Put an uploaded file into the inbox of a connection; its next run takes it in.

    Raises:
        UploadGone: it was taken in, or never there.
        FileUnreadable: it cannot be read to its end.
        MappingUnfit: the connection's contract does not fit the table.
    """
    path = path_of(token)
    if connection.contract is not None:
        mapping = mappings.read(connection.contract.mapping)
        layout = drops.layout(path, mapping.layout)
        reading.check(path, layout)
        mappings.against(mapping, reading.heading(path, layout))
    inbox = inbox_of(str(connection.pk))
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    placed = path.replace(inbox / token)
    # It is whole: the run need not wait to see whether somebody still writes to it.
    os.utime(placed, (0, 0))


def inbox_of(connection: str) -> Path:
    return Path(settings.HOME) / "intake" / "inbox" / connection


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    inbox = inbox_of(str(config["connection"]))
    if inbox.is_dir():
        yield from drops.take(Folder(inbox, is_kept=False), config, watermark)


def _waiting_room() -> Path:
    folder = Path(settings.HOME) / "intake" / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _file_name(name: str) -> str:
    plain = re.sub(r"[^\w.()（）-]+", "_", Path(name.replace("\\", "/")).name).lstrip("._~$")
    stem, dot, ending = plain.rpartition(".")
    if f".{ending.lower()}" not in drops.ENDINGS:
        stem, dot, ending = plain, ".", "csv"
    return f"{stem[:_KEPT_NAME]}{dot}{ending}"


KIND = Kind(
    "upload",
    gettext_lazy("CSV or XLSX, uploaded here"),
    (Setting("contract", gettext_lazy("Contract"), "mapping"),),
    pull,
    help=gettext_lazy("A table is uploaded in the browser; its columns are mapped once."),
)
