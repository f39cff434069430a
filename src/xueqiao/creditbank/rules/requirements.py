"""What a qualification asks for: total, parts, residence, level, kinds of source."""

from __future__ import annotations

from typing import Any

import msgspec

from xueqiao.creditbank.rules.body import BodyWrong, Part, Small, Text, Whole


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
