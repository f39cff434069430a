"""Flat rows of the hall for the lake.

Enrolments and offerings change, so ``since`` asks for those changed at or after an instant; a
reader keeps the greatest ``updated_at`` it saw and asks again from some minutes earlier, for
transactions that committed late. Completions and seat moves never change: ``after`` follows
``(xid, id)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model

from xueqiao.hall.models import Completion, Enrolment, Offering, SeatMove
from xueqiao.kernel import cursor, flat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

Row = TypeVar("Row", bound=Model)
CHUNK = 5000
OFFERING = (
    "pk",
    "code",
    "title",
    "course_id",
    "institution_id",
    "place_id",
    "term",
    "module_code",
    "presentation",
    "starts_on",
    "ends_on",
    "fee_fen",
    "credit_hundredths",
    "for_elders",
    "state",
    "is_sample",
    "updated_at",
)
ENROLMENT = (
    "pk",
    "offering_id",
    "person_id",
    "state",
    "asked_at",
    "enrolled_at",
    "ended_at",
    "updated_at",
    "offering__place_id",
)
COMPLETION = (
    "pk",
    "xid",
    "enrolment_id",
    "result",
    "completed_at",
    "studied_credits_hundredths",
    "enrolment__offering_id",
    "enrolment__person_id",
)
MOVE = (
    "pk",
    "xid",
    "bucket_id",
    "enrolment_id",
    "amount",
    "reason",
    "moved_at",
    "bucket__offering_id",
)


def _named(pk: str, columns: tuple[str, ...]) -> dict[str, str]:
    return {pk: "pk"} | {name.rpartition("__")[2]: name for name in columns[1:]}


OFFERINGS = flat.Export(
    Offering.objects.all(), _named("offering_id", OFFERING), key="offering_id", changed="updated_at"
)
ENROLMENTS = flat.Export(
    Enrolment.objects.all(),
    _named("enrolment_id", ENROLMENT),
    key="enrolment_id",
    changed="updated_at",
)
COMPLETIONS = flat.Export(Completion.objects.all(), _named("id", COMPLETION), key="id")
SEAT_MOVES = flat.Export(SeatMove.objects.all(), _named("id", MOVE), key="id")


def offerings(since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """One row an offering; ``fee_fen`` 1/100 yuan, ``credit_hundredths`` 1/100 credit."""
    return _rows(_changed(Offering.objects.all(), since), OFFERING, pk="offering_id")


def enrolments(since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """One row an enrolment with its state now; ``place_id`` is where the class is held."""
    return _rows(_changed(Enrolment.objects.all(), since), ENROLMENT, pk="enrolment_id")


def completions(after: cursor.Position | None = None) -> Iterator[dict[str, Any]]:
    """One row a completion; ``studied_credits_hundredths`` 1/100 credit, whatever the result."""
    rows = _behind(Completion.objects.order_by("pk"), after)
    return _rows(rows, COMPLETION, pk="completion_id")


def seat_moves(after: cursor.Position | None = None) -> Iterator[dict[str, Any]]:
    """One row a seat taken (+1) or given back (−1)."""
    rows = _behind(SeatMove.objects.order_by("pk"), after)
    return _rows(rows, MOVE, pk="seat_move_id")


def _behind(rows: QuerySet[Row], after: cursor.Position | None) -> QuerySet[Row]:
    return rows if after is None else cursor.after(rows, after)


def _changed(rows: QuerySet[Row], since: datetime | None) -> QuerySet[Row]:
    return (
        rows.order_by("pk") if since is None else rows.filter(updated_at__gte=since).order_by("pk")
    )


def _rows(rows: QuerySet[Row], columns: tuple[str, ...], *, pk: str) -> Iterator[dict[str, Any]]:
    names = [pk, *(name.rpartition("__")[2] for name in columns[1:])]
    for values in rows.values_list(*columns).iterator(chunk_size=CHUNK):
        yield dict(zip(names, values, strict=True))
