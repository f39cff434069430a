"""The arithmetic and the tables of moves of the credit bank. Plain Python, whole numbers only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# From which state to which, and in which stage of the case. Nobody acts in two stages of one case;
# the stage "asking" is the applicant's side.
APPLICATION_MOVES: Final[Mapping[str, tuple[frozenset[str], str, str]]] = {
    "apply": (frozenset({""}), "draft", "asking"),
    "submit": (frozenset({"draft", "returned"}), "submitted", "asking"),
    "withdraw": (
        frozenset(
            {"draft", "returned", "submitted", "accepted", "assessing", "proposed", "public_notice"}
        ),
        "withdrawn",
        "asking",
    ),
    "accept": (frozenset({"submitted"}), "accepted", "screening"),
    "return_for_more": (frozenset({"submitted"}), "returned", "screening"),
    "assess": (frozenset({"accepted"}), "assessing", "assessing"),
    "propose": (frozenset({"assessing"}), "proposed", "assessing"),
    "publish": (frozenset({"assessing"}), "public_notice", "assessing"),
    "approve": (frozenset({"proposed", "public_notice"}), "approved", "deciding"),
    "post": (frozenset({"approved"}), "posted", "deciding"),
    "reject": (frozenset({"proposed", "public_notice"}), "rejected", "deciding"),
}  # fmt: skip
CLOSED_STATES: Final = frozenset({"posted", "rejected", "withdrawn"})
EVIDENCE_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "text/plain"})
EVIDENCE_BYTES: Final = 10 * 1024 * 1024
PASSED: Final = frozenset({"pass", "distinction"})
ACCOUNT_DIGITS: Final = 12


def canonical_hash(value: Any) -> str:
    """SHA-256, hex, of the RFC 8785 form of a value.

    For keys of ASCII, whole numbers, text, lists and null, as here, sorted compact JSON is that
    form; a test holds it against the ``rfc8785`` package.
    """
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def account_number(sequence: int) -> str:
    """A learning account's number: twelve digits and a Luhn check digit.

    >>> account_number(1), account_number(11391)
    ('0000000000018', '0000000113910')
    """
    digits = f"{sequence:0{ACCOUNT_DIGITS}d}"
    return f"{digits}{_luhn(digits)}"


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - two digits add up to n - 9
    return -total % 10


def may_move(verb: str, state: str) -> bool:
    """Whether an application in this state takes the verb."""
    return state in APPLICATION_MOVES[verb][0]


def passes_two_steps(stage: str, earlier: Collection[str]) -> bool:
    """Whether somebody who acted in the earlier stages would act in another one now."""
    return any(before != stage for before in earlier)


def scaled(amount_hundredths: int, numerator: int, denominator: int) -> int:
    """A share of an amount, rounded down to a hundredth.

    >>> scaled(6000, 5, 9)
    3333
    """
    return amount_hundredths * numerator // denominator


def needed(granted_hundredths: int, numerator: int, denominator: int) -> int:
    """The least source amount whose scaled value is the granted one; the rest stays in its lot.

    >>> needed(3333, 5, 9), scaled(needed(3333, 5, 9), 5, 9)
    (6000, 3333)
    """
    return -(-granted_hundredths * denominator // numerator)


def years_later(day: date, years: int) -> date:
    """The same day so many years on; 29 February becomes 1 March.

    >>> years_later(date(2024, 2, 29), 1)
    datetime.date(2025, 3, 1)
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def working_days_later(day: date, days: int) -> date:
    """The last of so many days from Monday to Friday after a day. Holidays are not known here.

    >>> working_days_later(date(2026, 11, 20), 5)
    datetime.date(2026, 11, 27)
    """
    while days > 0:
        day += timedelta(days=1)
        days -= day.isoweekday() <= 5  # noqa: PLR2004 - Friday
    return day


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What a conversion rule looks at in a lot."""

    unit_code: str
    source_kind: str
    field: str
    level: int
    obtained: date
    valid_to: date | None
    hops: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a version of a conversion rule asks of a lot.

    ``pattern`` may name ``units``, ``source_kinds``, ``fields`` (any of the list), ``level_from``,
    ``level_to`` and ``obtained_within_years``; what it does not name, it does not ask.
    """

    pattern: Mapping[str, Any]
    target_level: int
    level_gap: int
    hop_limit: int


def misfit(lot: LotFacts, rule: RuleFacts, day: date) -> str:
    """The first reason why a lot does not count on a day, as a code; "" when it does."""
    asked = rule.pattern
    within = asked.get("obtained_within_years")
    checks = (
        ("not_active", not lot.is_active),
        ("lapsed", lot.valid_to is not None and day >= lot.valid_to),
        ("too_many_hops", lot.hops >= rule.hop_limit),
        ("other_unit", lot.unit_code not in asked.get("units", [lot.unit_code])),
        ("other_source", lot.source_kind not in asked.get("source_kinds", [lot.source_kind])),
        ("other_field", lot.field not in asked.get("fields", [lot.field])),
        (
            "level_too_low",
            lot.level < max(rule.target_level - rule.level_gap, asked.get("level_from", 0)),
        ),
        ("level_too_high", lot.level > asked.get("level_to", lot.level)),
        ("too_old", within is not None and years_later(lot.obtained, within) <= day),
    )
    return next((code for code, applies in checks if applies), "")
