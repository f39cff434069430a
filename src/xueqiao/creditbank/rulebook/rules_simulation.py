"""What a rule would have made of past conversions. Plain Python, whole hundredths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xueqiao.creditbank import rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


@dataclass(frozen=True, slots=True)
class Held:
    """A lot with how much of it there is to use, in 1/100 credit."""

    lot_id: int
    facts: rules.LotFacts
    amount_hundredths: int


@dataclass(frozen=True, slots=True)
class Past:
    """A conversion of the past: when, what was used, what else the programme had taken by then."""

    day: date
    used: tuple[Held, ...]
    granted_hundredths: int
    elsewhere_hundredths: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """A rule with what its programme says."""

    body: rules.Body
    destination: rules.Destination
    worth: Mapping[str, int]
    total_hundredths: int


def replay(form: Form, birth_year: int | None, past: Sequence[Past]) -> tuple[int, str]:
    """What past conversions of one learner make under a rule, and the first reason for a change.

    The same lots are used to the same amounts, in the same order. Where a cap leaves less room the
    learner asks for what there is room for.

    Returns:
        1/100 credit, and the code of a misfit, ``unfilled``, ``cap``, ``ratio`` or "".
    """
    made, reason = 0, ""
    for each in past:
        granted, why = _one(form, birth_year, each)
        room = _room(form, each, made)
        if granted > room:
            granted, why = room, why or "cap"
        if granted != each.granted_hundredths:
            reason = reason or why or "ratio"
        made += granted
    return made, reason


def could(form: Form, birth_year: int | None, lots: Sequence[Held], day: date) -> int:
    """What a learner could convert under a rule on a day with all lots, in 1/100 credit."""
    if rules.age_misfit(form.body, birth_year, day):
        return 0
    fitting = tuple(each for each in lots if not _misfit(form, each, day))
    granted, _why = _filled(form, fitting, day)
    return min(granted, _room(form, Past(day, fitting, 0), 0))


def _one(form: Form, birth_year: int | None, past: Past) -> tuple[int, str]:
    why = rules.age_misfit(form.body, birth_year, past.day)
    codes = (_misfit(form, each, past.day) for each in past.used)
    why = why or next((code for code in codes if code), "")
    return (0, why) if why else _filled(form, past.used, past.day)


def _misfit(form: Form, held: Held, day: date) -> str:
    # What has become of the lot since does not matter; on that day it stood.
    facts = replace(held.facts, is_active=True)
    return rules.misfit(facts, form.body, form.destination, day)


def _filled(form: Form, used: Sequence[Held], day: date) -> tuple[int, str]:
    offers = [
        rules.Offer(
            each.lot_id, each.amount_hundredths,
            rules.patterns_met(replace(each.facts, is_active=True), form.body, day),
        )
        for each in used
    ]  # fmt: skip
    try:
        return rules.fill(form.body, offers, form.worth).total_hundredths, ""
    except rules.Unfilled:
        return 0, "unfilled"


def _room(form: Form, past: Past, made: int) -> int:
    """What the caps leave, when the rule has made so much for the learner before."""
    body, total = form.body, form.total_hundredths
    targets = sum(rules.target_limit(body, n, form.worth) for n in range(len(body.targets)))
    rooms = [targets - made]
    for limit in body.limits:
        allowed = limit.allows(total)
        if limit.on == "rule":
            rooms.append(allowed - made)
        elif limit.on == "application":
            rooms.append(allowed)
        elif limit.on == "programme":
            rooms.append(allowed - made - past.elsewhere_hundredths)
        elif all(each.facts.source_kind == limit.source_kind for each in past.used):
            rooms.append(allowed - made)
    if body.residence_minimum_hundredths:
        free = total - body.residence_minimum_hundredths
        rooms.append(free - made - past.elsewhere_hundredths)
    return max(min(rooms), 0)
