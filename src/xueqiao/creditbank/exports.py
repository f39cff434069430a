"""The credit bank as flat rows for the lake. No names: who somebody is stays in the database."""

from __future__ import annotations

from typing import Any

from xueqiao.creditbank.models import (
    Award,
    Certificate,
    CreditLot,
    LearningAccount,
    LotParent,
    Transfer,
)
from xueqiao.kernel import flat

TRANSFER_COLUMNS = (
    "xid", "id", "key", "debit_id", "credit_id", "amount_hundredths", "code", "phase", "pending_id",
    "reverses_id", "event_at", "posted_at", "expires_at",
)  # fmt: skip
LOT_COLUMNS = (
    "xid", "id", "account_id", "person_id", "institution_id", "unit__code", "level__number",
    "field", "amount_hundredths", "source_kind", "obtained", "valid_to", "hops", "state",
)  # fmt: skip


def _named(columns: tuple[str, ...]) -> dict[str, str]:
    return {name.replace("__", "_"): name for name in columns}


TRANSFERS = flat.Export(Transfer.objects.all(), _named(TRANSFER_COLUMNS), key="id")
LOTS = flat.Export(CreditLot.objects.all(), _named(LOT_COLUMNS), key="id")
LEARNING_ACCOUNTS = flat.Export(
    LearningAccount.objects.all(),
    _named(("id", "person_id", "status", "opened_at")),
    key="id",
)
CERTIFICATES = flat.Export(
    Certificate.objects.all(),
    {"certificate_id": "pk"}
    | _named(
        (
            "kind", "state", "person_id", "institution_id", "lot_id", "conversion_id",
            "requested_at", "issued_at", "valid_until", "revoked_at",
        )
    ),
    key="certificate_id",
)  # fmt: skip
AWARDS = flat.Export(
    Award.objects.all(),
    {"award_id": "pk", "institution_id": "qualification__institution_id"}
    | _named(
        (
            "qualification_id", "person_id", "total_hundredths", "state", "state_since", "asked_at",
            "awarded_at",
        )
    ),
    key="award_id",
)  # fmt: skip


def lots_of(person_ids: set[int]) -> set[int]:
    """The ids of the lots that some people hold."""
    return set(CreditLot.objects.filter(person_id__in=person_ids).values_list("pk", flat=True))


def reported_lots(ids: set[int]) -> list[dict[str, Any]]:
    """What another bank is told about lots: no name, no identity number; by id. 2 queries.

    Keys: account (number of the learning account), lot, kind, unit, title, level,
    credit_hundredths, obtained, valid_to, state, issuer, parents (lots behind it, by id).
    """
    rows = CreditLot.objects.filter(pk__in=ids).select_related(
        "unit", "level", "institution", "decision__outcome", "person__learning_account"
    )
    parents: dict[int, list[int]] = {}
    links = LotParent.objects.filter(lot_id__in=ids).order_by("parent_id")
    for lot_id, parent_id in links.values_list("lot_id", "parent_id"):
        parents.setdefault(lot_id, []).append(parent_id)
    return [_reported(lot, parents.get(lot.pk, [])) for lot in rows.order_by("pk")]


def _reported(lot: CreditLot, parents: list[int]) -> dict[str, Any]:
    outcome = lot.decision.outcome if lot.decision else None
    return {
        "account": lot.person.learning_account.number,
        "lot": lot.pk,
        "kind": lot.source_kind,
        "unit": lot.unit.code if lot.unit else "",
        "title": lot.title_zh,
        "level": lot.level.number,
        "credit_hundredths": lot.amount_hundredths,
        "obtained": lot.obtained.isoformat(),
        "valid_to": lot.valid_to.isoformat() if lot.valid_to else None,
        "state": lot.state,
        "issuer": outcome.issuer if outcome else (lot.institution.code if lot.institution else ""),
        "parents": parents,
    }
