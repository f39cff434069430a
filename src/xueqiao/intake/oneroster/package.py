"""Opening a package: a zip file with a manifest, within bounds. Every fault is one refusal.

Sizes are counted while unpacking: what a zip file says of itself is not believed.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.intake.files import FileUnreadable
from xueqiao.intake.oneroster.tables import EXTENSION, MAY_BE_MISSING, PASSED_OVER, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_FILES = 64
MOST_BYTES = 256 * 1024 * 1024
MOST_BYTES_IN_ALL = 1024 * 1024 * 1024
MOST_CHARACTERS_A_CELL = 32_768
VERSION = "1.2"
MANIFEST = "manifest.csv"
MODES = frozenset({"absent", "bulk", "delta"})


class Row(NamedTuple):
    """A row of a table: its line in the file, from 1, and its cells by column."""

    line: int
    cells: dict[str, str]
    columns: int


class Package:
    """An open package.

    Attributes:
        modes: ``bulk`` or ``delta`` of each table that is here, in the order of ``TABLES``.
        passed_over: the names of files of the binding that are no rosters.
    """

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name, self._unpacked = archive, name, 0
        self._entries = self._checked()
        said = self._manifest()
        self.modes = {
            table: said[table] for table in TABLES if said.get(table, "absent") != "absent"
        }
        self.passed_over = sorted(n for n in PASSED_OVER if said.get(n, "absent") != "absent")
        missing = sorted(table for table in self.modes if f"{table}.csv" not in self._entries)
        if missing:
            text = _("{name} has no {files}, which its manifest promises.")
            raise FileUnreadable(
                text.format(name=name, files=", ".join(f"{m}.csv" for m in missing))
            )
        if not self.modes:
            raise FileUnreadable(_("{name} holds no roster table.").format(name=name))

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table, in order.

        Raises:
            FileUnreadable: its heading is not that of the binding, it is no CSV, or too large.
        """
        found = self._csv(f"{table}.csv")
        heading = next(found, (0, []))[1]
        self._check_heading(table, heading)
        for line, cells in found:
            yield Row(line, dict(zip(heading, cells, strict=False)), len(cells) - len(heading))

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        entries: dict[str, zipfile.ZipInfo] = {}
        for each in self._archive.infolist():
            if each.is_dir() or each.filename.startswith("__MACOSX/"):
                continue
            if "/" in each.filename or "\\" in each.filename or each.filename in entries:
                text = _("{name} holds “{file}”; files lie side by side in it, each once.")
                raise self._unreadable(text, file=each.filename[:80])
            if each.flag_bits & 1:
                raise self._unreadable(_("{name} is encrypted. Send it without a password."))
            entries[each.filename] = each
        if len(entries) > MOST_FILES:
            text = _("{name} holds more than {most} files.")
            raise self._unreadable(text, most=str(MOST_FILES))
        return entries

    def _manifest(self) -> dict[str, str]:
        if MANIFEST not in self._entries:
            raise self._unreadable(_("{name} has no manifest.csv."))
        rows = [cells for _line, cells in self._csv(MANIFEST)]
        if not rows or rows[0] != ["propertyName", "value"] or any(len(r) != 2 for r in rows):  # noqa: PLR2004
            text = _("The manifest of {name} has other columns than propertyName,value.")
            raise self._unreadable(text)
        said = {row[0]: row[1] for row in rows[1:]}
        if said.get("oneroster.version") != VERSION or said.get("manifest.version") != "1.0":
            text = _("{name} is OneRoster “{version}”; {spoken} is taken here.")
            version = said.get("oneroster.version", "")[:20]
            raise self._unreadable(text, version=version, spoken=VERSION)
        modes = {
            key.removeprefix("file."): value
            for key, value in said.items()
            if key.startswith("file.")
        }
        for file, mode in modes.items():
            if mode not in MODES or (file not in TABLES and file not in PASSED_OVER):
                text = _(
                    "The manifest of {name} says file.{file} = {mode}, which is no such thing."
                )
                raise self._unreadable(text, file=file[:80], mode=mode[:20])
        return modes

    def _check_heading(self, table: str, heading: list[str]) -> None:
        fields = [field.name for field in TABLES[table]]
        own = [column for column in heading if not column.startswith(EXTENSION)]
        missing = [n for n in fields if n not in own and n not in MAY_BE_MISSING]
        strange = [column for column in own if column not in fields]
        twice = len(set(heading)) != len(heading)
        ordered = own == [name for name in fields if name in own]
        if missing or strange or twice or not ordered:
            text = _(
                "{file} of {name} has another heading. Missing: {missing}. Unknown: {strange}. The "
                "binding asks for: {wanted}."
            )
            raise self._unreadable(
                text, file=f"{table}.csv", missing=", ".join(missing) or "–",
                strange=", ".join(strange)[:200] or "–", wanted=",".join(fields),
            )  # fmt: skip

    def _csv(self, file: str) -> Iterator[tuple[int, list[str]]]:
        """Lines and cells of a file."""
        csv.field_size_limit(MOST_CHARACTERS_A_CELL)
        try:
            with self._archive.open(self._entries[file]) as packed:
                lines = io.TextIOWrapper(
                    io.BufferedReader(_Counted(packed, self, file)),
                    encoding="utf-8-sig", errors="strict", newline="",
                )  # fmt: skip
                reader = csv.reader(lines, strict=True)
                for cells in reader:
                    if cells:
                        yield reader.line_num, cells
        except UnicodeDecodeError as why:
            raise self._unreadable(_("{file} of {name} is not UTF-8."), file=file) from why
        except (csv.Error, zipfile.BadZipFile, zlib.error, EOFError, OSError,
                NotImplementedError) as why:  # fmt: skip
            text = _("{file} of {name} cannot be read: {why}.")
            raise self._unreadable(text, file=file, why=str(why)[:200]) from why

    def unpacked(self, file: str, size: int, of_file: int) -> None:
        """Count what was unpacked.

        Raises:
            FileUnreadable: it is more than a roster ever is.
        """
        self._unpacked += size
        if of_file > MOST_BYTES or self._unpacked > MOST_BYTES_IN_ALL:
            text = _("{file} of {name} grows beyond {most} MB when it is unpacked. Split it.")
            raise self._unreadable(text, file=file, most=str(MOST_BYTES >> 20))

    def _unreadable(self, text: str, **words: str) -> FileUnreadable:
        return FileUnreadable(text.format(name=self._name, **words))


class _Counted(io.RawIOBase):
    """A file of a package that counts what comes out of it."""

    def __init__(self, file: IO[bytes], package: Package, name: str) -> None:
        self._file, self._package, self._name, self._size = file, package, name, 0

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]
        found = self._file.read(len(room))
        self._size += len(found)
        self._package.unpacked(self._name, len(found), self._size)
        room[: len(found)] = found
        return len(found)


@contextmanager
def opened(path: Path, name: str) -> Iterator[Package]:
    """A package; closed when the block ends.

    Raises:
        FileUnreadable: it is no zip file, or not one of the binding.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as why:
        text = _("{name} is no zip file: {why}.")
        raise FileUnreadable(text.format(name=name, why=why)) from why
    with archive:
        yield Package(archive, name)
