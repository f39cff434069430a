"""What a decided application leaves behind: decisions, and lots for what was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.creditbank import evidence, lots
from xueqiao.creditbank.models import Application, ApplicationItem, Decision, SourceKind
from xueqiao.kernel import clock
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xueqiao.people.models import Person

CREDIT_RULE = "prior.credit"
DECIDED = "creditbank.decided"
CENTRE = "credit-bank-centre"


def post_application(
    *,
    application: Application,
    items: Sequence[ApplicationItem],
    by: Person,
    at: datetime,
    reasons: str,
) -> None:
    """A decision for each unit, and a lot for each with credit. Inside the caller's transaction."""
    hashes = evidence.check(application=application)
    approved = [item for item in items if item.proposed_hundredths]
    lots.post_recognised(
        drafts=[_draft(application, item, hashes, by, at, reasons) for item in approved], now=at
    )
    _refuse(application, [item for item in items if not item.proposed_hundredths], by, at, reasons)
    _tell(application, sum(item.proposed_hundredths or 0 for item in items), at)


def refuse_application(
    *,
    application: Application,
    items: Sequence[ApplicationItem],
    by: Person,
    at: datetime,
    reasons: str,
) -> None:
    """A decision against each unit. Inside the caller's transaction."""
    _refuse(application, items, by, at, reasons)
    _tell(application, 0, at)


def _draft(  # noqa: PLR0917 - all that makes up the row
    application: Application,
    item: ApplicationItem,
    hashes: tuple[str, ...],
    by: Person,
    at: datetime,
    reasons: str,
) -> lots.Draft:
    measures, today = lots.Measures(), clock.local_date(at)
    institution = application.institution
    return lots.Draft(
        key=_key(application, item),
        person_id=application.applicant_id,
        unit=item.unit,
        institution_id=application.institution_id,
        issuer=institution.code if institution else CENTRE,
        number=f"{application.number}/{item.unit.code}",
        result="recognised",
        amount_hundredths=item.proposed_hundredths or 0,
        source_kind=SourceKind.PRIOR,
        obtained=application.obtained,
        event_at=at,
        rule=measures.rule(CREDIT_RULE, today),
        reasons=reasons,
        valid_to=measures.valid_to(SourceKind.PRIOR, today),
        evidence_sha256=hashes,
        source=f"application {application.number}",
        application=application,
        decided_by_id=by.pk,
    )


def _refuse(
    application: Application,
    items: Sequence[ApplicationItem],
    by: Person,
    at: datetime,
    reasons: str,
) -> None:
    rule = lots.Measures().rule(CREDIT_RULE, clock.local_date(at))
    Decision.objects.bulk_create(
        [
            Decision(
                key=_key(application, item), person_id=application.applicant_id,
                application=application, unit=item.unit, approved=False, amount_hundredths=0,
                reasons=reasons, rule=rule, decided_by=by, decided_at=at,
            )
            for item in items
        ]
    )  # fmt: skip


def _key(application: Application, item: ApplicationItem) -> str:
    return f"application:{application.pk}:{item.unit.code}"


def _tell(application: Application, amount_hundredths: int, at: datetime) -> None:
    payload = {
        "application_id": application.pk,
        "person_id": application.applicant_id,
        "amount_hundredths": amount_hundredths,
        "submitted_at": _submitted(application),
        "decided_at": at.isoformat(),
    }
    log.append(kind=DECIDED, key=f"application:{application.pk}", event_at=at, payload=payload)


def _submitted(application: Application) -> str:
    first = application.steps.filter(verb="submit").order_by("number").first()
    return first.at.isoformat() if first else ""
