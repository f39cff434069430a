"""Files laid down somewhere: each is taken in once, then moved to ``done`` or ``failed``.

What a place of files can do is ``Drop``; folders and SFTP servers are two. A file that breaks is
moved with its reason beside it and lies in quarantine by name; the others go on.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.utils.translation import gettext as _

from xueqiao.intake.files import FileUnreadable
from xueqiao.intake.kinds import File, Portion
from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables import reading
from xueqiao.intake.tables.rows import Converter
from xueqiao.kernel import errors, ids
from xueqiao.records.checking import Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

ROWS_A_PORTION = 1000
# How programs that write a file name it until it is whole.
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload")
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx")


class ContractMissing(errors.Refusal):
    """A connection that reads tables has no contract yet."""

    code = "intake.contract_missing"
    status = 422


class Drop(Protocol):
    """A place where files are laid down."""

    def waiting(self) -> list[str]:
        """Names of the files that are whole, by name."""

    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """The file, readable on this machine while the context lasts."""

    def finish(self, name: str) -> None:
        """Put a file away that was taken in."""

    def fail(self, name: str, reason: str) -> None:
        """Put a file away that could not be read, with the reason beside it."""


class Found(NamedTuple):
    """A file and what its content makes of it."""

    name: str
    path: Path
    digest: str


def is_file_to_take(name: str, endings: tuple[str, ...] = ENDINGS) -> bool:
    lower = name.lower()
    return not name.startswith((".", "~$")) and lower.endswith(endings)


def take(drop: Drop, config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    """Every waiting file, portion by portion; a stopped file goes on at its row.

    Args:
        config: with ``contract``, a mapping's JSON with its id, and ``source``, a code.

    Raises:
        ContractMissing: no contract was chosen.
    """
    if not config.get("contract"):
        text = _("Choose the contract that says what the columns mean.")
        raise ContractMissing(text, pointer="contract")
    version = ids.digest({**config["contract"], "id": ""})
    return each_file(
        drop,
        version=version,
        read=lambda found: portions(found, config, watermark),
        watermark=watermark,
    )


def each_file(
    drop: Drop,
    *,
    version: str,
    read: Callable[[Found], Iterator[Portion]],
    watermark: dict[str, Any],
) -> Iterator[Portion]:
    """What a reader makes of every waiting file.

    Args:
        version: all that the result depends on beside the bytes; another one takes them in again.
        read: may raise ``FileUnreadable`` or ``MappingUnfit``; the next file is read all the same.
    """
    for name in drop.waiting():
        with drop.fetched(name) as path:
            found = Found(name, path, _digest(path, version))
            try:
                yield from read(found)
            except (FileUnreadable, mappings.MappingUnfit) as why:
                yield _unreadable(found, str(why), watermark)
                drop.fail(name, str(why))
                continue
        drop.finish(name)


def portions(
    found: Found, config: Mapping[str, Any], watermark: dict[str, Any]
) -> Iterator[Portion]:
    """The rows of one file. Begins behind the row at which a stopped run left this file.

    Raises:
        FileUnreadable: the file cannot be read; nothing of it was yielded where that can be known.
        MappingUnfit: the contract does not fit the table.
    """
    mapping = mappings.read(config["contract"])
    read_as = layout(found.path, mapping.layout)
    reading.check(found.path, read_as)
    heading = reading.heading(found.path, read_as)
    mappings.against(mapping, heading)
    form = f"contract:{config['contract'].get('id', '')}"
    converter = Converter(mapping, source=config["source"], form=form)
    begin = watermark.get("row", 0) if watermark.get("file") == found.digest else 0
    held: list[Any] = []
    last = begin
    for row in reading.rows(found.path, read_as):
        # Rows that are in are read again all the same: repeats are counted from the beginning.
        item = converter.item(heading, row.cells)
        if row.number <= begin:
            continue
        if len(held) == ROWS_A_PORTION:
            yield _portion(found, held, last, is_last=False)
            held = []
        held.append(item)
        last = row.number
    yield _portion(found, held, last, is_last=True)


def _portion(found: Found, items: list[Any], row: int, *, is_last: bool) -> Portion:
    come = {"name": found.name, "row": row}
    if not is_last:
        # Of a whole file nothing is passed over when it is laid down again.
        come["file"] = found.digest
    return Portion(
        f"{found.digest}:{row}", items, come, File(found.name, found.digest, is_last=is_last)
    )


def layout(path: Path, agreed: reading.Layout) -> reading.Layout:
    """The agreed layout; a CSV in another encoding than the last one is read in its own."""
    if reading.is_spreadsheet(path):
        return reading.Layout("", "", agreed.sheet if not agreed.encoding else "", agreed.heading)
    seen = reading.detect(path)
    # ASCII says nothing, and what cannot be UTF-8 is better known by who agreed the contract.
    encoding = seen.encoding if seen.encoding in {"utf-8", "utf-16"} else agreed.encoding
    if encoding in {"", "utf-8"}:
        encoding = seen.encoding
    return reading.Layout(encoding, agreed.delimiter or seen.delimiter, "", agreed.heading)


def _digest(path: Path, version: str) -> str:
    """SHA-256 of the bytes and of what else the result depends on."""
    made = hashlib.sha256(version.encode())
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            made.update(block)
    return made.hexdigest()


def _unreadable(found: Found, reason: str, watermark: dict[str, Any]) -> Portion:
    item = Refused(found.name, Reason.FILE_UNREADABLE, reason, "", "file:")
    return Portion(f"{found.digest}:file", [item], watermark)
