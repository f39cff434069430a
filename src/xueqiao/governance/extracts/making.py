"""The job: reads and hides once, then writes file by file; a killed one goes on where it was."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from xueqiao.governance.exporting import writing
from xueqiao.governance.extracts import anonymising, copies, designs, reading
from xueqiao.governance.models import ResearchExtract
from xueqiao.kernel import errors, lease
from xueqiao.lake import pseudonyms

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from django.db.models import QuerySet

    from xueqiao.governance.extracts.reading import Source

State = ResearchExtract.State


def work(*, now: datetime, seconds: float = 40.0) -> int:
    """Go on with what was granted, oldest first, for about so many seconds. How many steps."""
    until, done = time.monotonic() + seconds, 0
    waiting = ResearchExtract.objects.to_make().order_by("pk").values_list("pk", flat=True)
    for number in list(waiting):
        has_more = True
        while has_more and time.monotonic() < until:
            has_more = step(number=number, at=now)
            done += 1
    return done


def step(*, number: int, at: datetime) -> bool:
    """The next step of an extract, if nobody else works on it; whether there is more to do.

    A step hides the rows, writes the files of one recipient that are missing, or ends it.
    """
    extract = _claim(number, at)
    if extract is None:
        return False
    try:
        if not extract.report or not _rows_file(extract).exists():
            return hide(extract, reading.read(extract), at)
        return _copy(extract, at)
    except copies.PersonGone:
        return _again(extract)
    except errors.Refusal as why:
        _fail(extract, str(why), at)
    except (OSError, pa.ArrowException) as why:
        _fail(extract, getattr(why, "strerror", None) or str(why), at)
    return False


def hide(extract: ResearchExtract, source: Source, at: datetime) -> bool:
    """Make the rows of an extract from what was read, and keep them for the copies.

    Returns:
        Whether the extract is still this process's to make.

    Raises:
        anonymising.TooFewPersons, anonymising.NotDiverse, anonymising.NotHidden.
    """
    learners = set(source.facts["learner_id"].to_pylist())
    known = set(pseudonyms.of(learners, purpose="extract"))
    made = anonymising.anonymise(extract, source, known)
    writing.put("parquet", _rows_file(extract), made.rows, is_first=True)
    told = made.told | {
        "register": source.register, "tables": dict(source.versions),
        "places": _named(made.rows, source, extract),
    }  # fmt: skip
    return bool(_mine(extract).update(report=told, rows=made.rows.num_rows, owned_at=at))


def _named(rows: pa.Table, source: Source, extract: ResearchExtract) -> dict[str, str]:
    """The names of the places that the rows still tell."""
    if designs.HOME not in extract.known:
        return {}
    codes = sorted(set(rows[designs.HOME].to_pylist()))
    return {code: source.names[code] for code in codes if code in source.names}


def _copy(extract: ResearchExtract, at: datetime) -> bool:
    """Write what is missing of the next recipient's copy; end the extract when nothing is."""
    rows = pq.read_table(_rows_file(extract))
    left = list(copies.missing(extract, rows))
    if not left:
        _end(extract, at)
        return False
    recipient = left[0][0]
    own = copies.keyed(extract, rows, recipient)
    for whose, kind, number in left:
        if whose == recipient:
            made = copies.write(extract, own, recipient, kind, number)
            with transaction.atomic():
                if not _mine(extract).update(owned_at=at):
                    return False
                made.save()
    return True


def _end(extract: ResearchExtract, at: datetime) -> None:
    with transaction.atomic():
        for recipient in range(1, len(extract.recipients) + 1):
            copies.write_report(extract, recipient).save()
        made = _mine(extract).update(state=State.MADE, made_at=at, owner="", owned_at=None)
        # Lost to an erasure in the meantime: nothing of this edition is kept.
        transaction.set_rollback(not made)
    if made:
        # It names learners by their numbers; the copies do not.
        _rows_file(extract).unlink()


def _again(extract: ResearchExtract) -> bool:
    """Begin anew, without whoever was erased meanwhile. Whether it is still this process's."""
    shutil.rmtree(copies.folder(extract), ignore_errors=True)
    with transaction.atomic():
        begun = _mine(extract).update(report={}, rows=0, edition=extract.edition + 1)
    return bool(begun)


def _fail(extract: ResearchExtract, why: str, at: datetime) -> None:
    if _mine(extract).update(state=State.FAILED, failure=why[:600], ended_at=at, owner=""):
        copies.remove(extract)


def _rows_file(extract: ResearchExtract) -> Path:
    return copies.folder(extract) / "rows.parquet"


def _mine(extract: ResearchExtract) -> QuerySet[ResearchExtract]:
    """The extract, as long as this process makes this edition of it."""
    return ResearchExtract.objects.filter(
        pk=extract.pk, state=State.GRANTED, owner=extract.owner, edition=extract.edition
    )


def _claim(number: int, at: datetime) -> ResearchExtract | None:
    with transaction.atomic():
        rows = ResearchExtract.objects.select_for_update(of=("self",)).select_related("place")
        extract = rows.filter(pk=number, state=State.GRANTED).first()
        if extract is None or not lease.is_free(extract.owner, extract.owned_at, at=at):
            return None
        extract.owner, extract.owned_at = lease.owner(), at
        extract.save(update_fields=["owner", "owned_at"])
    return extract
