"""What the hall tells the log. The payloads are a contract for readers: flat, JSON values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from xueqiao.hall.models import Completion, Enrolment

ENROLLED = "hall.enrolled"
WITHDRAWN = "hall.withdrawn"
COMPLETED = "hall.completed"

Fact = dict[str, Any]  # the arguments of ``log.entry``


def tell(facts: Iterable[Fact]) -> None:
    """Append what happened to the log, in the transaction of the verb that made it happen."""
    log.append_many([log.entry(**fact) for fact in facts])


def _fact(kind: str, enrolment: Enrolment, at: datetime, payload: dict[str, Any]) -> Fact:
    return {"kind": kind, "key": f"enrolment:{enrolment.pk}", "event_at": at, "payload": payload}


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


def enrolled(enrolment: Enrolment) -> Fact:
    """A seat was given: ``enrolled_at`` is the instant, ISO 8601."""
    at = enrolment.enrolled_at
    assert at is not None
    payload = {**_facts(enrolment), "enrolled_at": _instant(at)}
    return _fact(ENROLLED, enrolment, at, payload)


def withdrawn(enrolment: Enrolment) -> Fact:
    """A learner left the class or its waiting list: ``had_seat`` tells which."""
    at = enrolment.ended_at
    assert at is not None
    payload = {
        **_facts(enrolment),
        "withdrawn_at": _instant(at),
        "had_seat": enrolment.enrolled_at is not None,
    }
    return _fact(WITHDRAWN, enrolment, at, payload)


def completed(completion: Completion) -> Fact:
    """An enrolment ended with a result; the credit bank follows this."""
    payload = {
        **_facts(completion.enrolment),
        "result": completion.result,
        "studied_credits_hundredths": completion.studied_credits_hundredths,
        "completed_at": _instant(completion.completed_at),
    }
    return _fact(COMPLETED, completion.enrolment, completion.completed_at, payload)
