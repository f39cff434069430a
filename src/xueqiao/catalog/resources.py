"""Courses enter the catalogue here, with their concepts, discipline and words, all or none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from xueqiao.catalog import rules, search, titles
from xueqiao.catalog.models import (
    Concept,
    Course,
    CourseConcept,
    CourseTeacher,
    Discipline,
    Prerequisite,
    School,
    Teacher,
    TitleSource,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Entry:
    """A course as a provider delivers it. Without ``title`` one is derived from the description."""

    code: str
    school_code: str
    school_name: str
    teachers: tuple[str, ...]
    description: str
    licence: str
    source: str
    title: str = ""


@dataclass
class Taxonomy:
    """The known terms and what they mean for a text. Read once, used for many courses."""

    fields: dict[str, list[str]]
    ids: dict[str, int]
    common: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.matcher = titles.Matcher(self.fields)

    def telling(self, mentions: Counter[str], spread: Counter[str]) -> list[str]:
        """The terms that say most about a text first: long, repeated, and rare elsewhere."""
        return sorted(
            mentions.keys() - self.common,
            key=lambda name: (-mentions[name] * (len(name) - 1), spread[name], name),
        )


@transaction.atomic
def learn_terms(*, fields: dict[str, list[str]], needs: Iterable[tuple[str, str]]) -> int:
    """Make terms known, with their disciplines and prerequisites; known ones are left alone.

    Args:
        fields: term to its disciplines.
        needs: pairs (term, the term one should know first), both among ``fields``.

    Returns:
        How many terms are known now.
    """
    names = sorted({name for several in fields.values() for name in several})
    Discipline.objects.bulk_create([Discipline(name=name) for name in names], ignore_conflicts=True)
    Concept.objects.bulk_create(
        [Concept(name=name) for name in sorted(fields)], ignore_conflicts=True, batch_size=2000
    )
    discipline_ids = dict(Discipline.objects.values_list("name", "pk"))
    ids = dict(Concept.objects.values_list("name", "pk"))
    link = Concept.disciplines.through
    link.objects.bulk_create(
        [
            link(concept_id=ids[name], discipline_id=discipline_ids[each])
            for name, several in sorted(fields.items())
            for each in several
        ],
        ignore_conflicts=True,
        batch_size=2000,
    )
    Prerequisite.objects.bulk_create(
        [
            Prerequisite(concept_id=ids[one], needs_id=ids[other])
            for one, other in sorted(set(needs))
        ],
        ignore_conflicts=True,
        batch_size=2000,
    )
    return len(ids)


def taxonomy() -> Taxonomy:
    """The known terms, as ``publish_many`` needs them."""
    fields: dict[str, list[str]] = {}
    pairs = Concept.objects.order_by("name", "disciplines__name")
    for name, discipline in pairs.values_list("name", "disciplines__name"):
        fields.setdefault(name, [])
        if discipline:
            fields[name].append(discipline)
    return Taxonomy(fields, dict(Concept.objects.values_list("name", "pk")))


@transaction.atomic
def publish_many(entries: Sequence[Entry], *, known: Taxonomy) -> int:
    """Bring courses into the catalogue, or up to date where the provider changed them.

    Titles, concepts and disciplines are derived with the terms that are common *among these
    entries* left out, so deliver a provider's courses together.

    Returns:
        How many were new or changed; the rest is left alone.
    """
    mentions = {each.code: known.matcher.count(each.description) for each in entries}
    spread = Counter(name for found in mentions.values() for name in found)
    known.common = {n for n, times in spread.items() if times * rules.COMMON_SHARE > len(entries)}
    unchanged = dict(Course.objects.filter(code__in=mentions).values_list("code", "description"))
    fresh = [each for each in entries if unchanged.get(each.code) != each.description]
    if not fresh:
        return 0
    ids = _write_courses(fresh, mentions, spread, known)
    _write_teachers(fresh, ids)
    _write_mentions(fresh, ids, mentions, known)
    search.index(sorted(ids.values()))
    return len(fresh)


def _write_courses(
    fresh: list[Entry],
    mentions: dict[str, Counter[str]],
    spread: Counter[str],
    known: Taxonomy,
) -> dict[str, int]:
    names = {each.school_code: each.school_name for each in fresh}
    School.objects.bulk_create(
        [School(code=code, name=name) for code, name in sorted(names.items())],
        ignore_conflicts=True,
    )
    schools = dict(School.objects.values_list("code", "pk"))
    disciplines = dict(Discipline.objects.values_list("name", "pk"))
    rows = []
    for each in fresh:
        found = mentions[each.code]
        title, source = each.title, TitleSource.GIVEN.value
        if not title:
            title, source = titles.derive(each.description, known.telling(found, spread))
        field_ = titles.discipline(found, known.fields, known.common)
        rows.append(
            Course(
                code=each.code,
                title=title,
                title_source=source,
                description=each.description,
                school_id=schools[each.school_code],
                discipline_id=disciplines.get(field_),
                licence=each.licence,
                source=each.source,
            )
        )
    Course.objects.bulk_create(
        rows,
        batch_size=200,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=[
            "title",
            "title_source",
            "description",
            "school",
            "discipline",
            "licence",
            "source",
            "updated_at",
        ],
    )
    codes = [each.code for each in fresh]
    return dict(Course.objects.filter(code__in=codes).values_list("code", "pk"))


def _write_teachers(fresh: list[Entry], ids: dict[str, int]) -> None:
    schools = dict(School.objects.values_list("code", "pk"))
    pairs = sorted({(schools[each.school_code], name) for each in fresh for name in each.teachers})
    Teacher.objects.bulk_create(
        [Teacher(school_id=school, name=name) for school, name in pairs],
        ignore_conflicts=True,
        batch_size=500,
    )
    teachers = {
        (school, name): pk
        for school, name, pk in Teacher.objects.values_list("school_id", "name", "pk")
    }
    CourseTeacher.objects.filter(course_id__in=ids.values()).delete()
    CourseTeacher.objects.bulk_create(
        [
            CourseTeacher(
                course_id=ids[each.code],
                position=place,
                teacher_id=teachers[schools[each.school_code], name],
            )
            for each in fresh
            for place, name in enumerate(each.teachers)
        ],
        batch_size=500,
    )


def _write_mentions(
    fresh: list[Entry], ids: dict[str, int], mentions: dict[str, Counter[str]], known: Taxonomy
) -> None:
    CourseConcept.objects.filter(course_id__in=ids.values()).delete()
    CourseConcept.objects.bulk_create(
        [
            CourseConcept(course_id=ids[each.code], concept_id=known.ids[name], occurrences=times)
            for each in fresh
            for name, times in sorted(mentions[each.code].items())
        ],
        batch_size=2000,
    )
    times = (
        CourseConcept.objects.filter(concept=OuterRef("pk"))
        .order_by()
        .values("concept")
        .annotate(n=Count("pk"))
        .values("n")
    )
    Concept.objects.update(course_count=Coalesce(Subquery(times), 0))
