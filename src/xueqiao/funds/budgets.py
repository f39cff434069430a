"""Approved budgets: recorded once, corrected by a further row, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.funds.models import ApprovedBudget
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

LIFELONG_EDUCATION = "lifelong_education"


class NegativeAmount(errors.Refusal):
    """An approved budget is at least 0."""

    code = "budget.negative_amount"
    status = 422


class AlreadyApproved(errors.Refusal):
    """The place already has a budget for this year and line."""

    code = "budget.already_approved"


class KeyReused(errors.Refusal):
    """The request key already belongs to another budget."""

    code = "budget.key_reused"


class NoSuchBudget(errors.Refusal):
    """There is no budget under this number, or it was already corrected."""

    code = "budget.unknown"
    status = 404


@dataclass(frozen=True)
class Approval:
    """Money approved for a place, year and budget line. ``fen``: 1/100 yuan, at least 0."""

    place_id: int
    year: int
    fen: int
    approved_on: date
    source: str
    request_key: str
    line: str = LIFELONG_EDUCATION
    is_sample: bool = False


def approve(approval: Approval) -> ApprovedBudget:
    """Record one approved budget, once for each request key. See ``approve_many``."""
    approve_many([approval])
    return ApprovedBudget.objects.get(request_key=approval.request_key)


@transaction.atomic
def approve_many(approvals: Sequence[Approval]) -> int:
    """Record approved budgets, all or none; repeated ones change nothing.

    Returns:
        How many were new.

    Raises:
        NegativeAmount: an amount below 0.
        AlreadyApproved: a place has another budget for the year and line; correct that one.
        KeyReused: a request key belongs to a budget with other facts.
    """
    keys = [each.request_key for each in approvals]
    earlier = ApprovedBudget.objects.in_bulk(keys, field_name="request_key")
    taken = set(
        ApprovedBudget.objects.filter(
            corrects=None, year__in={each.year for each in approvals}
        ).values_list("place_id", "year", "line")
    )
    fresh = []
    for each in approvals:
        check_amount(each.fen)
        if each.request_key in earlier:
            _check_same(earlier[each.request_key], each)
            continue
        if (each.place_id, each.year, each.line) in taken:
            text = _("There is a budget of {year} for this place already. Correct it instead.")
            raise AlreadyApproved(text.format(year=each.year))
        taken.add((each.place_id, each.year, each.line))
        fresh.append(ApprovedBudget(**vars(each)))
    ApprovedBudget.objects.bulk_create(fresh, batch_size=500)
    return len(fresh)


@transaction.atomic
def correct(
    *, budget_id: int, fen: int, approved_on: date, source: str, request_key: str
) -> ApprovedBudget:
    """Put a budget right by a further row; the first stays as evidence.

    Raises:
        NegativeAmount: an amount below 0.
        NoSuchBudget: no such budget, or it was corrected before; correct the latest row.
        KeyReused: the key belongs to another row.
    """
    check_amount(fen)
    earlier = ApprovedBudget.objects.filter(request_key=request_key).first()
    if earlier:
        if (earlier.corrects_id, earlier.fen) != (budget_id, fen):
            raise KeyReused(key_reused_text(request_key))
        return earlier
    found = (
        ApprovedBudget.objects.select_for_update(of=("self",))
        .filter(pk=budget_id, corrected_by__isnull=True)
        .first()
    )
    if found is None:
        raise NoSuchBudget(
            _("Budget {id} is unknown or was already corrected. Correct the latest row.").format(
                id=budget_id
            )
        )
    return ApprovedBudget.objects.create(
        place_id=found.place_id,
        year=found.year,
        line=found.line,
        fen=fen,
        approved_on=approved_on,
        source=source,
        is_sample=found.is_sample,
        corrects=found,
        request_key=request_key,
    )


def check_amount(fen: int, pointer: str = "fen") -> None:
    """Refuse an amount below 0.

    Raises:
        NegativeAmount: below 0.
    """
    if fen < 0:
        text = _("An approved budget is 0 or more; {fen} fen were given. Check the sign.")
        raise NegativeAmount(text.format(fen=fen), pointer=pointer)


def key_reused_text(key: str) -> str:
    return _("The request key {key} already belongs to another budget. Use a new key.").format(
        key=key
    )


def _check_same(earlier: ApprovedBudget, approval: Approval) -> None:
    facts = ("place_id", "year", "line", "fen")
    if any(getattr(earlier, name) != getattr(approval, name) for name in facts):
        raise KeyReused(key_reused_text(approval.request_key))
