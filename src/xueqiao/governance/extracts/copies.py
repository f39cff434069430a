"""Each recipient's own copy: the same rows under other keys, and so in another order.

Every ``person_key`` begins with the copy's mark: eight digits made from the identity key, the
extract, its edition and the recipient. Rows are sorted by the key, so their order is the copy's
own, too. Nothing else differs: all analyses but those of the keys themselves give equal results.

What a mark proves: whoever made the file had a row of that copy; nobody without the identity key
can make the mark of a copy that they never saw. It does not prove who passed it on, and it is gone
when the keys are taken out and the rows sorted anew (``recognising`` then has nothing to say).
"""

from __future__ import annotations

import json
import shutil
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.governance.exporting import writing
from xueqiao.governance.extracts import designs
from xueqiao.governance.models import ResearchExtract, ResearchExtractFile
from xueqiao.kernel import errors, whole
from xueqiao.lake import pseudonyms
from xueqiao.lake.anonymity import ladders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = ResearchExtractFile.Kind
KEY_DIGITS = 24
"""Of a key behind its mark: 96 bits."""
VALUES = {
    ladders.ANYTHING: "not told",
    ladders.UNKNOWN: "not known",
    ladders.NEVER: "not within the period",
    "sex": "GB/T 2261.1",
    "home": "code in the register that the report names",
}
"""What stands in the columns of persons, for readers of the report."""


class PersonGone(errors.Refusal):
    """Somebody was erased after the rows were made; the next run makes them anew."""

    code = "extract.person_gone"


def home() -> Path:
    """Where the files of all extracts lie."""
    found: Path = settings.HOME
    return found / "research_extracts"


def folder(extract: ResearchExtract) -> Path:
    """Where the files of the present edition lie."""
    return home() / extract.key.hex / str(extract.edition)


def remove(extract: ResearchExtract) -> bool:
    """Delete all files of an extract; whether there were any."""
    found = home() / extract.key.hex
    if not found.exists():
        return False
    shutil.rmtree(found)
    return True


def mark(extract: ResearchExtract, recipient: int, edition: int = 0) -> str:
    """What every key of a copy begins with. ``edition``: the present one when it is left out."""
    return pseudonyms.mark(_name(extract, recipient, edition or extract.edition))


def keyed(extract: ResearchExtract, rows: pa.Table, recipient: int) -> pa.Table:
    """The rows of a copy: ``person_key`` in the place of ``learner_id``, sorted by it.

    Where learners are not to be followed, each month has keys of its own.

    Raises:
        PersonGone: there is no key for somebody any more.
    """
    learners = rows["learner_id"].to_pylist()
    keys = pseudonyms.of(learners, purpose=_name(extract, recipient, extract.edition))
    if len(keys) < len(set(learners)):
        raise PersonGone(_("Somebody was erased meanwhile. The rows are made anew."))
    names = [keys[learner] for learner in learners]
    design = designs.of(extract)
    parted = design.is_monthly and not extract.follows and design.month in extract.known
    if parted:
        months = rows[design.month].to_pylist()
        names = [pseudonyms.parted(*each) for each in zip(names, months, strict=True)]
    sign = mark(extract, recipient)
    column = pa.array([f"{sign}-{name[:KEY_DIGITS]}" for name in names], pa.string())
    found = rows.set_column(0, pseudonyms.COLUMN, column)
    order = [pseudonyms.COLUMN, *extract.known]
    return found.sort_by([(name, "ascending") for name in order])


def missing(extract: ResearchExtract, rows: pa.Table) -> Iterator[tuple[int, str, int]]:
    """Recipient, kind and number of the files of rows that are not written yet, in order."""
    there = set(
        extract.files.filter(edition=extract.edition).values_list("recipient", "kind", "number")
    )
    parts = max(1, -(-rows.num_rows // writing.PART_ROWS))
    for recipient in range(1, len(extract.recipients) + 1):
        for kind in (Kind.CSV.value, Kind.PARQUET.value):
            for number in range(1, parts + 1):
                if (recipient, kind, number) not in there:
                    yield recipient, kind, number


def write(
    extract: ResearchExtract, rows: pa.Table, recipient: int, kind: str, number: int
) -> ResearchExtractFile:
    """Write one file of a copy, whole on the disk before this answers; not yet saved as a row.

    Args:
        rows: the copy's, as ``keyed`` gives them.
    """
    part = rows.slice((number - 1) * writing.PART_ROWS, writing.PART_ROWS)
    name = f"copy-{recipient:02d}-{number:05d}.{kind}"
    path = folder(extract) / name
    digest = writing.put(kind, path, part, is_first=number == 1)
    return ResearchExtractFile(
        extract=extract, edition=extract.edition, recipient=recipient, kind=kind, number=number,
        name=name, rows=part.num_rows, size_bytes=path.stat().st_size, sha256=digest,
    )  # fmt: skip


def write_report(extract: ResearchExtract, recipient: int) -> ResearchExtractFile:
    """Write the report that goes with a copy: what was reached, its files, its mark."""
    name = f"copy-{recipient:02d}-report.json"
    path = folder(extract) / name
    text = json.dumps(report(extract, recipient), ensure_ascii=False, indent=1, sort_keys=True)
    digest = whole.write(path, lambda file: _put(file, text))
    return ResearchExtractFile(
        extract=extract, edition=extract.edition, recipient=recipient, kind=Kind.REPORT.value,
        number=1, name=name, rows=0, size_bytes=path.stat().st_size, sha256=digest,
    )  # fmt: skip


def report(extract: ResearchExtract, recipient: int) -> dict[str, Any]:
    """What ships beside a copy: terms, what was reached, files, mark."""
    rows = extract.files.filter(edition=extract.edition, recipient=recipient)
    files = rows.exclude(kind=Kind.REPORT).order_by("kind", "number")
    return {
        "extract": f"X-{extract.pk}",
        "edition": extract.edition,
        "design": extract.design,
        "place": {"code": extract.place.code, "name": extract.place.name},
        "first_month": f"{extract.first_month:%Y-%m}",
        "last_month": f"{extract.last_month:%Y-%m}",
        "purpose": extract.purpose,
        "ethics": extract.ethics,
        "to_be_destroyed_by": extract.valid_to.isoformat(),
        "recipient": extract.recipients[recipient - 1],
        "mark": mark(extract, recipient),
        "can_be_followed": designs.is_followed(extract),
        "reached": extract.report,
        "values": VALUES,
        "files": [{"name": each.name, "rows": each.rows, "sha256": each.sha256} for each in files],
    }


def _name(extract: ResearchExtract, recipient: int, edition: int) -> str:
    # Of each edition anew: rows that are in one and not in the next would tell who was erased.
    return f"extract:{extract.key.hex}:{edition}:{recipient}"


def _put(file: IO[bytes], text: str) -> None:
    file.write(f"{text}\n".encode())
