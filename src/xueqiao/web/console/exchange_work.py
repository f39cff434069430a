"""What waits in the exchange with others: differences to decide, tables of schools to accept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.exchange.models import Break
from xueqiao.exchange.results import sheets
from xueqiao.kernel import clock
from xueqiao.web.console.work import Group, Item, first

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person

SHEET_DAYS, DIFFERENCE_DAYS = 10, 5


def sheets_waiting(person: Person, today: date) -> Group:
    """Tables of schools that wait to be accepted by somebody else than who sent them."""
    found, count = first(sheets.waiting(person, clock.now()))
    items = []
    for each in found:
        day = clock.local_date(each.at) + timedelta(days=SHEET_DAYS)
        detail = f"{each.institution.name} · {each.get_kind_display()}"
        address = reverse("console-result", args=[each.pk])
        items.append(Item(each.file_name, detail, address, day, day < today))
    address = reverse("console-results") + "?state=ready"
    return Group("sheets", _("Results of schools to accept"), count, items, address)


def differences(_person: Person, today: date) -> Group:
    """Differences with the superior bank that wait for somebody's decision."""
    rows = Break.objects.filter(state=Break.State.WAITING).select_related("partner")
    found, count = first(rows.order_by("day", "pk"))
    items = [
        Item(
            each.key, f"{each.partner.name} · {each.get_kind_display()}",
            reverse("console-break", args=[each.pk]), each.day + timedelta(days=DIFFERENCE_DAYS),
            is_late=each.day + timedelta(days=DIFFERENCE_DAYS) < today,
        )
        for each in found
    ]  # fmt: skip
    address = reverse("console-exchange") + f"?state={Break.State.WAITING}"
    return Group("exchange", _("Differences with the superior bank"), count, items, address)
