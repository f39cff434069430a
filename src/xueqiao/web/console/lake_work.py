"""What waits in the governance of data: requests to read, columns, contracts, alarms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.governance import alarms
from xueqiao.governance.models import (
    AccessGrant,
    Classification,
    DataContract,
    ResearchExtract,
)
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


def extracts(person: Person, today: date) -> Group:
    """Research extracts of others that the person may decide, oldest first."""
    rows = ResearchExtract.objects.for_second(person, today).select_related("asked_by", "place")
    found, count = first(rows.order_by("asked_at", "pk"))
    items = [_extract(each, clock.local_date(each.asked_at), today) for each in found]
    address = reverse("console-lake-extracts") + f"?state={ResearchExtract.State.ASKED}"
    return Group("lake-extracts", _("Research extracts to decide"), count, items, address)


def copies(person: Person, today: date) -> Group:
    """Own extracts that are over, and whose copies somebody may still have."""
    rows = ResearchExtract.objects.to_destroy(person).select_related("asked_by", "place")
    found, count = first(rows.order_by("ended_at", "pk"))
    items = [
        _extract(each, clock.local_date(each.ended_at or each.asked_at), today) for each in found
    ]
    address = reverse("console-lake-extracts")
    return Group("lake-copies", _("Copies of extracts to be destroyed"), count, items, address)


def _extract(row: ResearchExtract, since: date, today: date) -> Item:
    day = since + timedelta(days=DAYS)
    return Item(
        f"X-{row.pk} · {row.asked_by.name}",
        f"{row.get_design_display()} · {row.place.name} · {row.purpose}",
        reverse("console-lake-extract", args=[row.pk]),
        day,
        day < today,
    )


def contracts(person: Person, _today: date) -> Group:
    """Contracts that somebody else has proposed, oldest first."""
    rows = DataContract.objects.filter(state=DataContract.State.PROPOSED)
    rows = rows.exclude(proposed_by=person).select_related("proposed_by")
    found, count = first(rows.order_by("proposed_at", "pk"))
    items = [
        Item(
            f"{each.name} · {each.version}",
            f"{each.proposed_by.name} · {each.reason}",
            reverse("console-lake-contract", args=[each.name]),
            None,
            is_late=False,
        )
        for each in found
    ]
    address = reverse("console-lake-contracts")
    return Group("data-contracts", _("Data contracts to answer"), count, items, address)


def data_alarms(_person: Person, _today: date) -> Group:
    """Alarms of the data that nobody looks after yet, oldest first."""
    found, count = first(alarms.waiting())
    address = reverse("console-lake-alarms")
    items = [
        Item(
            f"{each.subject} · {each.get_kind_display()}",
            alarms.text(each),
            address,
            None,
            is_late=True,
        )
        for each in found
    ]
    return Group("data-alarms", _("Alarms of the data"), count, items, address)
