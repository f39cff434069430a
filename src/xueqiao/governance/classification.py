"""Class and level of columns: raised by one person at once, lowered only by two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import catalogue
from xueqiao.governance.deciding import Decided, reason_given, second_person
from xueqiao.governance.models import Classification
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.lake.levels import Class, Level
    from xueqiao.people.models import Person

State = Classification.State


class ClassificationWaiting(errors.Refusal):
    """Another decision about this column waits for a second person."""

    code = "lake.classification_waiting"


@transaction.atomic
def ask(
    *,
    table: str,
    column: str,
    category: Class,
    level: Level,
    reason: str,
    by: Person,
    at: datetime,
) -> Classification:
    """Give a column a class and a level; in force at once unless it is guarded less by it.

    Raises:
        catalogue.UnknownTable: there is no such column.
        deciding.ReasonMissing: no reason is given.
        ClassificationWaiting: another decision about it waits.
    """
    now, said = catalogue.guarded(table, column), reason_given(reason)
    if now.waiting:
        raise ClassificationWaiting(_("Another decision about this column waits; decide it first."))
    lowers = level < now.level or (now.category.is_personal and not category.is_personal)
    asked = Classification(
        table=table, column=column, category=category, level=level, lowers=lowers, reason=said,
        asked_by=by, asked_at=at,
    )  # fmt: skip
    if lowers:
        asked.save(force_insert=True)
        return asked
    return _in_force(asked, by, at)


@transaction.atomic
def approve(*, classification: Classification, by: Person, at: datetime) -> Classification:
    """Put a decision in force that guards a column less.

    Raises:
        deciding.SamePerson: whoever asked cannot allow it.
        deciding.Decided: it does not wait for a decision.
    """
    return _in_force(_waiting(classification, by), by, at)


@transaction.atomic
def reject(*, classification: Classification, by: Person, at: datetime) -> Classification:
    """Refuse it; the column stays guarded as it is.

    Raises:
        deciding.SamePerson, deciding.Decided: as for ``approve``.
    """
    found = _waiting(classification, by)
    found.state, found.decided_by, found.decided_at = State.REJECTED, by, at
    found.save(update_fields=["state", "decided_by", "decided_at"])
    return found


def _in_force(found: Classification, by: Person, at: datetime) -> Classification:
    same = Classification.objects.filter(table=found.table, column=found.column)
    same.filter(state=State.IN_FORCE).update(state=State.ENDED)
    found.state, found.decided_by, found.decided_at = State.IN_FORCE, by, at
    found.save()
    return found


def _waiting(classification: Classification, by: Person) -> Classification:
    found = Classification.objects.select_for_update().get(pk=classification.pk)
    if found.state != State.ASKED:
        raise Decided(_("This does not wait for a decision any more."))
    second_person(found.asked_by_id, by)
    return found
