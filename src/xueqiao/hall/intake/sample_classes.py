"""Classes of today for the demo (示例): open for enrolment, on catalogue courses, all over Jiangsu.

They are made by the verbs that people use, so seats, waiting lists and log are as real as can be.
Which course is taught where, and how full the class is, depends on the day and the catalogue alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from xueqiao.hall import enrolment, offerings, queries
from xueqiao.hall.intake import places
from xueqiao.hall.models import Enrolment, EnrolmentState, Offering
from xueqiao.kernel import clock, errors, ids, tables
from xueqiao.people import accounts

CLASSES = 60
PREFIX = "SAMPLE-CLASS-"
# County code to how many of the classes it gets; the other counties share the rest.
FAVOURED = {"320924": 8, "320102": 6}
CHEAP_FIRST = [0, 0, 3000, 0, 6000, 9900, 0, 12000]  # fen
HOURS = [(9, 0), (14, 30), (18, 30), (19, 0)]
LESSON_MINUTES = 90
WEEKS = 10
FULL, NEARLY_FULL = 2, (5, 11, 17, 23, 29)  # by number of the class
WAITING = 3
# Courses that people of every age come for; the others fill up.
EVERYDAY = (
    "健康",
    "礼仪",
    "艺术",
    "茶",
    "花",
    "理财",
    "昆曲",
    "心理",
    "营养",
    "绳结",
    "音乐",
    "舞",
    "画",
    "急救",
    "中国",
    "文化",
    "历史",
    "电影",
    "运动",
    "资治通鉴",
    "诗",
    "庄子",
    "英语",
    "汽车",
    "服装",
    "生活",
)


class CatalogueMissing(errors.Refusal):
    """No courses are loaded yet."""

    code = "hall.catalogue_missing"


@dataclass(frozen=True)
class Counts:
    """What is there of the series that is open on ``day``."""

    day: date
    offerings: int
    taken: int
    waiting: int


def load(*, day: date) -> Counts:
    """Make the sample classes that start in the weeks after a day.

    While an earlier series can still be enrolled in, that one is completed and no new one made.

    Raises:
        places.NetworkMissing: places or institutions are not loaded.
        CatalogueMissing: no courses are loaded.
    """
    opened = _open_series(day)
    if opened is None:
        items = _classes(day)
        if not items:
            text = _("The sample classes need courses. Run: xueqiao load_catalogue.")
            raise CatalogueMissing(text)
        offerings.create_many(items)
        opened = day
    series = Offering.objects.filter(code__startswith=_prefix(opened)).order_by("code")
    _fill(list(queries.with_seats(series)), opened)
    rows = Enrolment.objects.filter(offering__in=series)
    return Counts(
        opened,
        series.count(),
        rows.filter(state=EnrolmentState.ACTIVE).count(),
        rows.filter(state=EnrolmentState.WAITING).count(),
    )


def _prefix(day: date) -> str:
    return f"{PREFIX}{day:%Y%m%d}-"


def _open_series(day: date) -> date | None:
    still = Offering.objects.filter(
        code__startswith=PREFIX,
        enrol_from__lte=clock.start_of(day),
        enrol_to__gt=clock.start_of(day),
    )
    last = still.aggregate(code=Max("code"))["code"]
    if last is None:
        return None
    return datetime.strptime(last[len(PREFIX) :][:8], "%Y%m%d").date()  # noqa: DTZ007 - a day


def _classes(day: date) -> list[tuple[Offering, dict[str, int]]]:
    found = []
    teachers = _teachers()
    sites = _sites()
    for number, (course, site) in enumerate(zip(_courses(), sites, strict=False), start=1):
        code = f"{_prefix(day)}{number:02}"
        starts = day + timedelta(days=7 + ids.spread(f"{code}:start", 35))
        hour, minute = HOURS[ids.spread(f"{code}:hour", len(HOURS))]
        first = hour * 60 + minute
        title = str(course["title"])
        teacher_id, teacher_name = teachers.get(site.institution_id, (None, _teacher_name(code)))
        offering = Offering(
            code=code,
            title=f"{title}（示例）",
            course_id=course["pk"],
            institution_id=site.institution_id,
            place_id=site.place_id,
            venue=f"{1 + number % 5}0{1 + number % 8}教室",
            teacher_id=teacher_id,
            teacher_name=teacher_name,
            term=f"{starts.year}{'春' if starts.month < 8 else '秋'}",  # noqa: PLR2004 - August
            starts_on=starts,
            ends_on=starts + timedelta(weeks=WEEKS - 1),
            weekday=starts.isoweekday(),
            from_minute=first,
            to_minute=first + LESSON_MINUTES,
            enrol_from=clock.start_of(day - timedelta(days=7)),
            enrol_to=clock.start_of(starts),
            fee_fen=CHEAP_FIRST[number % len(CHEAP_FIRST)],
            credit_hundredths=100,
            for_elders=hour < 18 and any(word in title for word in EVERYDAY),  # noqa: PLR2004 - day
            is_sample=True,
        )
        found.append((offering, {"general": 12 + 4 * ids.spread(f"{code}:seats", 6)}))
    return found


def _teacher_name(code: str) -> str:
    family = "王李张刘陈杨赵黄周吴"
    return f"{family[ids.spread(f'{code}:teacher', len(family))]}老师（示例）"


def _courses() -> list[dict[str, Any]]:
    """Courses with a title that the description names, each title once, everyday ones first."""
    # Named by string: only the catalogue imports its own models.
    rows = tables.rows("catalog.Course")
    named = rows.filter(title_source__in=["given", "book_marks", "subject"]).order_by("code")
    by_title: dict[str, dict[str, Any]] = {}
    for row in named.values("pk", "code", "title"):
        if not re.fullmatch(r"[\w：（）()]{3,14}", row["title"]):
            continue
        by_title.setdefault(row["title"], dict(row))

    def rank(row: dict[str, Any]) -> tuple[bool, int]:
        return not any(word in row["title"] for word in EVERYDAY), ids.spread(row["code"], 1 << 30)

    best = sorted(by_title.values(), key=rank)[:CLASSES]
    # Mixed, so that no county gets only the everyday ones.
    return sorted(best, key=lambda row: ids.spread(f"mix:{row['code']}", 1 << 30))


def _sites() -> list[places.Site]:
    """The institutions of the classes, in turn: the favoured counties' first, then one a county."""
    colleges = places.county_colleges(province="32")
    chosen: list[places.Site] = []
    for county, count in FAVOURED.items():
        college = [each for each in colleges if each.place_code == county][:1]
        centres = places.sites(province=county, kind="town_centre", must=False)
        halves = college * (count // 2) + centres
        chosen += [halves[n % len(halves)] for n in range(count)] if halves else []
    others = [each for each in colleges if each.place_code not in FAVOURED]
    step = max(1, len(others) // (CLASSES - len(chosen)))
    turn = others[::step] or colleges
    return chosen + [turn[n % len(turn)] for n in range(CLASSES - len(chosen))]


def _teachers() -> dict[int, tuple[int, str]]:
    """The teacher of an institution, id and name, where a person holds that role there."""
    held = tables.rows("people.Role").filter(
        kind="teacher", valid_to=None, institution__isnull=False
    )
    columns = ("institution_id", "person_id", "person__name")
    return {where: (who, name) for where, who, name in held.order_by("-pk").values_list(*columns)}


def _fill(classes: list[Any], day: date) -> None:
    """Enrol sample learners, each in one class, up to how full the class is meant to be."""
    wanted = [
        (each, _wanted(number, each.capacity)) for number, each in enumerate(classes, start=1)
    ]
    keys = [
        (each, ids.stable_uuid("sample-learner", each.code, str(n)))
        for each, count in wanted
        for n in range(count)
    ]
    at = datetime.combine(day, time.min, clock.LOCAL)
    accounts.open_many(
        accounts.NewAccount(
            key=key,
            name=f"示例学员 {n}",
            name_en=f"Sample learner {n}",
            opened_at=at,
            home_id=each.place_id,
            is_sample=True,
        )
        for n, (each, key) in enumerate(keys, start=1)
    )
    persons = accounts.ids_of([key for _each, key in keys])
    done = set(Enrolment.objects.filter(offering__in=classes).values_list("request_key", flat=True))
    for each, key in keys:
        if f"sample:{key}" not in done:
            enrolment.enrol(
                offering_id=each.pk,
                person_id=persons[key],
                by_person_id=persons[key],
                at=at,
                request_key=f"sample:{key}",
            )


def _wanted(number: int, capacity: int) -> int:
    if number == FULL:
        return capacity + WAITING
    if number in NEARLY_FULL:
        return capacity - 1 - number % 2
    return ids.spread(f"taken:{number}", capacity // 2)
