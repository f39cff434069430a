"""Public consultation 征求意见 on a rule version: opened, commented on, answered, closed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import standards
from xueqiao.creditbank.models import (
    Consultation,
    ConsultationComment,
    ConsultationReply,
    RuleVersion,
)
from xueqiao.creditbank.rulebook import steps, texts
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

# The number of a measure that says for how many days at least everybody may comment.
MEASURE = "rule.consultation"
LONGEST = 4000


class TooShort(errors.Refusal):
    """The consultation would be shorter than the measure asks."""

    code = "consultation.too_short"
    status = 422


class NotOpen(errors.Refusal):
    """Comments are taken from the first to the last day of the consultation."""

    code = "consultation.not_open"


class StillOpen(errors.Refusal):
    """The consultation is not over, or a comment has no answer yet."""

    code = "consultation.still_open"


class CommentUnfit(errors.Refusal):
    """A comment or an answer without words, or with too many."""

    code = "consultation.comment_unfit"
    status = 422


class RequestReused(errors.Refusal):
    """The request key already belongs to another comment."""

    code = "consultation.request_reused"


@transaction.atomic
def start(
    *, version: RuleVersion, question: str, closes_on: date, by: Person, at: datetime
) -> Consultation:
    """Put a checked version to public consultation, from today to a day; once for what it says.

    Raises:
        TooShort, steps.WrongState, steps.Incomplete, rights.NotAllowed.
    """
    locked = steps.lock(version, "consult", by=by, at=at, policy=rights.RULES_EDIT)
    read, today = texts.text_hash(locked), clock.local_date(at)
    found = locked.consultations.filter(text_hash=read).first()
    if found is not None:
        return found
    if not question.strip():
        words = _("Say what is put forward and why, for those who read it.")
        raise steps.Incomplete(words, pointer="question")
    days = int(standards.rule(MEASURE, today).value["days"])
    if closes_on < today + timedelta(days=days - 1):
        words = _("A consultation lasts {days} days at least. Choose {day} or later.")
        day = clock.written(today + timedelta(days=days - 1))
        raise TooShort(words.format(days=days, day=day), pointer="closes_on")
    made = Consultation.objects.create(
        version=locked, text_hash=read, question=question.strip(), opens_on=today,
        closes_on=closes_on, opened_by=by, opened_at=at,
    )  # fmt: skip
    steps.note(locked, "consult", by=by, at=at)
    return made


@transaction.atomic
def comment(
    *, consultation: Consultation, request_key: str, by: Person, capacity: str, text: str,
    at: datetime,
) -> ConsultationComment:  # fmt: skip
    """Say something in an open consultation, once for each request key.

    Raises:
        NotOpen, CommentUnfit, RequestReused.
    """
    words = _words(text)
    found = ConsultationComment.objects.filter(request_key=request_key).first()
    if found is not None:
        if (found.author_id, found.text) == (by.pk, words):
            return found
        raise RequestReused(_("This form was sent before with other contents. Open the form anew."))
    day = clock.local_date(at)
    if not Consultation.objects.open_on(day).filter(pk=consultation.pk).exists():
        said = _("Comments were taken until {day}. Read what came of them.")
        raise NotOpen(said.format(day=clock.written(consultation.closes_on)))
    return ConsultationComment.objects.create(
        consultation=consultation, request_key=request_key, author=by, capacity=capacity,
        text=words, at=at,
    )  # fmt: skip


@transaction.atomic
def reply(
    *, comment: ConsultationComment, by: Person, verdict: str, text: str, at: datetime
) -> ConsultationReply:
    """Answer a comment, once, with what becomes of it.

    Raises:
        CommentUnfit; rights.NotAllowed: not of a side of the agreement; NotOpen: answered already.
    """
    version = comment.consultation.version
    day = clock.local_date(at)
    if not steps.versions_kept_by(by, day).filter(pk=version.pk).exists():
        raise rights.NotAllowed(rights.not_allowed_text())
    found = ConsultationReply.objects.filter(comment=comment).first()
    if found is not None:
        if (found.author_id, found.text) == (by.pk, text.strip()):
            return found
        raise NotOpen(_("This comment has been answered already. Load the page again."))
    return ConsultationReply.objects.create(
        comment=comment, author=by, verdict=verdict, text=_words(text), at=at
    )


@transaction.atomic
def close(*, consultation: Consultation, summary: str, by: Person, at: datetime) -> Consultation:
    """Close a consultation whose last day is over and whose comments are all answered.

    Raises:
        StillOpen, steps.WrongState, steps.Incomplete, rights.NotAllowed.
    """
    version = consultation.version
    row = Consultation.objects.select_for_update(no_key=True).get(pk=consultation.pk)
    if row.closed_at is not None:
        return row
    verb = "close_consultation"
    locked = steps.lock(version, verb, by=by, at=at, policy=rights.RULES_EDIT)
    _refuse_open(row, clock.local_date(at))
    if not summary.strip():
        raise steps.Incomplete(_("Say what came of it."), pointer="summary")
    row.closed_by, row.closed_at, row.summary = by, at, summary.strip()
    row.save(update_fields=["closed_by", "closed_at", "summary"])
    if row.text_hash == texts.text_hash(locked):
        steps.move(locked, verb, RuleVersion.State.CONSULTED, by=by, at=at, text=row.summary)
    return row


def _refuse_open(row: Consultation, today: date) -> None:
    if today <= row.closes_on:
        words = _("Comments are taken until {day}. Close it on the day after.")
        raise StillOpen(words.format(day=clock.written(row.closes_on)))
    unanswered = row.comments.filter(reply=None).count()
    if unanswered:
        words = _("{n} comments have no answer yet. Answer them first.")
        raise StillOpen(words.format(n=unanswered))


def _words(text: str) -> str:
    found = text.strip()
    if not 1 <= len(found) <= LONGEST:
        words = _("Write between 1 and {most} characters.")
        raise CommentUnfit(words.format(most=LONGEST), pointer="text")
    return found
