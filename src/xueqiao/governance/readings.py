"""Who read rows of persons: written down before they are shown, each line bound to the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.governance.models import LakeReading
from xueqiao.kernel import errors, ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xueqiao.people.models import Person

ATTEMPTS = 50


class LogBusy(errors.Refusal):
    """So many read at one moment that the line could not be added."""

    code = "lake.reading_log_busy"
    status = 503


class Fault(NamedTuple):
    """A line of the log that does not fit to the one before: its number, and what is wrong."""

    number: int
    is_missing: bool


def note(
    *,
    by: Person,
    at: datetime,
    what: str,
    purpose: str,
    tables: Sequence[str],
    rows: int,
    grants: Sequence[int] = (),
    detail: dict[str, Any],
) -> LakeReading:
    """Write down one reading, within the transaction that hands the rows out.

    Args:
        what: ``LakeReading.What``.
        detail: what was asked: SQL, numbers of things; never rows.
        rows: how many rows are handed out.

    Raises:
        LogBusy: others were always faster.
    """
    row = LakeReading(
        at=at, by=by, what=what, purpose=purpose, tables=sorted(tables), rows=rows,
        grants=sorted(grants), detail=detail,
    )  # fmt: skip
    for _attempt in range(ATTEMPTS):
        last = LakeReading.objects.order_by("-number").first()
        row.pk, row.number = None, last.number + 1 if last else 1
        row.digest = digest(row, last.digest if last else "")
        try:
            # Two at once take the same number: the database lets one in, the other takes the next.
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            continue
        return row
    raise LogBusy(_("Too many read at this moment. Try again in a minute."))


def digest(row: LakeReading, before: str) -> str:
    """SHA-256 of what a line says and of the digest before it."""
    return ids.digest(
        {
            "before": before, "number": row.number, "at": row.at.isoformat(), "by": row.by_id,
            "what": row.what, "purpose": row.purpose, "grants": row.grants, "tables": row.tables,
            "detail": row.detail, "rows": row.rows,
        }
    )  # fmt: skip


def check() -> Fault | None:
    """Walk the whole log; the first line that is missing or was changed, None when all fit."""
    before, expected = "", 1
    for row in LakeReading.objects.order_by("number").iterator(chunk_size=2000):
        if row.number != expected:
            return Fault(expected, is_missing=True)
        if row.digest != digest(row, before):
            return Fault(expected, is_missing=False)
        before, expected = row.digest, expected + 1
    return None
