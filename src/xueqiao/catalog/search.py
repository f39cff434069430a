"""Finding courses: by words, discipline and school, in three queries whatever is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from xueqiao.catalog import rules
from xueqiao.catalog.engines import Document, engine
from xueqiao.catalog.models import Course

PAGE = 20
MOST_PAGES = 500
# In a list by title, names come before opening words and lists of concepts.
WEAK = "case when c.title_source in ('opening', 'concepts') then 1 else 0 end"


@dataclass(frozen=True)
class Found:
    """A course that was found, with the part of its text that says why.

    ``excerpt`` holds pieces of text; True marks a hit.
    """

    course: Course
    excerpt: list[tuple[str, bool]]


@dataclass(frozen=True)
class Result:
    """One page of what was found. ``count`` is exact, over all pages."""

    count: int
    rows: list[Found]
    page: int
    pages: int


def find(
    text: str = "", *, discipline: str = "", school: str = "", page: int = 1, size: int = PAGE
) -> Result:
    """Courses that hold every word of a text, best first; all of them by title for no text.

    Args:
        text: words in Chinese of one, two or more characters, Latin words, or pinyin of a title.
        discipline: name of a discipline, or "".
        school: code of a school, or "".
        page: from 1; a page that does not exist is empty.
        size: rows a page.
    """
    terms = rules.terms(text)
    page = min(max(page, 1), MOST_PAGES)
    if text.strip() and not terms:
        return Result(0, [], page, 0)
    ids, count = _ids(terms, discipline, school, (page - 1) * size, size)
    courses = (
        Course.objects.select_related("school", "discipline")
        .prefetch_related("teachers")
        .in_bulk(ids)
    )
    rows = [Found(courses[each], rules.excerpt(courses[each].description, terms)) for each in ids]
    return Result(count, rows, page, -(-count // size))


def disciplines(text: str = "", *, school: str = "") -> list[tuple[str, int]]:
    """The disciplines of what a text finds, with counts, most first."""
    sql, params = _matching(rules.terms(text), "", school)
    with connection.cursor() as ask:
        ask.execute(
            "select d.name, count(*) from catalog_discipline d join"  # noqa: S608 - own parts
            f" ({sql}) found on found.discipline_id = d.id group by d.name order by 2 desc, 1",
            params,
        )
        return [(str(name), int(count)) for name, count in ask.fetchall()]


def index(course_ids: list[int]) -> None:
    """Bring the words of courses up to date, in the transaction of the verb that changed them."""
    courses = Course.objects.select_related("school", "discipline").prefetch_related("teachers")
    documents = [
        Document(
            course.pk,
            course.title,
            " ".join(
                [
                    course.school.name,
                    course.school.code,
                    course.discipline.name if course.discipline else "",
                    *(teacher.name for teacher in course.teachers.all()),
                ]
            ),
            course.description,
        )
        for course in courses.filter(pk__in=course_ids)
    ]
    engine().replace(documents)


def _ids(
    terms: list[rules.Term], discipline: str, school: str, offset: int, size: int
) -> tuple[list[int], int]:
    sql, params = _matching(terms, discipline, school)
    with connection.cursor() as ask:
        ask.execute(
            f"select id, count(*) over () from ({sql}) found"  # noqa: S608 - own parts
            " order by score, weak, title, id limit %s offset %s",
            [*params, size, offset],
        )
        rows = ask.fetchall()
        if not rows and offset:
            ask.execute(f"select 0, count(*) from ({sql}) found", params)  # noqa: S608 - own parts
            return [], int(ask.fetchone()[1])
    return [int(row[0]) for row in rows], int(rows[0][1]) if rows else 0


def _matching(terms: list[rules.Term], discipline: str, school: str) -> tuple[str, list[Any]]:
    hits = engine().hits(terms) if terms else None
    source = (
        f"({hits.sql}) hits join catalog_course c on c.id = hits.course_id"
        if hits
        else ("catalog_course c")
    )
    params = list(hits.params) if hits else []
    where = []
    for value, table, column in (
        (discipline, "catalog_discipline", "name"),
        (school, "catalog_school", "code"),
    ):
        if value:
            key = table.removeprefix("catalog_")
            where.append(f"c.{key}_id in (select id from {table} where {column} = %s)")  # noqa: S608
            params.append(value)
    score = "hits.score" if hits else "0"
    narrowed = f" where {' and '.join(where)}" if where else ""
    columns = f"c.id, c.title, c.discipline_id, {score} as score, {WEAK} as weak"
    return f"select {columns} from {source}{narrowed}", params  # noqa: S608 - own parts
