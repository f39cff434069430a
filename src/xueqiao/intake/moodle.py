"""Moodle course logs, as the site's report downloads them: CSV, newest row first.

The person stands only in the text of Description, times are local and to the minute, encodings
differ from file to file. A row that equals an earlier one of its file in every column may be a
second click within the minute or the first one written twice, which nothing in the file tells: it
is held until somebody decides (decision 152). Equal rows are told apart by counting, so the
identifier of a statement is made from the columns and the number of the repeat. The same file, or
one that overlaps it, gives the same identifiers.
Source: Hasan et al., Data 6(11), 110 (2021), CC BY 4.0.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake import files
from xueqiao.intake.feed import Feed, Handed, Repeat
from xueqiao.intake.moodle_events import COURSE, EVENTS, Event, Kind
from xueqiao.kernel import ids
from xueqiao.records import reasons
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = "https://moodle-oman.example"
ZONE = ZoneInfo("Asia/Muscat")
DONE_BY = f"{SITE}/xapi/done-by"
HEADING = (
    "Time", "User full name", "Affected user", "Event context", "Component", "Event name",
    "Description", "Origin", "IP address",
)  # fmt: skip
ENCODINGS = ("utf-8-sig", "cp1252")
# Written by the platform itself, not by a person at a screen.
JOBS = frozenset({"cli", "restore"})
# Whoever exports a log leaves this in it, years after the course.
EXPORT = "Log report viewed"

_TIME = re.compile(r"(\d{1,2})/(\d{2})/(\d{2}), (\d{2}):(\d{2})")
_USER = re.compile(r"(?:The user|User) with id '?(\d+)'?")
_OTHER = re.compile(r" the user with id '(\d+)'")
# A letter of another script that was lost became “?”; text that begins so tells nothing.
_DAMAGED = re.compile(r"\?[? ]*\?")
_ENCODER = msgspec.json.Encoder()


class Row(NamedTuple):
    """A row of an export.

    Attributes:
        repeat: which of its equals it is, from 0.
        number: of the row in its file; the heading is 1.
        first: number of the first of its equals; that of the row itself where ``repeat`` is 0.
    """

    cells: tuple[str, ...]
    repeat: int
    number: int
    first: int


def handed(folder: Path) -> list[Handed]:
    found = []
    for path in sorted((folder / "moodle").glob("*.csv.gz")):
        data = files.packed(path)
        found.append(Handed(path.name, data, partial(_rows, path.name, data), items))
    return found


def _rows(name: str, data: bytes) -> list[Row]:
    text = files.decoded(files.unpacked(data, name), name, ENCODINGS)
    seen: Counter[tuple[str, ...]] = Counter()
    first: dict[tuple[str, ...], int] = {}
    rows = []
    for number, cells in enumerate(map(tuple, files.table(text, name, HEADING)), start=2):
        rows.append(Row(cells, seen[cells], number, first.setdefault(cells, number)))
        seen[cells] += 1
    return rows


def items(row: Row) -> Iterator[Incoming | Refused | Repeat]:
    """One row as one statement, or refused for the first reason that holds."""
    if len(row.cells) != len(HEADING):
        text = _("The row has {found} columns; its heading has {wanted}.")
        yield _refused(
            row, Reason.COLUMNS, text.format(found=len(row.cells), wanted=len(HEADING)), ""
        )
        return
    time, _user, _affected, _context, _component, name, description, origin, _address = row.cells
    at, event, who = _at(time), EVENTS.get(name), _USER.match(description)
    if at is None:
        text = _("“{value}” is not a time that exists.").format(value=time)
        yield _refused(row, Reason.TIME_IMPOSSIBLE, text, "Time")
    elif origin in JOBS:
        yield _refused(row, Reason.NOT_A_LEARNER, origin, "Origin")
    elif name == EXPORT:
        yield _refused(row, Reason.EXPORT, "", "Event name")
    elif not description:
        yield _refused(row, Reason.DESCRIPTION_EMPTY, "", "Description")
    elif _DAMAGED.match(description):
        yield _refused(row, Reason.TEXT_DAMAGED, "", "Description")
    elif who is None:
        yield _refused(row, Reason.NOBODY, "", "Description")
    elif event is None or (thing := _thing(event, row.cells)) is None:
        yield _refused(row, Reason.EVENT_UNKNOWN, name, "Event name")
    else:
        made = _statement(row, event, thing, who[1], at)
        yield Repeat(made, _held(row, made)) if row.repeat else made


def _held(row: Row, made: Incoming) -> Refused:
    """A repeat as it is held: as its statement, in which an erasure finds whom it names."""
    said = reasons.repeat(row=row.number, first=row.first)
    return Refused(made.text, Reason.ROW_REPEATED, said)


def _refused(row: Row, reason: Reason, detail: str, column: str) -> Refused:
    return Refused(files.line(row.cells), reason, detail, column)


@lru_cache(maxsize=65536)
def _at(text: str) -> str | None:
    """A local time of the site as ISO 8601 with its offset; None where there is no such minute."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    day, month, year, hour, minute = map(int, found.groups())
    try:
        return datetime(2000 + year, month, day, hour, minute, tzinfo=ZONE).isoformat()
    except ValueError:
        return None


def _thing(event: Event, cells: tuple[str, ...]) -> dict[str, Any] | None:
    found = event.kind.pattern.search(cells[6])
    return _activity(event.kind, cells[3], found[1]) if found else None


@lru_cache(maxsize=8192)
def _activity(of: Kind, context: str, number: str) -> dict[str, Any]:
    """The object, with the name that the event's context gives it where that is its own."""
    definition: dict[str, Any] = {"type": of.type}
    kind, _colon, name = html.unescape(context).partition(":")
    name = name.strip()
    is_own = (of is COURSE) == (kind == "Course")
    if name and is_own and not _DAMAGED.search(name) and "\ufffd" not in name:
        definition["name"] = {"en": name}
    return {"id": f"{SITE}/{of.path}/{number}", "definition": definition}


def _statement(row: Row, event: Event, thing: dict[str, Any], user: str, at: str) -> Incoming:
    statement: dict[str, Any] = {
        "id": str(ids.stable_uuid("moodle", SITE, *row.cells, str(row.repeat))),
        "actor": _actor(user),
        "verb": event.verb,
        "object": thing,
        "context": {"platform": "Moodle"},
        "timestamp": at,
    }
    if event.of_other and (other := _OTHER.search(row.cells[6])):
        statement["actor"] = _actor(other[1])
        statement["context"]["extensions"] = {DONE_BY: user}
    return Incoming(_ENCODER.encode(statement).decode(), statement)


def _actor(user: str) -> dict[str, Any]:
    return {"account": {"homePage": SITE, "name": user}}


FEED = Feed("moodle", "Moodle (Middle East College)", 2, handed)
