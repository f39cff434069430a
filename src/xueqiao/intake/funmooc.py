"""FUN-MOOC: one week of video statements, already xAPI 1.0.3. One statement a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake import files
from xueqiao.intake.feed import Feed, Handed
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "statements.jsonl.gz"


def handed(folder: Path) -> list[Handed]:
    data = files.packed(folder / "funmooc" / NAME)
    return [Handed(NAME, data, lambda: _lines(data), items)]


def _lines(data: bytes) -> list[str]:
    text = files.decoded(files.unpacked(data, NAME), NAME)
    # Not splitlines(): a JSON text may hold U+2028, which that takes for the end of a line.
    return [line for line in text.split("\n") if line.strip()]


def items(line: str) -> Iterator[Incoming | Refused]:
    try:
        yield Incoming(line, msgspec.json.decode(line))
    except (msgspec.DecodeError, RecursionError) as why:
        text = _("The line is not JSON: {why}.")
        yield Refused(line, Reason.NOT_JSON, text.format(why=why))


FEED = Feed("funmooc", "FUN-MOOC", 1, handed)
