"""Who answers for a table: laid down by a person, kept as it was, the newest line holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import catalogue
from xueqiao.governance.deciding import reason_given
from xueqiao.governance.models import Custody
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


class NoSteward(errors.Refusal):
    """The person named holds no role by which a table can be looked after."""

    code = "lake.no_steward"
    status = 422


@transaction.atomic
def assign(
    *,
    table: str,
    steward: Person,
    owner: Any,
    reason: str,
    by: Person,
    at: datetime,
) -> Custody:
    """Lay down who owns a table and who looks after it.

    The same once more changes nothing and returns the line in force.

    Args:
        owner: a ``network.Institution``; None for the province itself.

    Raises:
        catalogue.UnknownTable: there is no such table.
        NoSteward: the person has no role of the lake.
        deciding.ReasonMissing: no reason is given.
    """
    now = catalogue.entry(table).custody
    if not rights.allows(steward, rights.LAKE_SEE, clock.local_date(at)):
        text = _("{name} holds no role that opens the lake. Give the role first, or name another.")
        raise NoSteward(text.format(name=steward.name), pointer="steward")
    said = reason_given(reason)
    if now and (now.steward_id, now.owner_id) == (steward.pk, owner.pk if owner else None):
        return now
    return Custody.objects.create(
        table=table, owner=owner, steward=steward, reason=said, decided_by=by, decided_at=at
    )
