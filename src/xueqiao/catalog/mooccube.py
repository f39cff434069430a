"""Reads the 706 MOOCCube courses (CC0) that travel with the product, and their terms."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xueqiao import sample
from xueqiao.catalog import resources
from xueqiao.catalog.models import Concept, Course, CourseConcept, Prerequisite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(sample.__file__).parent / "mooccube"
SOURCE = "MOOCCube (THU-KEG), XuetangX course descriptions"
LICENCE = "CC0-1.0"


@dataclass(frozen=True)
class Counts:
    """What the catalogue holds now, and how many courses this load added or changed."""

    courses: int
    concepts: int
    prerequisites: int
    mentions: int
    changed: int


def load(*, progress: Callable[[int, int], None] = lambda _done, _total: None) -> Counts:
    """Bring the sample catalogue in; a second load changes nothing.

    Args:
        progress: told courses done and courses in all.
    """
    entries = list(_entries())
    progress(0, len(entries))
    fields = _fields()
    needs = {(row["concept"], row["related_concept"]) for row in _rows("concept_prerequisites.csv")}
    if Concept.objects.count() < len(fields) or Prerequisite.objects.count() < len(needs):
        resources.learn_terms(fields=fields, needs=needs)
    known = dict(Course.objects.values_list("code", "description"))
    changed = 0
    if any(known.get(each.code) != each.description for each in entries):
        changed = resources.publish_many(entries, known=resources.taxonomy())
    progress(len(entries), len(entries))
    return Counts(
        Course.objects.count(),
        Concept.objects.count(),
        Prerequisite.objects.count(),
        CourseConcept.objects.count(),
        changed,
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _fields() -> dict[str, list[str]]:
    fields: dict[str, set[str]] = {}
    for row in _rows("concept_discipline.csv"):
        fields.setdefault(row["concept"], set()).add(row["discipline"])
    return {name: sorted(several) for name, several in fields.items()}


def _entries() -> Iterator[resources.Entry]:
    names = {row["code"]: row["name"] for row in _rows("school_names.csv")}
    for row in _rows("course_descriptions_zh.csv"):
        # One row has no school; the course id names the body that published it.
        school = row["school"] or row["course_id"].split(":")[1].split("+")[0]
        yield resources.Entry(
            code=row["course_id"],
            school_code=school,
            school_name=names.get(school, school),
            teachers=tuple(
                dict.fromkeys(n.strip() for n in row["teachers"].split(";") if n.strip())
            ),
            description=row["description"].strip(),
            licence=LICENCE,
            source=SOURCE,
        )
