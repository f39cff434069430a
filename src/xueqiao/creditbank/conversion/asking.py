"""Asking for conversion: what a rule makes of the lots, and the reservation that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import caps, matching, rules
from xueqiao.creditbank.models import (
    Conversion,
    ConversionResult,
    ConversionStep,
    ConversionUse,
    CreditLot,
    LearningAccount,
)
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from xueqiao.people.models import Person


class RequestReused(errors.Refusal):
    """The request key already belongs to another conversion."""

    code = "conversion.request_reused"


class NothingToConvert(errors.Refusal):
    """No lot, an amount below 0.01, or so little that the rule makes nothing of it."""

    code = "conversion.nothing_to_convert"
    status = 422


class LeftSideUnmet(errors.Refusal):
    """The rule asks for more, or for other credit together with this."""

    code = "conversion.left_side_unmet"
    status = 422


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a lot may be used, in 1/100 credit of the lot; what is not needed stays in it."""

    lot_id: int
    amount_hundredths: int


@transaction.atomic
def request(
    *,
    request_key: str,
    person: Person,
    by: Person,
    version_id: int,
    uses: Sequence[Use],
    at: datetime,
) -> Conversion:
    """Ask for conversion under a published rule; what it needs is reserved until it is answered.

    A repeated call with the same key returns the first conversion.

    Args:
        by: the learner, or a helper of the service point who enters it.

    Raises:
        matching.RuleNotInForce, matching.DoesNotCount, caps.RightUsedUp, caps.CapReached,
        NothingToConvert, LeftSideUnmet, RequestReused, rights.NotAllowed.
    """
    asked = sorted((each.lot_id, each.amount_hundredths) for each in uses)
    request_hash = rules.canonical_hash([person.pk, version_id, *asked])
    held = lock_lots([lot_id for lot_id, _amount in asked], person)
    found = Conversion.objects.filter(request_key=request_key).first()
    if found:
        if found.request_hash == request_hash:
            return found
        raise RequestReused(_("This form was sent before with other contents. Open the form anew."))
    today = clock.local_date(at)
    if by != person:
        rights.check(by, rights.RECOGNITION_ENTER, today, place_id=person.home_id or 0)
    rule = matching.applicable(matching.version_in_force(version_id, today))
    matching.refuse_misfits(held.values(), rule, person, today)
    filled = _filled(rule, asked, held, today)
    until = at + timedelta(days=rule.version.reserve_days)
    group_id = caps.reserve(
        key=f"reserve:{request_key}", rule=rule, person=person, uses=_rights(filled, held),
        granted=filled.granted, at=at, until=until,
    )  # fmt: skip
    conversion = Conversion.objects.create(
        request_key=request_key, request_hash=request_hash, person=person, version=rule.version,
        asked_by=by, granted_hundredths=filled.total_hundredths, state_since=at, asked_at=at,
        reserved_until=until, reservation_id=group_id,
    )  # fmt: skip
    _write_parts(conversion, rule, filled, by, at)
    return conversion


def lock_lots(ids: Sequence[int], person: Person) -> dict[int, CreditLot]:
    """Lock the learner's account, then the lots, lowest id first; the lots by id.

    Of two equal requests at one moment the second finds the first, and what is read of the
    learner's caps stays as it is until the end of the transaction.

    Raises:
        rights.NotAllowed: a lot is not the learner's.
    """
    list(LearningAccount.objects.select_for_update(no_key=True).filter(person=person))
    rows = CreditLot.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.filter(pk__in=ids, person=person).select_related(*matching.LOT_RELATED)
    held = {lot.pk: lot for lot in rows.order_by("pk")}
    if len(held) < len(set(ids)):
        raise rights.NotAllowed(rights.not_allowed_text())
    return held


def _filled(
    rule: matching.Applicable, asked: list[tuple[int, int]], held: Mapping[int, CreditLot],
    day: date,
) -> rules.Filled:  # fmt: skip
    """What the rule makes of the lots; the remainder stays in its lot."""
    if len(held) < len(asked) or any(amount <= 0 for _lot, amount in asked):
        raise _nothing()
    offers = [
        rules.Offer(
            lot_id, amount, rules.patterns_met(matching.facts(held[lot_id]), rule.body, day)
        )
        for lot_id, amount in asked
    ]
    try:
        return rules.fill(rule.body, offers, rule.worth)
    except rules.Unfilled as why:
        if why.code == "nothing":
            raise _nothing() from why
        text = _(
            "The rule “{rule}” asks for more than this credit, or for other credit together with "
            "it. Read what the rule asks, and choose all of it."
        )
        titled = text.format(rule=rule.version.rule.title_zh)
        raise LeftSideUnmet(titled, pointer=why.code) from why


def _nothing() -> NothingToConvert:
    text = _("Choose at least one lot, each once, and an amount that makes at least 0.01 credits.")
    return NothingToConvert(text, pointer="uses")


def _rights(filled: rules.Filled, held: Mapping[int, CreditLot]) -> list[caps.Right]:
    return [
        caps.Right(held[lot_id], amount, filled.made[lot_id])
        for lot_id, amount in sorted(filled.used.items())
    ]


def _write_parts(
    conversion: Conversion, rule: matching.Applicable, filled: rules.Filled, by: Person,
    at: datetime,
) -> None:  # fmt: skip
    ConversionUse.objects.bulk_create(
        [
            ConversionUse(
                conversion=conversion, lot_id=lot_id, amount_hundredths=amount,
                made_hundredths=filled.made[lot_id],
            )
            for lot_id, amount in sorted(filled.used.items())
        ]
    )  # fmt: skip
    ConversionResult.objects.bulk_create(
        [
            ConversionResult(
                conversion=conversion, target=rule.parts[code], granted_hundredths=amount
            )
            for code, amount in filled.granted.items()
        ]
    )
    ConversionStep.objects.create(
        conversion=conversion, to_state=Conversion.State.RESERVED, actor=by, at=at
    )
