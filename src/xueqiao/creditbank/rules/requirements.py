"""What a qualification asks for: total, parts, residence, level, kinds of source."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from xueqiao.creditbank.rules.body import BodyWrong, Part, Small, Text, Whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class GroupRequirement(Part, frozen=True):
    """What a part of the programme asks for.

    Attributes:
        code: the part's code in the programme.
        least_hundredths: 0 where it is a choice only.
        units: codes of units whose credit counts here as it stands, without conversion.
    """

    code: Text
    least_hundredths: int = 0
    units: tuple[Text, ...] = ()


class KindLimit(Part, frozen=True):
    """At most so much credit of one source kind; of converted credit by the kind behind it."""

    source_kind: Text
    hundredths: Whole


class LevelFloor(Part, frozen=True):
    """At least so much of the credit at this level or above."""

    level: Small
    least_hundredths: Whole


class Requirements(Part, frozen=True):
    """All that an award asks for, in 1/100 credit.

    Attributes:
        residence_least_hundredths: credit earned in the programme itself, not converted.
    """

    total_hundredths: Whole
    groups: tuple[GroupRequirement, ...]
    residence_least_hundredths: int = 0
    kind_limits: tuple[KindLimit, ...] = ()
    level_floor: LevelFloor | None = None


def read_requirements(data: Any) -> Requirements:
    """Requirements from their JSON.

    Raises:
        BodyWrong: with the JSON path of the first thing that is wrong.
    """
    try:
        found = msgspec.convert(data, Requirements)
    except msgspec.ValidationError as why:
        raise BodyWrong(str(why)) from why
    codes = [group.code for group in found.groups]
    if len(set(codes)) < len(codes) or not codes:
        raise BodyWrong("Expected each part of the programme once - at `$.groups`")
    if any(group.least_hundredths < 0 for group in found.groups):
        raise BodyWrong("Expected 0 or more - at `$.groups[...].least_hundredths`")
    if sum(group.least_hundredths for group in found.groups) > found.total_hundredths:
        raise BodyWrong("The parts ask for more than the total - at `$.groups`")
    if not 0 <= found.residence_least_hundredths <= found.total_hundredths:
        raise BodyWrong("Expected 0 to the total - at `$.residence_least_hundredths`")
    return found


@dataclass(frozen=True, slots=True)
class Counted:
    """Credit that is to stand behind an award.

    Attributes:
        part: code of the part of the programme, ``above`` those that it lies in.
        kinds: source kind -> share; of converted credit the kinds behind it.
    """

    part: str
    above: tuple[str, ...]
    amount_hundredths: int
    level: int
    is_converted: bool
    kinds: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Unmet:
    """One thing that is asked and not there, in 1/100 credit.

    Attributes:
        code: ``total``, ``part``, ``residence``, ``level``; ``kind`` where ``have`` is too much.
        name: of the part or of the source kind, or "".
    """

    code: str
    name: str
    asked_hundredths: int
    have_hundredths: int


def unmet(asked: Requirements, counted: Sequence[Counted]) -> list[Unmet]:
    """What of the requirements the credit does not meet; empty when an award can be made."""
    total = sum(each.amount_hundredths for each in counted)
    converted = sum(each.amount_hundredths for each in counted if each.is_converted)
    checks = [
        Unmet("total", "", asked.total_hundredths, total),
        Unmet("residence", "", asked.residence_least_hundredths, total - converted),
    ]
    for group in asked.groups:
        have = sum(
            each.amount_hundredths for each in counted if group.code in (each.part, *each.above)
        )
        checks.append(Unmet("part", group.code, group.least_hundredths, have))
    if asked.level_floor:
        floor = asked.level_floor
        have = sum(each.amount_hundredths for each in counted if each.level >= floor.level)
        checks.append(Unmet("level", str(floor.level), floor.least_hundredths, have))
    missing = [each for each in checks if each.have_hundredths < each.asked_hundredths]
    return missing + _of_kinds(asked, counted)


def _of_kinds(asked: Requirements, counted: Sequence[Counted]) -> list[Unmet]:
    found = []
    for limit in asked.kind_limits:
        have = sum(
            (each.amount_hundredths * each.kinds.get(limit.source_kind, Fraction(0)))
            for each in counted
        )
        if have > limit.hundredths:
            found.append(Unmet("kind", limit.source_kind, limit.hundredths, int(have)))
    return found
