"""Flat rows of the catalogue for the lake."""

from __future__ import annotations

from xueqiao.catalog.models import Course
from xueqiao.kernel import flat

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

COURSES = flat.Export(Course.objects.all(), COURSE, key="course_id", changed="updated_at")
