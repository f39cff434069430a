"""What pages ask: courses to take, the outline of one with how a learner stands, who learns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from xueqiao.cmi5.models import Course, CourseQuerySet, Part, Registration, Session, Standing
from xueqiao.cmi5.rules import MoveOn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django_stubs_ext import StrPromise

    from xueqiao.people.models import Person

CRITERIA: dict[str, StrPromise] = {
    MoveOn.PASSED: _("Pass the test in it"),
    MoveOn.COMPLETED: _("Go through all of it"),
    MoveOn.BOTH: _("Go through all of it and pass the test"),
    MoveOn.EITHER: _("Go through all of it, or pass the test"),
    MoveOn.ALWAYS: _("Optional"),
}


@dataclass(frozen=True)
class Row:
    """One part of an outline.

    Attributes:
        standing: how the learner stands; None where nothing was done yet.
        was_opened: whether the learner ever launched it.
    """

    part: Part
    standing: Standing | None = None
    was_opened: bool = False

    @property
    def is_satisfied(self) -> bool:
        return self.standing is not None and self.standing.satisfied_at is not None

    @property
    def is_optional(self) -> bool:
        return self.part.move_on == MoveOn.ALWAYS

    @property
    def is_open(self) -> bool:
        """Whether it counts and is still to be done."""
        return not (self.part.is_block or self.is_optional or self.is_satisfied)

    @property
    def criterion(self) -> StrPromise | str:
        return CRITERIA.get(self.part.move_on, "")

    @property
    def score_percent(self) -> int | None:
        """The last score of 100, rounded down."""
        has_score = self.standing is not None and self.standing.score is not None
        return self.standing.score // 100 if has_score else None  # type: ignore[union-attr,operator]

    @property
    def mastery_percent(self) -> int | None:
        return None if self.part.mastery is None else self.part.mastery // 100


def spoken(texts: Mapping[str, str]) -> str:
    """A text in the reader's language; else in Chinese, in English, or whatever there is."""
    language = (get_language() or "zh-hans").lower()
    wanted = ["en", "zh"] if language.startswith("en") else ["zh", "en"]
    for each in [language, *wanted, ""]:
        for tag, text in texts.items():
            if text and tag.lower().startswith(each):
                return text
    return ""


def offered() -> CourseQuerySet:
    """Courses that anybody may begin, newest first, each with its version."""
    return Course.objects.offered().exclude(current=None).select_related("current").order_by("-pk")


def mine(person: Person) -> QuerySet[Registration]:
    """The registrations of a person, newest first; of each course the last one."""
    later = Registration.objects.filter(
        course=OuterRef("course"), person=OuterRef("person"), number__gt=OuterRef("number")
    )
    rows = Registration.objects.filter(~Exists(later), person=person)
    return rows.select_related("course", "version").order_by("-pk")


def outline(version_id: int, registration: Registration | None = None) -> list[Row]:
    """The parts of a version in order, each with how the learner stands. Three queries."""
    standings: dict[int, Standing] = {}
    opened: set[int] = set()
    if registration is not None:
        opened = set(registration.sessions.values_list("part_id", flat=True).distinct())
        standings = {row.part_id: row for row in registration.standings.select_related("waived_by")}
    parts = Part.objects.filter(version_id=version_id).order_by("number")
    return [Row(part, standings.get(part.pk), part.pk in opened) for part in parts]


def counted(rows: list[Row]) -> tuple[int, int]:
    """How many units that count are satisfied, and how many count."""
    units = [row for row in rows if not row.part.is_block and not row.is_optional]
    return sum(row.is_satisfied for row in units), len(units)


def run_by(person: Person | None, day: date) -> QuerySet[Course]:
    """Courses that somebody looks after, with ``learners``, ``finished`` and ``units``."""
    rows = Course.objects.run_by(person, day).select_related("current", "opened_by")
    return rows.annotate(
        learners=Count("registrations", distinct=True),
        finished=Count(
            "registrations", filter=Q(registrations__satisfied_at__isnull=False), distinct=True
        ),
    )


def learners(course_id: int) -> QuerySet[Registration]:
    """Who takes a course, with ``done``: units that count and are satisfied; and ``to_do``."""
    done = Standing.objects.filter(
        registration=OuterRef("pk"), satisfied_at__isnull=False, part__is_block=False
    ).exclude(part__move_on=MoveOn.ALWAYS)
    to_do = Part.objects.filter(version=OuterRef("version"), is_block=False).exclude(
        move_on=MoveOn.ALWAYS
    )
    rows = Registration.objects.filter(course_id=course_id)
    return rows.select_related("person", "version", "course").annotate(
        done=_count(done, "registration"), to_do=_count(to_do, "version")
    )


def _count(rows: QuerySet[Any], by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def sessions(registration: Registration) -> QuerySet[Session]:
    """The sessions of a registration, newest first, each with its unit."""
    return registration.sessions.select_related("part").order_by(F("launched_at").desc(), "-pk")
