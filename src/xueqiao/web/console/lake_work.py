"""What waits in the governance of data: requests to read, columns to be guarded less."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.governance.models import AccessGrant, Classification
from xueqiao.kernel import clock
from xueqiao.lake.levels import Level
from xueqiao.web.console.work import Group, Item, first

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person

DAYS = 5


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


def requests(person: Person, today: date) -> Group:
    """Requests of others that the person may decide, oldest first."""
    rows = AccessGrant.objects.for_second(person, today).select_related("person", "place")
    found, count = first(rows.order_by("asked_at", "pk"))
    items = []
    for each in found:
        day = clock.local_date(each.asked_at) + timedelta(days=DAYS)
        title = f"A-{each.pk} · {each.person.name}"
        detail = f"{each.get_purpose_display()} · {each.place.name} · {', '.join(each.tables)}"
        address = reverse("console-lake-grant", args=[each.pk])
        items.append(Item(title, detail, address, day, day < today))
    address = reverse("console-lake-access") + f"?state={AccessGrant.State.ASKED}"
    return Group("lake-access", _("Access to the lake to decide"), count, items, address)
