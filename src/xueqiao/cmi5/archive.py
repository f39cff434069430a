"""Opening a package: a zip file of a stranger, within limits, nothing believed that it declares."""

from __future__ import annotations

import stat
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.cmi5 import content, structure
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

STRUCTURE = "cmi5.xml"
MOST_PACKED = 300 * 1024 * 1024
MOST_BYTES = 1024 * 1024 * 1024
MOST_FILES = 10_000
LONGEST_NAME = 240
# A file of more than a megabyte that unpacks to more than this many times its size is a bomb.
STEEPEST = 200
_SMALL = 1024 * 1024
_PIECE = 1024 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError)


class PackageUnfit(errors.Refusal):
    """The file is no course package, or larger or otherwise than a package may be."""

    code = "cmi5.package_unfit"
    status = 422


class Package(NamedTuple):
    """An opened package.

    Attributes:
        structure: the bytes of ``cmi5.xml``.
        names: paths of the files that are served; None when ``cmi5.xml`` came alone.
        left_out: paths of files whose kind is not served.
    """

    structure: bytes
    names: frozenset[str] | None
    left_out: tuple[str, ...]


def look(file: BinaryIO) -> Package:
    """What a file holds, before anything of it is kept.

    Raises:
        PackageUnfit: it breaks a limit, or has no structure.
    """
    if file.seek(0, 2) > MOST_PACKED:
        raise _unfit(_("A package has at most {most} MB."), most=MOST_PACKED >> 20)
    file.seek(0)
    start = file.read(structure.MOST_BYTES + 1)
    if not start.startswith(b"PK"):
        if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
            raise _unfit(_("The file is neither a zip file nor a course structure in XML."))
        return Package(start, None, ())
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive)
            if STRUCTURE not in entries:
                raise _unfit(_("The package has no {name} at its top."), name=STRUCTURE)
            text = _read(archive, entries[STRUCTURE], structure.MOST_BYTES)
    except _BROKEN as why:
        raise _unfit(_("The zip file cannot be read: {why}."), why=why) from why
    names = [name for name in entries if name != STRUCTURE]
    fine = frozenset(name for name in names if content.media_type(name))
    return Package(text, fine, tuple(sorted(set(names) - fine)))


def files(file: BinaryIO, names: frozenset[str]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each file that is served, within the limit of all together.

    Raises:
        PackageUnfit: what unpacks is more than a package may hold, or other than was declared.
    """
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(file) as archive:
            for name, entry in _entries(archive).items():
                if name in names:
                    data = _read(archive, entry, left)
                    left -= len(data)
                    yield name, data
    except _BROKEN as why:
        raise _unfit(_("The zip file cannot be read: {why}."), why=why) from why


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    rows = archive.infolist()
    if len(rows) > MOST_FILES:
        raise _unfit(_("A package has at most {most} files."), most=MOST_FILES)
    for entry in rows:
        if entry.is_dir() or entry.filename.startswith(_IGNORED[0]):
            continue
        name = _name(entry)
        if name.rpartition("/")[2] in _IGNORED:
            continue
        if name.casefold() in folded:
            raise _unfit(_("Two files of the package have the name “{name}”."), name=name)
        folded.add(name.casefold())
        found[name] = entry
    return found


def _name(entry: zipfile.ZipInfo) -> str:
    name = entry.orig_filename
    steps = name.split("/")
    is_climbing = any(step in {"", ".", ".."} for step in steps)
    if is_climbing or "\\" in name or ":" in steps[0] or not name.isprintable():
        raise _unfit(_("“{name}” is no name of a file in a package."), name=name[:80])
    if len(name) > LONGEST_NAME:
        raise _unfit(_("The name “{name}” is too long."), name=name[:80])
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _unfit(_("“{name}” is a link; put the file itself in."), name=name)
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise _unfit(_("“{name}” is encrypted or packed in an unusual way."), name=name)
    return name


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of one file, counted while they unpack: what is declared may lie."""
    pieces: list[bytes] = []
    total, steep = 0, max(_SMALL, entry.compress_size * STEEPEST)
    with archive.open(entry) as packed:
        while piece := packed.read(_PIECE):
            total += len(piece)
            if total > min(most, steep):
                text = _("“{name}” unpacks to more than a package may hold.")
                raise _unfit(text, name=entry.filename[:80])
            pieces.append(piece)
    return b"".join(pieces)


def _unfit(sentence: str, **given: object) -> PackageUnfit:
    return PackageUnfit(sentence.format(**given))
