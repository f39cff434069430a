"""Class and level of columns: raised by one person at once, lowered only by two (``deciding``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import catalogue
from xueqiao.governance.deciding import put_in_force, reason_given
from xueqiao.governance.models import Classification
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.lake.levels import Class, Level
    from xueqiao.people.models import Person


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
    return put_in_force(asked, by=by, at=at)
