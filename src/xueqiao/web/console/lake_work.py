"""What waits for a person in the governance of data: columns that somebody wants guarded less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.governance.models import Classification
from xueqiao.lake.levels import Level
from xueqiao.web.console.work import Group, Item, first

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


def guards(person: Person, _today: date) -> Group:
    """Columns that somebody else wants guarded less, longest waiting first."""
    rows = Classification.objects.filter(state=Classification.State.ASKED).exclude(asked_by=person)
    found, count = first(rows.select_related("asked_by").order_by("asked_at", "pk"))
    items = [_guard(row) for row in found]
    address = reverse("console-lake-tables")
    return Group("guards", _("Columns to be guarded less"), count, items, address)


def _guard(row: Classification) -> Item:
    return Item(
        _("{column} of {table}").format(column=row.column, table=row.table),
        f"{Level(row.level).title} · {row.asked_by.name} · {row.reason}",
        reverse("console-lake-table", args=[row.table]) + "#columns",
        None,
        is_late=False,
    )
