"""Reading of the files that are loaded. A damaged one is refused before anything is written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.network import rules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class FileMissing(errors.Refusal):
    """A file that the load needs is not there."""

    code = "network.file_missing"
    status = 404


class WrongEncoding(errors.Refusal):
    """A file is not UTF-8."""

    code = "network.wrong_encoding"
    status = 422


class FileDamaged(errors.Refusal):
    """A file is cut off, lacks a column, or says what cannot be."""

    code = "network.file_damaged"
    status = 422


class PlaceCodeUnknown(errors.Refusal):
    """A row names a place that no register lists."""

    code = "network.place_code_unknown"
    status = 422


@dataclass(frozen=True)
class Unit:
    """One row of a register; ``parent`` is the code of the unit above, "" at the top."""

    code: str
    level: int
    name: str
    parent: str


def digest(paths: Iterable[Path]) -> str:
    """SHA-256, hex, of the bytes of some files in order.

    Raises:
        FileMissing: one is not there.
    """
    total = hashlib.sha256()
    for path in paths:
        total.update(_bytes(path))
    return total.hexdigest()


def read_table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV file with a header.

    Raises:
        FileMissing, WrongEncoding: as their names say.
        FileDamaged: a column is missing, or a row has more or fewer cells than the header.
    """
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    missing = [name for name in columns if name not in (reader.fieldnames or [])]
    if missing:
        raise damaged(path, 1, _("the column {name} is missing").format(name=missing[0]))
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise damaged(path, reader.line_num, _("the row has not as many cells as the header"))
        rows.append(row)
    return rows


def read_units(path: Path, known: dict[str, Unit] | None = None) -> dict[str, Unit]:
    """The units of a register's file by code, parents among themselves or in ``known``.

    Raises:
        FileDamaged: a code has the wrong digits or stands twice, a name is empty.
        PlaceCodeUnknown: a parent is listed nowhere.
    """
    units: dict[str, Unit] = {}
    for line, row in enumerate(read_table(path, ("code", "level", "name", "parent")), start=2):
        unit = _unit(path, line, row)
        if unit.code in units:
            raise damaged(path, line, _("the code {code} stands twice").format(code=unit.code))
        units[unit.code] = unit
    for line, unit in enumerate(units.values(), start=2):
        above = units.get(unit.parent) or (known or {}).get(unit.parent)
        if unit.level > 1 and (above is None or above.level != unit.level - 1):
            raise unknown_code(path, line, unit.parent)
    return units


def read_features(path: Path) -> list[dict[str, Any]]:
    """The features of a GeoJSON file, each with a code and a geometry.

    Raises:
        FileMissing, WrongEncoding, FileDamaged: as their names say.
    """
    try:
        features = json.loads(_text(path))["features"]
        for feature in features:
            feature["properties"]["code"], feature["geometry"]["coordinates"]
    except (ValueError, KeyError, TypeError) as why:
        line = why.lineno if isinstance(why, json.JSONDecodeError) else 1
        raise damaged(path, line, _("it is not complete GeoJSON")) from why
    return list(features)


def damaged(path: Path, line: int, what: str) -> FileDamaged:
    """The refusal of a damaged file, with where and what."""
    text = _("{file}, line {line}: {what}. Get the file anew; nothing of it was loaded.")
    return FileDamaged(
        text.format(file=path.name, line=line, what=what), pointer=f"{path.name}:{line}"
    )


def unknown_code(path: Path, line: int, code: str) -> PlaceCodeUnknown:
    """The refusal of a code that no register lists."""
    text = _(
        "{file}, line {line}: no register lists the place code {code!r}. Correct the code, or load "
        "the register that has it first; nothing of the file was loaded."
    )
    return PlaceCodeUnknown(
        text.format(file=path.name, line=line, code=code), pointer=f"{path.name}:{line}"
    )


def _unit(path: Path, line: int, row: dict[str, str]) -> Unit:
    code, name = row["code"], row["name"].strip()
    level = rules.level_of(code) if code.isdecimal() else None
    if level is None or row["level"] != str(level):
        what = _("{code!r} is no code of level {level}").format(code=code, level=row["level"])
        raise damaged(path, line, what)
    if not name:
        raise damaged(path, line, _("the place {code} has no name").format(code=code))
    return Unit(code, level, name, row["parent"])


def _text(path: Path) -> str:
    raw = _bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        line = raw[: why.start].count(b"\n") + 1
        text = _(
            "{file}, line {line}: this is not UTF-8. Save the file as UTF-8 and load it again."
        )
        raise WrongEncoding(text.format(file=path.name, line=line)) from why


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as why:
        text = _("The file {path} is not there. Put it there, or name another folder.")
        raise FileMissing(text.format(path=path)) from why
