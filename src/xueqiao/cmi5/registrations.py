"""Who takes which course: one registration at a time, held to the version it began with."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.cmi5 import satisfaction, writing
from xueqiao.cmi5.models import Course, Part, Reason, Registration, Standing
from xueqiao.cmi5.vocabulary import REASON, Verb
from xueqiao.kernel import errors
from xueqiao.people import identity

if TYPE_CHECKING:
    from datetime import datetime


class NotOffered(errors.Refusal):
    """The course is closed to new learners."""

    code = "cmi5.not_offered"


class NotFinished(errors.Refusal):
    """A course is taken anew only after it was satisfied."""

    code = "cmi5.not_finished"


class NothingToWaive(errors.Refusal):
    """The part is a block, or the learner needs it no more."""

    code = "cmi5.nothing_to_waive"


@transaction.atomic
def register(*, course_id: int, person_id: int, at: datetime, anew: bool = False) -> Registration:
    """Register a learner for the current version of a course; a second call finds the first.

    What is satisfied from the start (``moveOn`` "NotApplicable") is said at once.

    Args:
        anew: begin again after the course was satisfied, in the version of today.

    Raises:
        NotOffered: the course is closed, and the learner was never registered.
        NotFinished: to be taken anew, and the last registration is not satisfied.
    """
    course = Course.objects.select_for_update().get(pk=course_id)
    last = Registration.objects.filter(course=course, person_id=person_id).order_by("number").last()
    if last is not None and not anew:
        return last
    if last is not None and last.satisfied_at is None:
        raise NotFinished(_("The course is not finished yet. Go on where you are."))
    if course.closed_at is not None or course.current_id is None:
        raise NotOffered(_("This course takes nobody new. Look for another one."))
    made = Registration.objects.create(
        key=uuid.uuid4(),
        course=course,
        version_id=course.current_id,
        person_id=person_id,
        number=last.number + 1 if last else 1,
        registered_at=at,
    )
    home_page, name = writing.account(made.person.key)
    why = "account of this platform, made at registration"
    identity.link(person_id=person_id, home_page=home_page, name=name, at=at, why=why)
    satisfaction.settle(made, session=uuid.uuid4(), at=at)
    return made


@transaction.atomic
def waive(
    *, registration_id: int, part_id: int, reason: Reason, note: str, by_id: int, at: datetime
) -> Standing:
    """Let a learner skip a unit, with a reason; the statement has a session of its own. Once.

    Raises:
        NothingToWaive: the part is a block, another course's, or satisfied already.
    """
    registration = locked(registration_id)
    part = Part.objects.filter(pk=part_id, version_id=registration.version_id).first()
    if part is None or part.is_block:
        raise NothingToWaive(_("Only a unit of this learner's course can be waived."))
    standing, _made = Standing.objects.get_or_create(registration=registration, part=part)
    if standing.waived_at is not None:
        return standing
    if standing.satisfied_at is not None:
        raise NothingToWaive(_("The learner has finished this unit; nothing is left to waive."))
    standing.waived_at, standing.waived_reason = at, reason
    standing.waived_note, standing.waived_by_id = note.strip()[:200], by_id
    standing.save()
    session = uuid.uuid4()
    said = writing.statement(
        Verb.WAIVED,
        registration=registration,
        session=session,
        thing=writing.about_unit(part),
        publisher_id=part.publisher_id,
        at=at,
        result={"success": True, "completion": True, "extensions": {REASON: str(reason)}},
    )
    writing.store([said], at=at, key=f"cmi5:waived:{session}")
    satisfaction.settle(registration, session=session, at=at)
    return standing


def locked(registration_id: int) -> Registration:
    """A registration whose sessions and standings nobody else changes until the end."""
    rows = Registration.objects.select_for_update(of=("self",))
    return rows.select_related("person", "course", "version").get(pk=registration_id)
