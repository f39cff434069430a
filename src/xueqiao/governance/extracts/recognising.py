"""Whose copy a found file was made from: by marks in its keys, else by the order of its rows."""

from __future__ import annotations

import io
import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from xueqiao.governance.extracts import copies, designs
from xueqiao.governance.models import ResearchExtract, ResearchExtractFile
from xueqiao.kernel import errors
from xueqiao.lake import pseudonyms

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 20 * 1024 * 1024
KEY = re.compile(rf"[0-9a-f]{{{pseudonyms.MARK_WIDTH}}}-[0-9a-f]{{{copies.KEY_DIGITS}}}")
# Rows that stand once in the copy: fewer say nothing about an order.
LEAST_ROWS = 20
SURE_PERCENT = 90


class NotReadable(errors.Refusal):
    """The file is neither CSV nor Parquet, or too large."""

    code = "extract.not_readable"
    status = 422


@dataclass(frozen=True)
class Match:
    """A copy that a file seems to come from.

    Attributes:
        keys: rows whose key bears its mark.
        in_order: of the rows that could be placed, how many percent stand in its order; None where
            keys speak.
    """

    extract: ResearchExtract
    edition: int
    recipient: int
    keys: int
    in_order: int | None

    @property
    def name(self) -> str:
        return str(self.extract.recipients[self.recipient - 1])


def recognise(*, content: bytes) -> list[Match]:
    """The copies that a file seems to come from, the surest first; none where nothing fits.

    Raises:
        NotReadable.
    """
    rows = _read(content)
    marks = _marks(rows)
    if marks:
        found = [
            Match(extract, edition, recipient, marks[mark], None)
            for extract, edition, recipient, mark in _all_marks()
            if mark in marks
        ]
        return sorted(found, key=lambda each: (-each.keys, each.extract.pk, each.recipient))
    return sorted(_by_order(rows), key=lambda each: -(each.in_order or 0))


def _read(content: bytes) -> pa.Table:
    if len(content) > MOST_BYTES:
        text = _("The file is larger than {n} MB. Give a part of it: some thousand rows suffice.")
        raise NotReadable(text.format(n=MOST_BYTES // 1024 // 1024))
    try:
        if content[:4] == b"PAR1":
            return pq.read_table(io.BytesIO(content))
        return pyarrow.csv.read_csv(io.BytesIO(content))
    except pa.ArrowException as why:
        text = _("This is neither a CSV nor a Parquet file with a heading.")
        raise NotReadable(text) from why


def _marks(rows: pa.Table) -> Counter[str]:
    """How many rows bear which mark, in whatever column."""
    found: Counter[str] = Counter()
    for column in rows.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            texts = (text for text in column.to_pylist() if text and KEY.fullmatch(text))
            found.update(text[: pseudonyms.MARK_WIDTH] for text in texts)
    return found


def _all_marks() -> Iterator[tuple[ResearchExtract, int, int, str]]:
    for extract in ResearchExtract.objects.exclude(decided_at=None).order_by("pk"):
        for edition in range(1, extract.edition + 1):
            for recipient in range(1, len(extract.recipients) + 1):
                yield extract, edition, recipient, copies.mark(extract, recipient, edition)


def _by_order(rows: pa.Table) -> Iterator[Match]:
    """Copies that are still there and whose order the rows keep."""
    made = ResearchExtract.objects.filter(state=ResearchExtract.State.MADE).order_by("pk")
    for extract in made:
        design = designs.of(extract)
        names = [*extract.known, *(each.name for each in design.measures), *extract.sensitive]
        if set(names) - set(rows.column_names):
            continue
        lines = _lines(rows, names)
        for recipient in range(1, len(extract.recipients) + 1):
            share = _in_order(lines, _copy(extract, recipient, names))
            if share is not None and share >= SURE_PERCENT:
                yield Match(extract, extract.edition, recipient, 0, share)


def _copy(extract: ResearchExtract, recipient: int, names: list[str]) -> list[tuple[Any, ...]]:
    kind = ResearchExtractFile.Kind.PARQUET
    files = extract.files.filter(edition=extract.edition, recipient=recipient, kind=kind)
    found: list[tuple[Any, ...]] = []
    for file in files.order_by("number"):
        path = copies.folder(extract) / file.name
        if path.exists():
            found += _lines(pq.read_table(path), names)
    return found


def _lines(rows: pa.Table, names: list[str]) -> list[tuple[str, ...]]:
    # As text: a CSV gives numbers where a Parquet file has text, such as the code of a sex.
    columns = [[str(value) for value in rows[name].to_pylist()] for name in names]
    return list(zip(*columns, strict=True))


def _in_order(found: list[tuple[Any, ...]], copy: list[tuple[Any, ...]]) -> int | None:
    """Percent of neighbours that stand in the order of a copy; None where too few can be placed."""
    counts = Counter(copy)
    place = {line: number for number, line in enumerate(copy) if counts[line] == 1}
    once = Counter(found)
    numbers = [place[line] for line in found if line in place and once[line] == 1]
    if len(numbers) < LEAST_ROWS:
        return None
    rising = sum(after > before for before, after in itertools.pairwise(numbers))
    return 100 * rising // (len(numbers) - 1)
