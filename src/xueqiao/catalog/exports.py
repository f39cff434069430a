"""Flat rows of the catalogue for the lake.

Rows change, so ``since`` asks for those changed at or after an instant; a reader keeps the
greatest ``updated_at`` it saw and asks again from some minutes earlier, for transactions that
committed late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.catalog.models import Course, CourseConcept
from xueqiao.kernel import flat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

CHUNK = 5000
COURSE = {
    "course_id": "pk",
    "code": "code",
    "title": "title",
    "title_source": "title_source",
    "school_code": "school__code",
    "school_name": "school__name",
    "discipline": "discipline__name",
    "updated_at": "updated_at",
}
MENTION = {"course_id": "course_id", "concept": "concept__name", "occurrences": "occurrences"}

COURSES = flat.Export(Course.objects.all(), COURSE, key="course_id", changed="updated_at")


def courses(since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """One row a course; ``discipline`` is None where the description names no term of one."""
    rows = Course.objects.order_by("pk")
    return _rows(rows.filter(updated_at__gte=since) if since else rows, COURSE)


def mentions() -> Iterator[dict[str, Any]]:
    """One row a course and a concept that occurs in its description, with how often."""
    return _rows(CourseConcept.objects.order_by("course_id", "concept_id"), MENTION)


def _rows(rows: QuerySet[Any], columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    for values in rows.values_list(*columns.values()).iterator(chunk_size=CHUNK):
        yield dict(zip(columns, values, strict=True))
