"""What waits in the governance of data: requests to read, columns, contracts, alarms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.governance import alarms
from xueqiao.governance.models import (
    AccessGrant,
    Classification,
    DataContract,
    LakeRetention,
    LakeTerm,
    OpenDataset,
    ResearchExtract,
    SharingAgreement,
    SharingSignature,
)
from xueqiao.kernel import clock
from xueqiao.lake.levels import Level
from xueqiao.people import rights
from xueqiao.web.console import alarms as alarm_rows
from xueqiao.web.console import lake_retention
from xueqiao.web.console.work import Group, Item, first
from xueqiao.web.templatetags.ui import titled

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


def shorter_terms(person: Person, _today: date) -> Group:
    """Terms that somebody else wants shorter, longest waiting first."""
    rows = LakeTerm.objects.filter(state=LakeTerm.State.ASKED).exclude(asked_by=person)
    found, count = first(rows.select_related("asked_by").order_by("asked_at", "pk"))
    items = [
        Item(
            f"{lake_retention.subject(each.scope, each.subject)} · {lake_retention.said(each)}",
            f"{each.asked_by.name} · {each.reason}",
            reverse("console-lake-term", args=[each.pk]),
            None,
            is_late=False,
        )
        for each in found
    ]
    address = reverse("console-lake-retention") + f"?state={LakeTerm.State.ASKED}"
    return Group("lake-terms", _("Terms of the lake to decide"), count, items, address)


def plans(person: Person, _today: date) -> Group:
    """Plans to give data up that wait for a second person, and one that is held up."""
    held_up = LakeRetention.objects.open().exclude(held_up_by="")
    waiting = LakeRetention.objects.for_second(person)
    found, count = first((held_up | waiting).select_related("asked_by").order_by("pk"))
    items = [
        Item(
            f"R-{each.pk} · {each.get_state_display()}",
            each.held_up_text or (each.asked_by.name if each.asked_by else _("by the platform")),
            reverse("console-lake-plan-one", args=[each.pk]),
            None,
            is_late=bool(each.held_up_by),
        )
        for each in found
    ]
    address = reverse("console-lake-plans")
    return Group("lake-plans", _("Data to be given up"), count, items, address)


def data_alarms(_person: Person, _today: date) -> Group:
    """Alarms of the data that nobody looks after yet, oldest first."""
    found, count = first(alarms.waiting())
    address = alarm_rows.address(alarm_rows.DATA)
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


def open_data(person: Person, today: date) -> Group:
    """Open data that others ask to publish or to withdraw, longest waiting first."""
    rows = OpenDataset.objects.for_second(person, today)
    found, count = first(rows.select_related("asked_by", "leaving_by").order_by("asked_at", "pk"))
    address = reverse("console-lake-open")
    return Group("open-data", _("Open data to decide"), count, list(map(_opened, found)), address)


def _opened(row: OpenDataset) -> Item:
    by = row.leaving_by or row.asked_by
    detail = f"{row.get_state_display()} · {by.name if by else ''}"
    return Item(
        titled(row), detail, reverse("console-lake-open-one", args=[row.pk]), None, is_late=False
    )


def sharing(person: Person, today: date) -> Group:
    """Agreements about data that the person may sign, longest waiting first."""
    roles = rights.roles_in_force(person, rights.LAKE_SHARE, today)
    bodies = roles.filter(institution__isnull=False).values("institution_id")
    giving = Q(signed_giving=None, giving_institution__in=bodies)
    receiving = Q(signed_receiving=None, receiving_institution__in=bodies)
    rows = SharingAgreement.objects.awaiting().filter(giving | receiving)
    # Nobody signs for both sides, so who has signed this text has nothing more to do.
    mine = SharingSignature.objects.filter(
        agreement=OuterRef("pk"), revision=OuterRef("revision"), person=person
    )
    found, count = first(rows.exclude(Exists(mine)).order_by("offered_at", "pk"))
    items = [
        Item(
            titled(row), f"{row.code} · {row.giving} → {row.receiving}",
            reverse("console-lake-sharing-one", args=[row.pk]), None, is_late=False,
        )
        for row in found
    ]  # fmt: skip
    address = reverse("console-lake-sharing") + "?show=offered"
    return Group("sharing", _("Agreements about data to sign"), count, items, address)


def sharing_drafts(person: Person, today: date) -> Group:
    """Drafts of agreements about data that wait for the steward of the place."""
    reach = rights.within(person, rights.LAKE_STEWARD, today, place="place_id")
    rows = SharingAgreement.objects.filter(reach, offered_at=None, valid_to__gt=today)
    found, count = first(rows.order_by("pk"))
    items = [
        Item(
            titled(row), f"{row.code} · {row.giving} → {row.receiving}",
            reverse("console-lake-sharing-one", args=[row.pk]), None, is_late=False,
        )
        for row in found
    ]  # fmt: skip
    address = reverse("console-lake-sharing") + "?show=draft"
    return Group("sharing-drafts", _("Agreements about data to put forward"), count, items, address)
