"""What the hall tells the log. The payloads are a contract for readers: flat, JSON values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.records import log

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.hall.models import Completion, Enrolment

ENROLLED = "hall.enrolled"
WITHDRAWN = "hall.withdrawn"
COMPLETED = "hall.completed"


def _facts(enrolment: Enrolment) -> dict[str, Any]:
    offering = enrolment.offering
    return {
        "enrolment_id": enrolment.pk,
        "person_id": enrolment.person_id,
        "offering_code": offering.code,
        "module_code": offering.module_code,
        "presentation": offering.presentation,
        "institution_code": offering.institution.code,
    }


def _instant(at: datetime | None) -> str:
    assert at is not None
    return at.isoformat()


def enrolled(enrolment: Enrolment) -> log.LogEntry:
    """A seat was given: ``enrolled_at`` is the instant, ISO 8601."""
    at = enrolment.enrolled_at
    assert at is not None
    payload = {**_facts(enrolment), "enrolled_at": _instant(at)}
    return log.entry(kind=ENROLLED, key=f"enrolment:{enrolment.pk}", event_at=at, payload=payload)


def withdrawn(enrolment: Enrolment) -> log.LogEntry:
    """A learner left the class or its waiting list: ``had_seat`` tells which."""
    at = enrolment.ended_at
    assert at is not None
    payload = {
        **_facts(enrolment),
        "withdrawn_at": _instant(at),
        "had_seat": enrolment.enrolled_at is not None,
    }
    return log.entry(kind=WITHDRAWN, key=f"enrolment:{enrolment.pk}", event_at=at, payload=payload)


def completed(completion: Completion) -> log.LogEntry:
    """An enrolment ended with a result; the credit bank follows this."""
    payload = {
        **_facts(completion.enrolment),
        "result": completion.result,
        "studied_credits_hundredths": completion.studied_credits_hundredths,
        "completed_at": _instant(completion.completed_at),
    }
    return log.entry(
        kind=COMPLETED, key=f"enrolment:{completion.enrolment_id}",
        event_at=completion.completed_at, payload=payload,
    )
