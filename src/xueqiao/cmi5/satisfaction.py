"""When blocks and courses become satisfied: worked out after every step, said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.cmi5 import rules, writing
from xueqiao.cmi5.models import Part, Registration, Standing
from xueqiao.cmi5.vocabulary import Verb
from xueqiao.records import log

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def settle(registration: Registration, *, session: UUID, at: datetime) -> None:
    """Say which blocks, and whether the course, became satisfied; the caller holds the row locked.

    Args:
        session: of the launch that led to it, else one made for it.
    """
    if registration.satisfied_at is not None:
        return
    parts = {part.pk: part for part in Part.objects.filter(version_id=registration.version_id)}
    standings = {row.part_id: row for row in Standing.objects.filter(registration=registration)}
    met = {part.pk for part in parts.values() if _is_met(part, standings.get(part.pk))}
    _mark_units(registration, parts, standings, met, at)
    branches = sorted(parts.values(), key=lambda part: part.number)
    done, is_whole = rules.satisfied(
        (rules.Branch(part.pk, part.parent_id, part.is_block) for part in branches), met
    )
    fresh = [parts[each] for each in done if not _is_satisfied(standings.get(each))]
    _mark(registration, [part.pk for part in fresh], at)
    made = [
        writing.statement(
            Verb.SATISFIED,
            registration=registration,
            session=session,
            thing=writing.about_block(part),
            publisher_id=part.publisher_id,
            at=at,
        )
        for part in fresh
    ]
    if is_whole:
        made.append(_whole(registration, session, at))
    writing.store(made, at=at, key=f"cmi5:satisfied:{session}:{len(standings)}:{len(met)}")


def _is_met(part: Part, standing: Standing | None) -> bool:
    if part.is_block:
        return False
    return rules.is_met(
        part.move_on,
        completed=standing is not None and standing.completed_at is not None,
        passed=standing is not None and standing.passed_at is not None,
        waived=standing is not None and standing.waived_at is not None,
    )


def _is_satisfied(standing: Standing | None) -> bool:
    return standing is not None and standing.satisfied_at is not None


def _mark_units(
    registration: Registration,
    parts: dict[int, Part],
    standings: dict[int, Standing],
    met: set[int],
    at: datetime,
) -> None:
    fresh = [each for each in met if not _is_satisfied(standings.get(each))]
    # A unit that is satisfied whatever is done there is not worth a row for each learner.
    always = {each for each in fresh if parts[each].move_on == rules.MoveOn.ALWAYS}
    _mark(registration, [each for each in fresh if each not in always or each in standings], at)


def _mark(registration: Registration, parts: list[int], at: datetime) -> None:
    rows = [Standing(registration=registration, part_id=each, satisfied_at=at) for each in parts]
    Standing.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["registration", "part"],
        update_fields=["satisfied_at"],
        batch_size=500,
    )


def _whole(registration: Registration, session: UUID, at: datetime) -> dict[str, object]:
    """The course is satisfied: kept, told to the log, and said."""
    registration.satisfied_at = at
    registration.save(update_fields=["satisfied_at"])
    log.append(
        kind="cmi5.satisfied",
        key=f"registration:{registration.key}",
        event_at=at,
        payload={
            "registration": str(registration.key),
            "person_id": registration.person_id,
            "course_id": registration.course_id,
            "publisher_id": registration.course.publisher_id,
            "version": registration.version.number,
        },
    )
    return writing.statement(
        Verb.SATISFIED,
        registration=registration,
        session=session,
        thing=writing.about_course(registration),
        publisher_id=registration.course.publisher_id,
        at=at,
    )
