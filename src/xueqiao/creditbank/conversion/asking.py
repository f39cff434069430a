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


@dataclass(frozen=True, slots=True)
class Request:
    """One conversion to ask for; ``request_key`` makes it happen once."""

    request_key: str
    version_id: int
    uses: Sequence[Use]

    def asked(self) -> list[tuple[int, int]]:
        return sorted((each.lot_id, each.amount_hundredths) for each in self.uses)


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
    asked = [Request(request_key, version_id, uses)]
    return request_all(person=person, by=by, requests=asked, at=at)[0]


@transaction.atomic
def request_all(
    *, person: Person, by: Person, requests: Sequence[Request], at: datetime
) -> list[Conversion]:
    """Ask for several conversions at once, such as those of a plan: all are reserved, or none.

    One posting holds all reservations. Repeated keys return what was asked before. Raises as
    ``request``.
    """
    asked = {each.request_key: each.asked() for each in requests}
    held = lock_lots([lot_id for uses in asked.values() for lot_id, _amount in uses], person)
    found = _found(person, requests)
    fresh = [each for each in requests if each.request_key not in found]
    today = clock.local_date(at)
    if fresh and by != person:
        rights.check(by, rights.RECOGNITION_ENTER, today, place_id=person.home_id or 0)
    filled, reservations = {}, []
    for each in fresh:
        uses = asked[each.request_key]
        lots = {lot_id: held[lot_id] for lot_id, _amount in uses}
        rule = matching.applicable(matching.version_in_force(each.version_id, today))
        matching.refuse_misfits(lots.values(), rule, person, today)
        filled[each.request_key] = made = _filled(rule, uses, lots, today)
        until = at + timedelta(days=rule.version.reserve_days)
        key = f"reserve:{each.request_key}"
        reservations.append(caps.Asked(key, rule, _rights(made, held), made.granted, until))
    groups = caps.reserve(person=person, asked=reservations, at=at) if fresh else {}
    for each, reserved in zip(fresh, reservations, strict=True):
        found[each.request_key] = _write(
            person, by, each, reserved, filled[each.request_key], groups[reserved.key], at
        )
    return [found[each.request_key] for each in requests]


def _found(person: Person, requests: Sequence[Request]) -> dict[str, Conversion]:
    """What was asked before under the same keys, if it was the same."""
    keys = [each.request_key for each in requests]
    found = {row.request_key: row for row in Conversion.objects.filter(request_key__in=keys)}
    for each in requests:
        earlier = found.get(each.request_key)
        if earlier and earlier.request_hash != _hash(person, each):
            text = _("This form was sent before with other contents. Open the form anew.")
            raise RequestReused(text)
    return found


def _hash(person: Person, each: Request) -> str:
    return rules.canonical_hash([person.pk, each.version_id, *each.asked()])


def lock_learner(person: Person) -> None:
    """Lock the learner's account: what is read of rights and caps stays so in this transaction."""
    list(LearningAccount.objects.select_for_update(no_key=True).filter(person=person))


def asked_with(person: Person, prefix: str) -> list[Conversion]:
    """What a learner asked under keys that begin so, in the order of asking."""
    rows = Conversion.objects.own(person).filter(request_key__startswith=prefix)
    return list(rows.order_by("pk"))


def lock_lots(ids: Sequence[int], person: Person) -> dict[int, CreditLot]:
    """Lock the learner's account, then the lots, lowest id first; the lots by id.

    Of two equal requests at one moment the second finds the first, and what is read of the
    learner's caps stays as it is until the end of the transaction.

    Raises:
        rights.NotAllowed: a lot is not the learner's.
    """
    lock_learner(person)
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
        if why.code == "too_much":
            raise caps.reached("group", why.room, why.asked) from why
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


def _write(  # noqa: PLR0917 - all that makes up the rows
    person: Person, by: Person, each: Request, reserved: caps.Asked, filled: rules.Filled,
    group_id: int, at: datetime,
) -> Conversion:  # fmt: skip
    conversion = Conversion.objects.create(
        request_key=each.request_key, request_hash=_hash(person, each), person=person,
        version=reserved.rule.version, asked_by=by, granted_hundredths=filled.total_hundredths,
        state_since=at, asked_at=at, reserved_until=reserved.until, reservation_id=group_id,
    )  # fmt: skip
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
                conversion=conversion, target=reserved.rule.parts[code], granted_hundredths=amount
            )
            for code, amount in filled.granted.items()
        ]
    )
    ConversionStep.objects.create(
        conversion=conversion, to_state=Conversion.State.RESERVED, actor=by, at=at
    )
    return conversion
