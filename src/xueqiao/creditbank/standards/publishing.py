"""Publishing a draft by somebody else than who wrote it, and retiring what is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import QualificationFramework, Standard, StandardChange
from xueqiao.creditbank.standards import drafting, published
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

Row = TypeVar("Row", QualificationFramework, Standard)
Verb = StandardChange.Verb
WRITING = (Verb.DRAFTED, Verb.CHANGED, Verb.IMPORTED)


class SamePerson(errors.Refusal):
    """Whoever wrote a draft does not publish it."""

    code = "standards.same_person"
    status = 403


class NotComplete(errors.Refusal):
    """The draft lacks what others will rely on."""

    code = "standards.not_complete"
    status = 422


class WrongDay(errors.Refusal):
    """A version would begin before the one it replaces, or end before it begins."""

    code = "standards.wrong_day"
    status = 422


@transaction.atomic
def publish(*, draft: Row, by: Person, at: datetime) -> Row:
    """Make a draft a fact from its first day on; the version before it ends on that day.

    Repeating it changes nothing.

    Raises:
        SamePerson, NotComplete, WrongDay, rights.NotAllowed.
    """
    row = _lock(draft, by, at)
    if not row.is_draft:
        return row
    wrote = StandardChange.objects.filter(
        kind=drafting.kind_of(row), code=row.code, version=row.version, verb__in=WRITING
    )
    if wrote.filter(actor=by).exists():
        raise SamePerson(_("You wrote this draft. Somebody else has to publish it."))
    missing = gaps(row)
    if missing:
        raise NotComplete(_("The draft is not complete: {gaps}").format(gaps=" ".join(missing)))
    _children(row).update(is_draft=False)
    row.is_draft, row.published_by, row.changed_at = False, by, at
    row.save(update_fields=["is_draft", "published_by", "changed_at"])
    _end_predecessor(row, at)
    published.index(row)
    drafting.note(row, Verb.PUBLISHED, by, at)
    return row


@transaction.atomic
def retire(*, row: Row, day: date, by: Person, at: datetime, reason: str) -> Row:
    """Let what is published end: from ``day`` on nothing new is recognised by it.

    What was recognised before stays. Repeating it with the same day changes nothing.

    Raises:
        WrongDay, drafting.FieldMissing: no reason; rights.NotAllowed.
    """
    kept = _lock(row, by, at)
    if kept.valid_to == day:
        return kept
    if not reason.strip():
        raise drafting.FieldMissing(_("Say why, in a sentence."), pointer="reason")
    if kept.is_draft or day <= kept.valid_from:
        text = _("It is in force from {day}. Choose a later day for its end.")
        raise WrongDay(text.format(day=clock.written(kept.valid_from)), pointer="day")
    _end(kept, day, at)
    drafting.note(kept, Verb.RETIRED, by, at, reason)
    return kept


def gaps(row: QualificationFramework | Standard) -> list[str]:
    """What a draft still lacks before it can be published, in sentences; none: it is complete."""
    if isinstance(row, QualificationFramework):
        return [] if row.levels.exists() else [_("It has no level.")]
    units = list(row.units.order_by("code"))
    found = [] if units else [_("It has no unit.")]
    if row.level.is_draft:
        found.append(_("Its level belongs to a framework that is not published."))
    for unit in units:
        if not unit.outcomes:
            found.append(_("Unit {code} names no learning outcome.").format(code=unit.code))
        if not unit.criteria:
            found.append(_("Unit {code} names no assessment criterion.").format(code=unit.code))
    return found


def _lock(row: Row, by: Person, at: datetime) -> Row:
    if not rights.allows(by, rights.STANDARDS_PUBLISH, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())
    # Every version of the code is locked, lowest id first: two of them cannot be published at once.
    rows = type(row)._default_manager.select_for_update(no_key=True)
    held = {each.pk: each for each in rows.filter(code=row.code).order_by("pk")}
    return held[row.pk]


def _children(row: QualificationFramework | Standard) -> QuerySet[Any]:
    return row.units.all() if isinstance(row, Standard) else row.levels.all()


def _end_predecessor(row: QualificationFramework | Standard, at: datetime) -> None:
    rows = type(row)._default_manager.filter(code=row.code, is_draft=False).exclude(pk=row.pk)
    running = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=row.valid_from))
    for before in running.order_by("valid_from"):
        if before.valid_from >= row.valid_from:
            text = _("Version {version} is in force from {day}. Let this one begin later.")
            shown = text.format(version=before.version, day=clock.written(before.valid_from))
            raise WrongDay(shown, pointer="valid_from")
        _end(before, row.valid_from, at)
    rows.filter(valid_to=row.valid_from, replaced_by=None).update(replaced_by=row)


def _end(row: QualificationFramework | Standard, day: date, at: datetime) -> None:
    row.valid_to, row.changed_at = day, at
    row.save(update_fields=["valid_to", "changed_at"])
    if isinstance(row, Standard):
        # A unit that ended earlier by itself keeps its day.
        still = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
        row.units.filter(still, valid_from__lt=day).update(valid_to=day)
