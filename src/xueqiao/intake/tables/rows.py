"""Rows become statements by a mapping, or are refused with the cell that is wrong."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables import values
from xueqiao.intake.tables.reading import FORMULA_WITHOUT_RESULT, LOST_DIGITS
from xueqiao.kernel import ids
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from xueqiao.intake.tables.mapping import Mapping

# What a spreadsheet writes where a formula has no result.
ERRORS = frozenset({
    "#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", FORMULA_WITHOUT_RESULT,
})  # fmt: skip
_HAN = re.compile(r"[\u3400-\u9fff]")
_ENCODER = msgspec.json.Encoder()


class Wrong(Exception):  # noqa: N818 - says what is wrong with a row, and is turned into a Refused
    """A cell that gives no part of a statement."""

    def __init__(self, part: str, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.part, self.reason, self.detail = part, reason, detail


class Converter:
    """Turns the rows of one file into items, in order.

    Args:
        source: code of the source; identifiers of statements depend on it.
        form: how a refused row is read again, for quarantine; see ``intake/repair.py``.
    """

    def __init__(self, mapping: Mapping, *, source: str, form: str = "") -> None:
        self.mapping, self.source, self.form = mapping, source, form
        self._seen: Counter[bytes] = Counter()

    def item(self, heading: list[str], cells: list[str]) -> Incoming | Refused:
        """One row as a statement, or refused for the first thing that is wrong."""
        found = dict(zip(heading, cells, strict=False))
        if len(cells) > len(heading):
            found |= {
                _("Column {n}").format(n=n + 1): cells[n] for n in range(len(heading), len(cells))
            }
            text = _("The row has {found} columns; its heading has {wanted}.")
            detail = text.format(found=len(cells), wanted=len(heading))
            return Refused(as_text(found), Reason.COLUMNS, detail, "", self.form)
        return self.of(found)

    def of(self, cells: dict[str, str]) -> Incoming | Refused:
        """The same, of cells by the names of their columns."""
        try:
            made = self._statement(cells)
        except Wrong as why:
            column = self.mapping.columns.get(why.part) or str(mappings.BY_NAME[why.part].label)
            return Refused(as_text(cells), why.reason, why.detail, column, self.form)
        made = {"id": self._id(cells, made), **made}
        return Incoming(_ENCODER.encode(made).decode(), made)

    def _id(self, cells: dict[str, str], made: dict[str, Any]) -> str:
        number = self._read(cells, "row_id")
        if number:
            return str(ids.stable_uuid("table.row", self.source, number))
        digest = hashlib.sha256(_ENCODER.encode(made)).digest()
        repeat = self._seen[digest] if self.mapping.repeats == "count" else 0
        if self.mapping.repeats == "count":
            self._seen[digest] += 1
        return str(ids.stable_uuid("table", self.source, digest.hex(), str(repeat)))

    def _statement(self, cells: dict[str, str]) -> dict[str, Any]:
        made: dict[str, Any] = {
            "actor": {
                "account": {
                    "homePage": self._home(cells),
                    "name": self._needed(cells, "actor_name"),
                }
            },
            "verb": self._verb(cells),
            "object": self._activity(cells),
        }
        result, context = self._result(cells), self._context(cells)
        if result:
            made["result"] = result
        if context:
            made["context"] = context
        made["timestamp"] = self._time(cells)
        return made

    def _read(self, cells: dict[str, str], part: str) -> str:
        """The text of a part: of its column, through its code table, else the constant; or ""."""
        column = self.mapping.columns.get(part)
        text = cells.get(column, "") if column else ""
        if not text:
            return self.mapping.constants.get(part, "")
        _sound(text, part)
        codes = self.mapping.codes.get(part)
        if codes is None:
            return text
        if text not in codes:
            said = _("The code table has no “{value}”. Add it, or correct the cell.")
            raise Wrong(part, Reason.CODE_UNKNOWN, said.format(value=text[:80]))
        return codes[text]

    def _needed(self, cells: dict[str, str], part: str) -> str:
        text = self._read(cells, part)
        if not text:
            reasons = {"actor_name": Reason.NOBODY, "time": Reason.TIME_MISSING}
            said = _("The cell is empty; “{part}” is needed.")
            detail = said.format(part=mappings.BY_NAME[part].label)
            raise Wrong(part, reasons.get(part, Reason.CELL_UNFIT), detail)
        return text

    def _home(self, cells: dict[str, str]) -> str:
        text = self._needed(cells, "actor_home")
        if not mappings.is_address(text):
            raise Wrong("actor_home", Reason.CELL_UNFIT, _no_address(text))
        return text

    def _verb(self, cells: dict[str, str]) -> dict[str, Any]:
        text = self._needed(cells, "verb")
        if not mappings.is_address(text):
            raise Wrong("verb", Reason.EVENT_UNKNOWN, _no_address(text))
        column = self.mapping.columns.get("verb")
        word = cells.get(column, "") if column and "verb" in self.mapping.codes else ""
        word = word or text.rstrip("/").rpartition("/")[2]
        return {"id": text, "display": _named(word)}

    def _activity(self, cells: dict[str, str]) -> dict[str, Any]:
        text, base = self._needed(cells, "activity"), self._read(cells, "activity_base")
        address = text if ":" in text and mappings.is_address(text) else f"{base}{quote(text)}"
        if not mappings.is_address(address):
            raise Wrong("activity", Reason.CELL_UNFIT, _no_address(text))
        made: dict[str, Any] = {"id": address}
        name, kind = self._read(cells, "activity_name"), self._read(cells, "activity_type")
        if kind and not mappings.is_address(kind):
            raise Wrong("activity_type", Reason.CELL_UNFIT, _no_address(kind))
        definition = {"name": _named(name)} if name else {}
        if kind:
            definition["type"] = kind  # type: ignore[assignment]
        return made | ({"definition": definition} if definition else {})

    def _time(self, cells: dict[str, str]) -> str:
        text, clock = self._needed(cells, "time"), self._read(cells, "clock")
        at = values.time(text, self.mapping.time_format, self.mapping.zone, clock)
        if at is None:
            said = _("“{value}” is not a time of the form {form}.")
            shown = f"{text} {clock}".strip()[:80]
            raise Wrong(
                "time",
                Reason.TIME_IMPOSSIBLE,
                said.format(value=shown, form=self.mapping.time_format),
            )
        return at.isoformat()

    def _result(self, cells: dict[str, str]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if score := self._score(cells):
            made["score"] = score
        for part in ("success", "completion"):
            if text := self._read(cells, part):
                answer = values.yes(text)
                if answer is None:
                    said = _("“{value}” is neither yes nor no. Give it a row of the code table.")
                    raise Wrong(part, Reason.CODE_UNKNOWN, said.format(value=text[:80]))
                made[part] = answer
        if text := self._read(cells, "response"):
            made["response"] = text
        if text := self._read(cells, "duration"):
            seconds = values.duration_seconds(text, self.mapping.duration_unit)
            if seconds is None:
                said = _("“{value}” is not a length of time in {unit}.")
                detail = said.format(value=text[:80], unit=self.mapping.duration_unit)
                raise Wrong("duration", Reason.CELL_UNFIT, detail)
            made["duration"] = values.iso_duration(seconds)
        return made

    def _score(self, cells: dict[str, str]) -> dict[str, Any]:
        raw = self._decimal(cells, "score")
        if raw is None:
            return {}
        low, high = self._decimal(cells, "score_min"), self._decimal(cells, "score_max")
        made: dict[str, Any] = {"raw": values.whole(raw)}
        if low is not None:
            made["min"] = values.whole(low)
        if high is not None:
            made["max"] = values.whole(high)
        floor = low or 0
        if high is not None and not floor <= raw <= high:
            said = _("A score of {raw} does not lie between {low} and {high}.")
            detail = said.format(raw=values.whole(raw), low=values.whole(floor), high=made["max"])
            raise Wrong("score", Reason.SCORE_IMPOSSIBLE, detail)
        if high is not None and high > floor:
            made["scaled"] = values.whole(round((raw - floor) / (high - floor), 4))
        return made

    def _decimal(self, cells: dict[str, str], part: str) -> float | None:
        text = self._read(cells, part)
        if not text:
            return None
        found = values.decimal(text)
        if found is None:
            said = _("“{value}” is not a number.")
            raise Wrong(part, Reason.SCORE_IMPOSSIBLE, said.format(value=text[:80]))
        return found

    def _context(self, cells: dict[str, str]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if text := self._read(cells, "registration"):
            made["registration"] = self._registration(text)
        if text := self._read(cells, "platform"):
            made["platform"] = text
        more = {
            address: cells[column]
            for address, column in self.mapping.extensions.items()
            if cells.get(column)
        }
        if more:
            made["extensions"] = more
        return made

    def _registration(self, text: str) -> str:
        try:
            return str(UUID(text))
        except ValueError:
            return str(ids.stable_uuid("table.registration", self.source, text))


def as_text(cells: dict[str, str]) -> str:
    """A row as it lies in quarantine: JSON, cells by column, so that each can be mended."""
    return _ENCODER.encode(cells).decode()


def _named(text: str) -> dict[str, str]:
    return {"zh-CN" if _HAN.search(text) else "und": text}


def _no_address(text: str) -> str:
    said = _("“{value}” is no address, and no code table or beginning makes it one.")
    return said.format(value=text[:80])


def _sound(text: str, part: str) -> None:
    """Refuse a cell that the spreadsheet itself has spoilt."""
    if text in ERRORS:
        said = _("The cell shows {value}: its formula has no result. Save the file with values.")
        raise Wrong(part, Reason.TEXT_DAMAGED, said.format(value=text))
    if text.startswith(LOST_DIGITS):
        said = _("The spreadsheet kept 15 digits of {value} only. Format the column as text.")
        raise Wrong(part, Reason.TEXT_DAMAGED, said.format(value=text.removeprefix(LOST_DIGITS)))
