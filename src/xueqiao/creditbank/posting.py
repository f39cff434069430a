"""What a decided application leaves behind: outcomes, decisions, and lots for what was approved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xueqiao.creditbank import evidence, lots
from xueqiao.creditbank.models import (
    Application,
    ApplicationItem,
    ClaimedCertificate,
    Decision,
    Outcome,
    SourceKind,
)
from xueqiao.kernel import clock
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from xueqiao.people.models import Person

CREDIT_RULE = "prior.credit"
DECIDED = "creditbank.decided"
CENTRE = "credit-bank-centre"


def items_of(application: Application) -> list[ApplicationItem]:
    """The units of a case in order, with what posting asks of them."""
    return list(application.items.select_related("unit", "certificate__evidence").order_by("pk"))


def post_application(
    *,
    application: Application,
    items: Sequence[ApplicationItem],
    by: Person,
    at: datetime,
    reasons: str,
) -> None:
    """A decision for each unit, and a lot for each with credit. Inside the caller's transaction."""
    approved = [(item, item.proposed_hundredths) for item in items if item.proposed_hundredths]
    _post(application, approved, by, at, reasons, suffix="")
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


def post_review(
    *,
    application: Application,
    more: Sequence[tuple[ApplicationItem, int]],
    by: Person,
    at: datetime,
    reasons: str,
) -> None:
    """What a review adds: for each unit a decision that names the earlier one, and a lot.

    Args:
        more: what comes on top of what was given before, in 1/100 credit.
    """
    _post(application, more, by, at, reasons, suffix="/review")


def _post(  # noqa: PLR0917 - all that makes up the rows
    application: Application,
    approved: Sequence[tuple[ApplicationItem, int]],
    by: Person,
    at: datetime,
    reasons: str,
    suffix: str,
) -> None:
    hashes = evidence.check(application=application)
    earlier = dict(application.decisions.values_list("unit_id", "pk")) if suffix else {}
    outcomes = _certificate_outcomes(application, [item for item, _amount in approved])
    measures = lots.Measures()
    drafts = [
        replace(
            _draft(application, item, amount, by, at, reasons, suffix, measures),
            evidence_sha256=hashes,
            outcome_id=outcomes.get(item.certificate_id),
            replaces_id=earlier.get(item.unit_id),
        )
        for item, amount in approved
    ]
    lots.post_recognised(drafts=drafts, now=at)


def _draft(  # noqa: PLR0917 - all that makes up the row
    application: Application,
    item: ApplicationItem,
    amount_hundredths: int,
    by: Person,
    at: datetime,
    reasons: str,
    suffix: str,
    measures: lots.Measures,
) -> lots.Draft:
    today, institution = clock.local_date(at), application.institution
    shown = item.certificate
    kind = SourceKind.CERTIFICATE if shown else SourceKind.PRIOR
    return lots.Draft(
        key=_key(application, item, suffix),
        person_id=application.applicant_id,
        unit=item.unit,
        institution_id=application.institution_id,
        issuer=institution.code if institution else CENTRE,
        number=f"{application.number}/{item.unit.code}{suffix}",
        result="recognised",
        amount_hundredths=amount_hundredths,
        source_kind=kind,
        obtained=shown.obtained if shown else application.obtained,
        event_at=at,
        rule=measures.rule(CREDIT_RULE, today),
        reasons=reasons,
        valid_to=_earlier(measures.valid_to(kind, today), shown.expires if shown else None),
        evidence_sha256=(),
        source=f"application {application.number}",
        application=application,
        decided_by_id=by.pk,
    )


def _certificate_outcomes(
    application: Application, items: Sequence[ApplicationItem]
) -> dict[int | None, int]:
    """One outcome for each certificate, whatever number of units rests on it: ids by certificate.

    The database refuses a second outcome of the same issuer and number, or of the same content.
    """
    shown = {item.certificate_id: item.certificate for item in items if item.certificate}
    return {pk: _outcome(application, each).pk for pk, each in shown.items()}


def _outcome(application: Application, shown: ClaimedCertificate) -> Outcome:
    title = " ".join(part for part in (shown.kind, shown.title, shown.level) if part)[:200]
    known = Outcome.objects.filter(fingerprint=shown.content_key).first()
    return known or Outcome.objects.create(
        person_id=application.applicant_id, kind=SourceKind.CERTIFICATE, issuer=shown.issuer,
        number=shown.number_key, title_zh=title, title_en=title, result=shown.result or "obtained",
        obtained=shown.obtained, valid_to=shown.expires, fingerprint=shown.content_key,
        evidence_sha256=[shown.file_sha256], source=f"application {application.number}",
    )  # fmt: skip


def _earlier(first: date | None, second: date | None) -> date | None:
    return min((day for day in (first, second) if day), default=None)


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


def _key(application: Application, item: ApplicationItem, suffix: str = "") -> str:
    return f"application:{application.pk}:{item.unit.code}{suffix}"


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
