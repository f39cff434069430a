"""Reads the Open University Learning Analytics Dataset (CC BY 4.0).

Plain Python. What the source leaves out is filled by rules that are written here and nowhere else.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from xueqiao import sample
from xueqiao.kernel import ids
from xueqiao.records.rules import presentation_start

FOLDER = Path(sample.__file__).parent / "oulad"
HOME_PAGE = "https://oulad.example"
# Ages at the time of the first presentation, for the bands of the source.
AGES = {"0-35": (16, 35), "35-55": (36, 55), "55<=": (56, 85)}
SEXES = {"M": "1", "F": "2"}
RESULTS = {"Pass": "pass", "Distinction": "distinction", "Fail": "fail", "Withdrawn": "withdrawn"}
# The authors name the field of each module (Kuzilek et al. 2017, table 2).
SOCIAL = {"AAA", "BBB", "GGG"}


@dataclass(frozen=True)
class Presentation:
    """A module as it was taught once."""

    module: str
    code: str
    days: int

    @property
    def starts_on(self) -> date:
        return presentation_start(self.code)

    @property
    def ends_on(self) -> date:
        return self.starts_on + timedelta(days=self.days)


@dataclass(frozen=True)
class Registration:
    """One learner in one presentation. Days are calendar days in Asia/Shanghai.

    ``left_on`` is None for who stayed to the end.
    """

    presentation: Presentation
    learner: str
    registered_on: date
    left_on: date | None
    result: str
    studied_credits: int


@dataclass(frozen=True)
class Learner:
    """A learner as the first presentation describes one. ``sex`` follows GB/T 2261.1."""

    name: str
    sex: str
    birth_year: int
    first_on: date


def presentations(folder: Path = FOLDER) -> list[Presentation]:
    """The 22 presentations, by module and code."""
    rows = _rows(folder / "courses.csv")
    return sorted(
        (
            Presentation(
                row["code_module"], row["code_presentation"], int(row["module_presentation_length"])
            )
            for row in rows
        ),
        key=lambda each: (each.module, each.code),
    )


def registrations(folder: Path = FOLDER) -> dict[Presentation, list[Registration]]:
    """Every registration with its result, by presentation, in the order of the source.

    A missing registration day (45 rows) is taken as the first day of the presentation, or the day
    of leaving where that is earlier. Who is withdrawn without a day (93 rows) left on the last.
    """
    known = {(each.module, each.code): each for each in presentations(folder)}
    dates = {_key(row): row for row in _rows(folder / "studentRegistration.csv.gz")}
    found: dict[Presentation, list[Registration]] = {each: [] for each in known.values()}
    for row in _rows(folder / "studentInfo.csv.gz"):
        presentation = known[row["code_module"], row["code_presentation"]]
        when = dates[_key(row)]
        left = _day(when["date_unregistration"])
        if left is None and row["final_result"] == "Withdrawn":
            left = presentation.days
        registered = _day(when["date_registration"])
        if registered is None:
            registered = min(0, left or 0)
        start = presentation.starts_on
        found[presentation].append(
            Registration(
                presentation=presentation,
                learner=row["id_student"],
                registered_on=start + timedelta(days=registered),
                left_on=None if left is None else start + timedelta(days=left),
                result=RESULTS[row["final_result"]],
                studied_credits=int(row["studied_credits"]),
            )
        )
    return found


def learners(folder: Path = FOLDER) -> list[Learner]:
    """The 28,785 learners, by number. The year of birth lies in the band, always the same."""
    first: dict[str, tuple[date, str, dict[str, str]]] = {}
    for row in _rows(folder / "studentInfo.csv.gz"):
        start = presentation_start(row["code_presentation"])
        seen = (start, row["code_module"], row)
        if row["id_student"] not in first or seen[:2] < first[row["id_student"]][:2]:
            first[row["id_student"]] = seen
    return [
        Learner(
            name=number,
            sex=SEXES[row["gender"]],
            birth_year=start.year - _age(number, row["age_band"]),
            first_on=start,
        )
        for number, (start, _module, row) in sorted(first.items(), key=lambda each: int(each[0]))
    ]


def _age(number: str, band: str) -> int:
    youngest, oldest = AGES[band]
    return youngest + ids.spread(f"oulad-age:{number}", oldest - youngest + 1)


def _key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["code_module"], row["code_presentation"], row["id_student"]


def _day(text: str) -> int | None:
    return None if text in {"", "NA", "?"} else int(text)


def _rows(path: Path) -> list[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
