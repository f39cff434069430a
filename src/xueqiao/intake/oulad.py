"""OULAD: registrations and assessment results of the Open University become statements.

A row of studentRegistration holds one or two facts (registered, and perhaps withdrew), a row of
studentAssessment one. Days count from the start of the presentation (``rules.presentation_start``).
Source: Kuzilek et al., Scientific Data 4, 170171 (2017), CC BY 4.0.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake import files, verbs
from xueqiao.intake.feed import Feed, Handed
from xueqiao.kernel import clock, ids
from xueqiao.records import rules
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = "https://oulad.example"
# A result brought over from an earlier presentation: given again, not worked for again.
BANKED = f"{SITE}/xapi/banked"
_COURSE = "http://adlnet.gov/expapi/activities/course"
_ASSESSMENT = "http://adlnet.gov/expapi/activities/assessment"
_TYPES = {
    "TMA": "Tutor marked assessment",
    "CMA": "Computer marked assessment",
    "Exam": "Final exam",
}
_HEADINGS = {
    "courses.csv": ("code_module", "code_presentation", "module_presentation_length"),
    "assessments.csv": (
        "code_module", "code_presentation", "id_assessment", "assessment_type", "date", "weight",
    ),
    "studentRegistration.csv.gz": (
        "code_module", "code_presentation", "id_student", "date_registration",
        "date_unregistration",
    ),
    "studentAssessment.csv.gz": (
        "id_assessment", "id_student", "date_submitted", "is_banked", "score",
    ),
}  # fmt: skip
_ENCODER = msgspec.json.Encoder()


class Assessment(NamedTuple):
    """A piece of assessed work and the presentation it belongs to."""

    module: str
    presentation: str
    thing: dict[str, Any]


def handed(folder: Path) -> list[Handed]:
    """Registrations first, results after: as they happened."""
    data = {name: files.packed(folder / "oulad" / name) for name in _HEADINGS}
    courses = frozenset((row[0], row[1]) for row in _described("courses.csv", data))
    assessments = {row[2]: _assessment(row) for row in _described("assessments.csv", data)}
    first, second = "studentRegistration.csv.gz", "studentAssessment.csv.gz"
    return [
        Handed(
            first,
            data[first] + data["courses.csv"],
            partial(_rows, first, data),
            partial(registration_items, courses=courses),
        ),
        Handed(
            second,
            data[second] + data["assessments.csv"],
            partial(_rows, second, data),
            partial(assessment_items, assessments=assessments),
        ),
    ]


def _described(name: str, data: dict[str, bytes]) -> list[list[str]]:
    """The rows of a table that others refer to: one fault in it refuses the whole delivery."""
    rows = _rows(name, data)
    for place, row in enumerate(rows, start=2):
        if len(row) != len(_HEADINGS[name]) or not rules.is_presentation(row[1]):
            text = _("{name}, line {place}: “{row}” is not a row of this table.")
            raise files.FileUnreadable(
                text.format(name=name, place=place, row=files.line(row)[:80])
            )
    return rows


def _rows(name: str, data: dict[str, bytes]) -> list[list[str]]:
    text = files.decoded(files.unpacked(data[name], name), name)
    return files.table(text, name, _HEADINGS[name])


def _assessment(row: list[str]) -> Assessment:
    module, presentation, number, kind, _date, _weight = row
    thing = {
        "id": f"{SITE}/{module}/{presentation}/assessment/{number}",
        "definition": {"type": _ASSESSMENT, "name": {"en": f"{_TYPES.get(kind, kind)} {number}"}},
    }
    return Assessment(module, presentation, thing)


def registration_items(
    row: list[str], *, courses: frozenset[tuple[str, str]]
) -> Iterator[Incoming | Refused]:
    """Registered, and, where the row says so, withdrew."""
    if (why := _columns(row, "studentRegistration.csv.gz")) is not None:
        yield why
        return
    module, presentation, student, registered, unregistered = row
    if (module, presentation) not in courses:
        yield _unknown(row, f"{module} {presentation}", "code_presentation")
        return
    course = {
        "id": f"{SITE}/{module}/{presentation}",
        "definition": {"type": _COURSE, "name": {"en": f"{module} {presentation}"}},
    }
    facts = [("registered", verbs.REGISTERED, registered, "date_registration")]
    if unregistered:
        facts.append(("unregistered", verbs.UNREGISTERED, unregistered, "date_unregistration"))
    for word, verb, day, column in facts:
        at = _at(presentation, day)
        if at is None:
            yield _no_day(row, day, column)
            continue
        key = (module, presentation, student)
        yield _incoming(
            {
                "id": str(ids.stable_uuid("oulad", word, *key)),
                "actor": _actor(student),
                "verb": verb,
                "object": course,
                "context": {"registration": _registration(*key)},
                "timestamp": at,
            }
        )


def assessment_items(
    row: list[str], *, assessments: dict[str, Assessment]
) -> Iterator[Incoming | Refused]:
    """Completed with a score; a banked result is scored, not completed again."""
    if (why := _columns(row, "studentAssessment.csv.gz")) is not None:
        yield why
        return
    number, student, day, is_banked, score = row
    work = assessments.get(number)
    if work is None:
        yield _unknown(row, number, "id_assessment")
        return
    at = _at(work.presentation, day)
    if at is None:
        yield _no_day(row, day, "date_submitted")
        return
    raw = rules.score(score)
    if raw is None:
        yield _no_score(row, score)
        return
    key = (work.module, work.presentation, student)
    context: dict[str, Any] = {
        "registration": _registration(*key),
        "contextActivities": {"parent": [{"id": f"{SITE}/{work.module}/{work.presentation}"}]},
    }
    banked = is_banked == "True"
    if banked:
        context["extensions"] = {BANKED: True}
    yield _incoming(
        {
            "id": str(ids.stable_uuid("oulad", "assessed", number, student)),
            "actor": _actor(student),
            "verb": verbs.SCORED if banked else verbs.COMPLETED,
            "object": work.thing,
            "result": {"score": {"scaled": raw / 100, "raw": raw, "min": 0, "max": 100}},
            "context": context,
            "timestamp": at,
        }
    )


def _incoming(statement: dict[str, Any]) -> Incoming:
    return Incoming(_ENCODER.encode(statement).decode(), statement)


def _actor(student: str) -> dict[str, Any]:
    return {"account": {"homePage": SITE, "name": student}}


@lru_cache(maxsize=65536)
def _registration(module: str, presentation: str, student: str) -> str:
    return str(ids.stable_uuid("oulad", "registration", module, presentation, student))


@lru_cache(maxsize=8192)
def _at(presentation: str, day: str) -> str | None:
    """The first instant of a day of a presentation; None where the day is no whole number."""
    if not day.removeprefix("-").isdecimal() or len(day) > len("-9999"):
        return None
    start = rules.presentation_start(presentation) + timedelta(days=int(day))
    return clock.start_of(start).astimezone(clock.LOCAL).isoformat()


def _columns(row: list[str], name: str) -> Refused | None:
    wanted = len(_HEADINGS[name])
    if len(row) == wanted:
        return None
    text = _("The row has {found} columns; its heading has {wanted}.")
    return Refused(files.line(row), Reason.COLUMNS, text.format(found=len(row), wanted=wanted))


def _unknown(row: list[str], value: str, column: str) -> Refused:
    text = _("“{value}” is not described in the tables of the source.").format(value=value)
    return Refused(files.line(row), Reason.REFERENCE_UNKNOWN, text, column)


def _no_day(row: list[str], day: str, column: str) -> Refused:
    if day:
        text = _("“{value}” is not a day of the presentation.").format(value=day)
        return Refused(files.line(row), Reason.TIME_IMPOSSIBLE, text, column)
    return Refused(files.line(row), Reason.TIME_MISSING, "", column)


def _no_score(row: list[str], score: str) -> Refused:
    if score:
        text = _("“{value}” is not a score from 0 to 100.").format(value=score)
        return Refused(files.line(row), Reason.SCORE_IMPOSSIBLE, text, "score")
    return Refused(files.line(row), Reason.SCORE_MISSING, "", "score")


FEED = Feed("oulad", "Open University Learning Analytics Dataset", 1, handed)
