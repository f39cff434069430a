"""What a unit says, held against the profile before it is stored; and what follows from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.cmi5 import profile, registrations, rules, satisfaction, writing
from xueqiao.cmi5.models import Session, Standing
from xueqiao.cmi5.rules import Breach
from xueqiao.cmi5.vocabulary import Verb
from xueqiao.kernel import errors
from xueqiao.records import query, statements
from xueqiao.records.xapi import facts, validate

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from xueqiao.cmi5.models import Registration
    from xueqiao.records.checking import Incoming

TEXTS = {
    Breach.ID: gettext_lazy("A unit gives each statement an id."),
    Breach.TIMESTAMP: gettext_lazy("A unit gives each statement a timestamp, in UTC."),
    Breach.ACTOR: gettext_lazy("The actor is not the learner of the session."),
    Breach.VERB: gettext_lazy("A unit may not say this verb in the cmi5 category."),
    Breach.VOIDING: gettext_lazy("A unit voids nothing."),
    Breach.OBJECT: gettext_lazy("The object is not the activityId of the launch."),
    Breach.REGISTRATION: gettext_lazy("The registration is not that of the launch."),
    Breach.SESSION: gettext_lazy("The session id is not that of the launch data."),
    Breach.TEMPLATE: gettext_lazy("The context leaves out what its template holds."),
    Breach.CATEGORY: gettext_lazy(
        "The moveon category goes with completed, passed and failed, and with nothing else."
    ),
    Breach.SCORE: gettext_lazy(
        "A score goes with passed or failed: scaled from 0 to 1; raw, min and max whole numbers, "
        "raw between the others."
    ),
    Breach.MASTERY: gettext_lazy(
        "The verb, the score and the mastery score of the launch data do not agree."
    ),
    Breach.SUCCESS: gettext_lazy(
        "success is true for passed, false for failed, and left out elsewhere."
    ),
    Breach.COMPLETION: gettext_lazy("completion is true for completed, and left out elsewhere."),
    Breach.DURATION: gettext_lazy("Completed, passed, failed and terminated have a duration."),
    Breach.PROGRESS: gettext_lazy("progress is a whole number from 0 to 100."),
    Breach.MODE: gettext_lazy("In this launch mode no result is written down."),
    Breach.NOT_INITIALIZED: gettext_lazy("The first statement of a session is initialized."),
    Breach.TERMINATED: gettext_lazy("Nothing follows terminated."),
    Breach.ORDER: gettext_lazy(
        "By its timestamp the statement lies before initialized or behind terminated."
    ),
    Breach.TWICE: gettext_lazy("A session says each verb of the profile once."),
    Breach.JUDGED: gettext_lazy("A session says passed or failed, not both."),
    Breach.ALREADY: gettext_lazy("The registration has this result for the unit already."),
    Breach.FAILED_AFTER_PASSED: gettext_lazy("A unit that was passed cannot be failed."),
}


class NotAdmitted(errors.Refusal):
    """A statement of a unit breaks a rule of the profile."""

    code = "cmi5.not_admitted"
    status = 403


class SessionOver(errors.Refusal):
    """The session was ended, abandoned, or ran out."""

    code = "cmi5.session_over"
    status = 403


class _Step(NamedTuple):
    item: Incoming
    verb: str  # of the profile; "" for a statement of the unit's own kind
    at: datetime


@transaction.atomic
def accept(
    *, session: Session, items: Sequence[Incoming], at: datetime, batch_key: str, **stored: Any
) -> list[uuid.UUID]:
    """Store what a unit says, all or nothing, and say what follows from it.

    A statement that is held already, and the same, is left as it is.

    Args:
        stored: what else ``statements.store_all`` takes, such as attachments.

    Raises:
        SessionOver: the session is not open any more.
        NotAdmitted: a statement breaks a rule of the profile; the pointer says where.
        values.Invalid, checking.IdTwice, statements.Conflict: as ``statements.store_all``.
    """
    registration = registrations.locked(session.registration_id)
    fresh = Session.objects.select_related("part").get(pk=session.pk)
    if not fresh.is_open or fresh.ends_at <= at:
        raise SessionOver(_("The session is over. Start the unit again from its course."))
    new = _admit(fresh, registration, items)
    ids = statements.store_all(
        source=writing.units(at), items=items, received_at=at, batch_key=batch_key, **stored
    )
    _note(fresh, new, at)
    if _judge(fresh, registration, new, at):
        satisfaction.settle(registration, session=fresh.key, at=at)
    return ids


def _admit(session: Session, registration: Registration, items: Sequence[Incoming]) -> list[_Step]:
    """The statements that are new, by their timestamps; refuses the first that may not come."""
    terms, steps = _terms(session, registration), []
    for item in items:
        validate.check(item.statement, at=item.at, version=item.version)
        if found := profile.fault(item.statement, terms):
            raise _refused(found.breach, f"{item.at}{found.pointer}")
        when = facts.read(item.statement, item.version).event_at
        assert when is not None, "the profile asks for a timestamp"
        verb = item.statement["verb"]["id"] if profile.is_defined(item.statement) else ""
        steps.append(_Step(item, verb, when))
    run, new = _run(session, registration), []
    for step in sorted(steps, key=lambda each: each.at):
        if breach := rules.admit(run, step.verb, step.at):
            if _is_held(step.item):
                continue
            raise _refused(breach, f"{step.item.at}/verb/id")
        run = rules.after(run, step.verb, step.at)
        new.append(step)
    return new


def _terms(session: Session, registration: Registration) -> profile.Terms:
    home_page, name = writing.account(registration.person.key)
    part = session.part
    return profile.Terms(
        home_page,
        name,
        str(registration.key),
        str(session.key),
        part.activity_id,
        (part.publisher_id,),
        part.mastery,
    )


def _run(session: Session, registration: Registration) -> rules.Run:
    standing = Standing.objects.filter(registration=registration, part=session.part).first()
    return rules.Run(
        rules.Mode(session.mode),
        frozenset(session.used),
        session.first_at,
        session.last_at,
        completed=standing is not None and standing.completed_at is not None,
        passed=standing is not None and standing.passed_at is not None,
    )


def _is_held(item: Incoming) -> bool:
    """Whether the very statement is in: its sender did not hear the answer and sent it again."""
    wanted = facts.read(item.statement, item.version).uuid
    row = query.one(wanted, voided=False) if wanted else None
    return row is not None and facts.same(json.loads(row.text), item.statement)


def _note(session: Session, new: list[_Step], at: datetime) -> None:
    """Write down what the session said."""
    session.heard_at = at
    for step in new:
        session.last_at = max(session.last_at or step.at, step.at)
        if step.verb:
            session.used = [*session.used, step.verb]
        if step.verb == Verb.INITIALIZED:
            session.first_at = step.at
        if step.verb == Verb.TERMINATED:
            session.terminated_at = at
    session.save(update_fields=["heard_at", "last_at", "used", "first_at", "terminated_at"])


_COLUMNS = {
    Verb.COMPLETED: "completed_at",
    Verb.PASSED: "passed_at",
    Verb.FAILED: "failed_at",
}


def _judge(session: Session, registration: Registration, new: list[_Step], at: datetime) -> bool:
    """Write down how the learner stands; whether something was decided."""
    if session.mode != rules.Mode.NORMAL:
        return False
    changes: dict[str, Any] = {}
    for step in new:
        if column := _COLUMNS.get(step.verb):  # type: ignore[call-overload]
            changes[column] = at
        if step.verb == Verb.COMPLETED:
            changes["progress_percent"] = 100
        elif (percent := profile.progress(step.item.statement)) is not None:
            changes["progress_percent"] = percent
        if step.verb and (score := profile.scaled(step.item.statement)) is not None:
            changes["score"] = score
    if changes:
        Standing.objects.update_or_create(
            registration=registration, part=session.part, defaults=changes
        )
    return bool(changes.keys() & set(_COLUMNS.values()))


def _refused(breach: Breach, at: str) -> NotAdmitted:
    return NotAdmitted(str(TEXTS[breach]), pointer=at)
