"""Whether a lot fits a rule on a day, and the reason where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xueqiao.creditbank.rules.days import years_later

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.creditbank.rules.body import Body, Pattern


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What a conversion rule looks at in a lot. Certificate facts come from its outcome."""

    unit_code: str
    source_kind: str
    field: str
    level: int
    obtained: date
    valid_to: date | None
    hops: int
    is_active: bool
    unit_version: str = ""
    issuer: str = ""
    certificate_type: str = ""
    certificate_level: int | None = None
    score_hundredths: int | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """What the right side asks of every lot: level of the programme, fields of the targets.

    A target without a field ("") takes every field.
    """

    level: int
    fields: frozenset[str] = frozenset({""})


def misfit(lot: LotFacts, body: Body, destination: Destination, day: date) -> str:
    """The first reason why a lot does not count on a day, as a code; "" when it does.

    Of several patterns the reason is that of the one that comes closest.
    """
    met = [_first_unmet(lot, pattern, day) for pattern in body.sources]
    furthest, reason = max(met, key=lambda each: each[0])
    checks = (
        ("not_active", not lot.is_active),
        ("lapsed", lot.valid_to is not None and day >= lot.valid_to),
        ("too_many_hops", lot.hops >= body.hop_limit),
        (reason, bool(reason) and furthest < LEVELS),
        ("level_too_low", lot.level < destination.level - body.level_gap),
        ("other_field", not _field_counts(lot.field, body, destination)),
    )
    return next((code for code, applies in checks if applies), reason)


def patterns_met(lot: LotFacts, body: Body, day: date) -> tuple[int, ...]:
    """The numbers of the patterns that a lot fits."""
    return tuple(
        number
        for number, pattern in enumerate(body.sources)
        if not _first_unmet(lot, pattern, day)[1]
    )


def age_misfit(body: Body, birth_year: int | None, day: date) -> str:
    """Why a rule is not for a learner of this age, as a code; "" when it is.

    The bank knows the year of birth only: whoever turns 18 this year counts as 18.
    """
    if body.age_from is None and body.age_to is None:
        return ""
    if birth_year is None:
        return "age_unknown"
    age = day.year - birth_year
    if body.age_from is not None and age < body.age_from:
        return "too_young"
    return "too_aged" if body.age_to is not None and age > body.age_to else ""


# The place in ``_first_unmet`` from which on levels and dates are compared.
LEVELS = 7


def _first_unmet(lot: LotFacts, asked: Pattern, day: date) -> tuple[int, str]:
    within, score = asked.obtained_within_years, asked.score_from_hundredths
    level, least = lot.certificate_level, asked.certificate_level_from
    checks = (
        ("other_unit", bool(asked.units) and lot.unit_code not in asked.units),
        (
            "other_version",
            bool(asked.unit_versions) and lot.unit_version not in asked.unit_versions,
        ),
        ("other_source", bool(asked.source_kinds) and lot.source_kind not in asked.source_kinds),
        (
            "other_certificate",
            bool(asked.certificate_types) and lot.certificate_type not in asked.certificate_types,
        ),
        ("other_issuer", bool(asked.issuers) and lot.issuer not in asked.issuers),
        ("other_field", bool(asked.fields) and lot.field not in asked.fields),
        ("certificate_too_low", least is not None and (level is None or level < least)),
        ("level_too_low", asked.level_from is not None and lot.level < asked.level_from),
        ("level_too_high", asked.level_to is not None and lot.level > asked.level_to),
        (
            "score_too_low",
            score is not None and (lot.score_hundredths is None or lot.score_hundredths < score),
        ),
        ("too_old", within is not None and years_later(lot.obtained, within) <= day),
    )
    for place, (code, applies) in enumerate(checks):
        if applies:
            return place, code
    return len(checks), ""


def _field_counts(field: str, body: Body, destination: Destination) -> bool:
    wanted = destination.fields
    if "" in wanted or field in wanted:
        return True
    return any(mapped in wanted for mapped in body.field_map.get(field, ()))
