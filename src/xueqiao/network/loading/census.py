"""The third step: residents by county × sex × age band, and the remainder of eight cities."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.network import rules
from xueqiao.network.loading import files, steps
from xueqiao.network.models import Listing, PopulationCell, Settlement

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.network.loading.steps import Report

FILE = "census2020_county.csv"
CENSUS = 2020
REGISTER = "nbs"
URBAN, RURAL, TOTAL = "urban_pop", "rural_pop", "pop"
SEXES = {"m": "1", "f": "2"}
BAND = re.compile(r"(?P<sex>[mf])_(?P<start>\d+)(?:_(?P<end>\d+)|(?P<open>p))?")


@dataclass(frozen=True)
class Band:
    """A column of the census: sex (GB/T 2261.1) and ages; ``age_to`` None: open."""

    sex: str
    age_from: int
    age_to: int | None


def sources(folder: Path) -> list[Path]:
    """The files that the step reads."""
    return [folder / FILE]


def load(folder: Path, report: Report) -> int:
    """Write the cells; returns how many.

    Raises:
        FileDamaged: a number is none or negative, the ages do not add up to the residents, or the
            parts of a place exceed it.
        PlaceCodeUnknown: a row's code was never listed.
    """
    path = folder / FILE
    table = files.read_table(path, ("level", "code", TOTAL, URBAN, RURAL))
    bands = {name: band for name in table[0] if (band := _band(name))} if table else {}
    counts = {
        rules.short_code(row["code"]): _counts(path, line, row, bands)
        for line, row in enumerate(table, start=2)
    }
    _check_provinces(path, counts)
    parts = {code: row for code, row in counts.items() if len(code) == rules.CODE_LENGTHS[3]}
    rest = _remainders(path, counts)
    places = _places()
    cells, settlements = [], []
    for line, code in enumerate([*parts, *rest], start=2):
        if code not in places:
            raise files.unknown_code(path, line, code)
        row, is_rest = (rest[code], True) if code in rest else (parts[code], False)
        cells += _cells(places[code], row, bands, is_rest)
        settlements.append(_settlement(places[code], row, is_rest))
    steps.write(settlements, Settlement, report=report, step=_("Urban and rural residents"))
    return steps.write(cells, PopulationCell, report=report, step=_("Residents by sex and age"))


def _band(name: str) -> Band | None:
    found = BAND.fullmatch(name)
    if not found:
        return None
    start = int(found["start"])
    end = None if found["open"] else int(found["end"] or start)
    return Band(SEXES[found["sex"]], start, end)


def _counts(path: Path, line: int, row: dict[str, str], bands: dict[str, Band]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name in (TOTAL, URBAN, RURAL, *bands):
        if not row[name].isdecimal():
            what = _("{value!r} in column {name} is no number of residents")
            raise files.damaged(path, line, what.format(value=row[name], name=name))
        counts[name] = int(row[name])
    if counts[TOTAL] != sum(counts[name] for name in bands):
        raise files.damaged(path, line, _("the ages do not add up to the residents"))
    return counts


def _check_provinces(path: Path, counts: dict[str, Counter[str]]) -> None:
    for code, row in counts.items():
        if len(code) == rules.CODE_LENGTHS[1] and _sum_below(counts, code) != row:
            what = _("the cities do not add up to the province {code}")
            raise files.damaged(path, 2, what.format(code=code))


def _remainders(path: Path, counts: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """What a city counts and none of its county rows does, for cities where that is anybody."""
    rest = {}
    for code, row in counts.items():
        if len(code) != rules.CODE_LENGTHS[2]:
            continue
        left = Counter({name: row[name] for name in row})
        left.subtract(_sum_below(counts, code))
        if min(left.values()) < 0:
            what = _("the counties of {code} have more residents than the city")
            raise files.damaged(path, 2, what.format(code=code))
        if left[TOTAL]:
            rest[code] = left
    return rest


def _sum_below(counts: dict[str, Counter[str]], code: str) -> Counter[str]:
    digits = {2: 4, 4: 6}[len(code)]
    total: Counter[str] = Counter(dict.fromkeys(counts[code], 0))
    for other, row in counts.items():
        if len(other) == digits and other.startswith(code):
            total.update(row)
    return total


def _places() -> dict[str, int]:
    """Place ids by every code that the register lists or listed."""
    listings = Listing.objects.filter(register_id=REGISTER, place__level__lte=3)
    found: dict[str, set[int]] = defaultdict(set)
    for code, place in listings.values_list("code", "place_id"):
        found[code].add(place)
    return {code: places.pop() for code, places in found.items() if len(places) == 1}


def _cells(
    place_id: int, row: Counter[str], bands: dict[str, Band], is_rest: bool
) -> list[PopulationCell]:
    return [
        PopulationCell(
            place_id=place_id, census=CENSUS, sex=band.sex, age_from=band.age_from,
            age_to=band.age_to, is_remainder=is_rest, residents=row[name],
        )
        for name, band in bands.items()
    ]  # fmt: skip


def _settlement(place_id: int, row: Counter[str], is_rest: bool) -> Settlement:
    return Settlement(
        place_id=place_id, census=CENSUS, is_remainder=is_rest,
        urban_residents=row[URBAN], rural_residents=row[RURAL],
    )  # fmt: skip
