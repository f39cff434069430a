"""Flat rows of the hall for the lake.

Enrolments and offerings change and are followed by ``updated_at``; completions and seat moves never
change and are followed by ``(xid, id)``.
"""

from __future__ import annotations

from xueqiao.hall.models import Completion, Enrolment, Offering, SeatMove
from xueqiao.kernel import flat

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
