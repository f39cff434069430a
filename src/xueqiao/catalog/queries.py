"""What pages ask of the catalogue. Every query costs the same whatever the number of rows."""

from __future__ import annotations

from django.db.models import F, FloatField, QuerySet, Sum, Value
from django.db.models.functions import Cast

from xueqiao.catalog import rules
from xueqiao.catalog.models import Concept, Course, CourseConcept, Discipline, Prerequisite


def course(code: str) -> QuerySet[Course]:
    """The course of a code, with school, discipline and teachers, for ``get_object_or_404``."""
    return (
        Course.objects.filter(code=code)
        .select_related("school", "discipline")
        .prefetch_related("teachers")
    )


def concepts(course_id: int, *, limit: int = 20) -> list[Concept]:
    """The concepts of a course that tell it from others: the rarest ones first."""
    mentions = (
        CourseConcept.objects.filter(course_id=course_id, concept__course_count__lte=_rare())
        .select_related("concept")
        .order_by("concept__course_count", "-occurrences", "concept__name")
    )
    return [each.concept for each in mentions[:limit]]


def prerequisites(course_id: int) -> list[Concept]:
    """Concepts one should know first: needed by a concept of the course and not part of it."""
    own = CourseConcept.objects.filter(course_id=course_id).values("concept_id")
    needed = Prerequisite.objects.filter(concept_id__in=own).exclude(needs_id__in=own)
    return list(Concept.objects.filter(pk__in=needed.values("needs_id")).order_by("name"))


def similar(course_id: int, *, limit: int = 6) -> list[Course]:
    """Courses that share concepts, most first; a shared concept counts more the rarer it is."""
    own = CourseConcept.objects.filter(course_id=course_id, concept__course_count__lte=_rare())
    rarity = Cast(Value(1.0), FloatField()) / F("concept__course_count")
    title = Course.objects.filter(pk=course_id).values("title")
    nearest = (
        CourseConcept.objects.filter(concept_id__in=own.values("concept_id"))
        .exclude(course_id=course_id)
        .exclude(course__title__in=title)
        .values("course_id")
        .annotate(near=Sum(rarity))
        .order_by("-near", "course_id")[:limit]
    )
    ids = [row["course_id"] for row in nearest]
    found = Course.objects.select_related("school", "discipline").in_bulk(ids)
    return [found[each] for each in ids]


def disciplines() -> QuerySet[Discipline]:
    """Every discipline that has courses, by name."""
    return Discipline.objects.filter(courses__isnull=False).distinct().order_by("name")


def _rare() -> int:
    return max(2, Course.objects.count() // rules.COMMON_SHARE)
