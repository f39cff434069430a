"""OULAD becomes classes: offerings, enrolments and completions of real, anonymous learners.

Their names and homes and the colleges are samples (示例). Every presentation is one
transaction, so a load that was stopped goes on with the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.hall import events, offerings, seats
from xueqiao.hall.intake import oulad_rows, places
from xueqiao.hall.intake.oulad_rows import (
    HOME_PAGE,
    SOCIAL,
    Learner,
    Presentation,
    Registration,
)
from xueqiao.hall.models import (
    Bucket,
    Completion,
    Enrolment,
    EnrolmentState,
    Offering,
    Result,
    SeatMove,
)
from xueqiao.kernel import bulk, clock, credit, ids
from xueqiao.people import accounts, identity

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from django.db.models import Model

BATCH = 2000
ENROLMENT = (
    "offering_id", "bucket_id", "person_id", "state", "asked_at", "enrolled_at", "ended_at",
    "request_key", "updated_at",
)  # fmt: skip
MOVE = ("bucket_id", "enrolment_id", "amount", "reason", "moved_at")
COMPLETION = (
    "enrolment_id", "result", "completed_at", "studied_credits_hundredths", "request_key",
    "recorded_at",
)  # fmt: skip
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Counts:
    """What is there now; the load found the rest in place."""

    offerings: int
    persons: int
    enrolments: int
    completions: int


def load(
    *,
    at: datetime,
    folder: Path = oulad_rows.FOLDER,
    progress: Progress = lambda _part, _done, _total: None,
) -> Counts:
    """Bring all presentations, learners, registrations and results in; again changes nothing.

    Args:
        at: when the accounts are linked.
        folder: holds courses.csv, studentInfo.csv.gz and studentRegistration.csv.gz.
        progress: told the part, rows done and rows in all.
    """
    by_presentation = oulad_rows.registrations(folder)
    total = sum(map(len, by_presentation.values()))
    people = oulad_rows.learners(folder)
    loaded = Completion.objects.filter(request_key__startswith="oulad:").count()
    if loaded < total:
        _open_offerings(by_presentation)
        persons = _open_accounts(people, at, progress)
        done = 0
        for presentation, rows in by_presentation.items():
            _enrol(presentation, rows, persons, at)
            done += len(rows)
            progress(_("Enrolments"), done, total)
    codes = [_code(each) for each in by_presentation]
    return Counts(
        Offering.objects.filter(code__in=codes).count(),
        len(people),
        Enrolment.objects.filter(offering__code__in=codes).count(),
        Completion.objects.filter(request_key__startswith="oulad:").count(),
    )


def _code(presentation: Presentation) -> str:
    return f"OULAD-{presentation.module}-{presentation.code}"


def _key(number: str) -> UUID:
    return ids.stable_uuid("oulad", number)


def _open_offerings(by_presentation: dict[Presentation, list[Registration]]) -> None:
    colleges = places.county_colleges(province="32")
    items = []
    for number, (each, rows) in enumerate(by_presentation.items()):
        college = colleges[number * len(colleges) // len(by_presentation)]
        field = "社会科学" if each.module in SOCIAL else "理工"
        season = f"{each.starts_on.year}年{each.starts_on.month}月"
        opening = min(row.registered_on for row in rows)
        closing = max(row.registered_on for row in rows) + timedelta(days=1)
        offering = Offering(
            code=_code(each),
            title=f"{field}模块 {each.module}（{season}班）",
            institution_id=college.institution_id,
            place_id=college.place_id,
            term=each.code,
            module_code=each.module,
            presentation=each.code,
            starts_on=each.starts_on,
            ends_on=each.ends_on,
            is_sample=True,
            enrol_from=clock.start_of(opening),
            enrol_to=clock.start_of(closing),
        )
        items.append((offering, {"general": len(rows)}))
    offerings.create_many(items)


def _open_accounts(people: Sequence[Learner], at: datetime, progress: Progress) -> dict[str, int]:
    """Open and link the learners' accounts; returns their person ids by learner number."""
    homes = places.homes(province="32")
    for start in range(0, len(people), BATCH):
        accounts.open_many(_account(each, homes) for each in people[start : start + BATCH])
        progress(_("Learners"), min(start + BATCH, len(people)), len(people))
    persons = accounts.ids_of([_key(each.name) for each in people])
    by_number = {each.name: persons[_key(each.name)] for each in people}
    identity.link_many(
        links=(identity.Link(person, HOME_PAGE, number) for number, person in by_number.items()),
        at=at,
        why="OULAD sample: the account was opened for this learner number",
    )
    return by_number


def _account(learner: Learner, homes: places.Homes) -> accounts.NewAccount:
    return accounts.NewAccount(
        key=_key(learner.name),
        name=f"学员 {learner.name}",
        name_en=f"Learner {learner.name}",
        opened_at=clock.start_of(learner.first_on),
        birth_year=learner.birth_year,
        sex=learner.sex,
        home_id=homes.choose(learner.name),
        is_sample=True,
    )


@transaction.atomic
def _enrol(
    presentation: Presentation, rows: list[Registration], persons: dict[str, int], at: datetime
) -> None:
    """Enrol, move the seats and complete one whole presentation, once."""
    bucket = Bucket.objects.select_related("offering__institution").get(
        offering__code=_code(presentation)
    )
    seats.lock([bucket.pk])
    if Enrolment.objects.filter(bucket=bucket).exists():
        return
    made = [_enrolment(row, bucket, persons[row.learner], at) for row in rows]
    _insert(Enrolment, ENROLMENT, made)
    numbers = dict(Enrolment.objects.filter(bucket=bucket).values_list("request_key", "pk"))
    for each in made:
        each.pk = numbers[each.request_key]
    _insert(SeatMove, MOVE, list(_moves(made)))
    Bucket.objects.filter(pk=bucket.pk).update(taken=sum(row.left_on is None for row in rows))
    outcomes = [_completion(row, each, at) for row, each in zip(rows, made, strict=True)]
    _insert(Completion, COMPLETION, outcomes)
    events.tell(events.enrolled(each) for each in made)
    events.tell(events.withdrawn(each) for each in made if each.ended_at)
    events.tell(events.completed(each) for each in outcomes)


def _insert(model: type[Model], columns: tuple[str, ...], rows: Sequence[Model]) -> None:
    bulk.insert(model, columns, [tuple(getattr(row, name) for name in columns) for row in rows])


def _enrolment(row: Registration, bucket: Bucket, person_id: int, at: datetime) -> Enrolment:
    registered = clock.start_of(row.registered_on)
    return Enrolment(
        offering=bucket.offering,
        bucket=bucket,
        person_id=person_id,
        state=(EnrolmentState.WITHDRAWN if row.left_on else EnrolmentState.ACTIVE).value,
        asked_at=registered,
        enrolled_at=registered,
        ended_at=clock.start_of(row.left_on) if row.left_on else None,
        updated_at=at,
        request_key=f"oulad:{row.presentation.module}:{row.presentation.code}:{row.learner}",
    )


def _moves(made: list[Enrolment]) -> Iterator[SeatMove]:
    for each in made:
        assert each.enrolled_at is not None
        yield SeatMove(
            bucket=each.bucket, enrolment=each, amount=1, reason="loaded", moved_at=each.enrolled_at
        )
        if each.ended_at:
            yield SeatMove(
                bucket=each.bucket,
                enrolment=each,
                amount=-1,
                reason="withdrawn",
                moved_at=each.ended_at,
            )


def _completion(row: Registration, enrolment: Enrolment, at: datetime) -> Completion:
    """The result counts from the end of the presentation, a withdrawal from the day of leaving."""
    left = row.left_on if row.result == Result.WITHDRAWN else None
    return Completion(
        enrolment=enrolment,
        result=row.result,
        completed_at=clock.start_of(left or row.presentation.ends_on),
        studied_credits_hundredths=row.studied_credits * credit.HUNDREDTHS,
        recorded_at=at,
        request_key=enrolment.request_key,
    )
