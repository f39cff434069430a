"""Console: the service points of the own places: set up, described, staffed, closed, ended."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.network import tree
from xueqiao.people import rights
from xueqiao.people.models import Person, Role, RoleKind
from xueqiao.service import finder, nodes, rules
from xueqiao.service.models import NodeKind, ServiceKind, ServiceNode
from xueqiao.web import access, lists, refused
from xueqiao.web.templatetags.ui import named

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

NODES = lists.Listing(
    code="service-points",
    columns=(
        lists.Column(
            gettext_lazy("Service point"),
            named,
            head=True,
            link=lambda row: reverse("console-node", args=[row.code]),
        ),
        lists.Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
        lists.Column(gettext_lazy("Place"), lambda row: row.place.name, sort="place"),
        lists.Column(gettext_lazy("Above"), lambda row: named(row.parent) if row.parent else "–"),
        lists.Column(gettext_lazy("Telephone"), lambda row: row.phone or "–"),
        lists.Column(gettext_lazy("Since"), lambda row: row.valid_from),
        lists.Column(gettext_lazy("Until"), lambda row: row.valid_to or "–"),
    ),
    sorts={"place": ("place__code", "id")},
    filters=(lists.of_field("kind", gettext_lazy("Kind"), NodeKind),),
    search=lambda rows, text: rows.filter(Q(name__icontains=text) | Q(name_en__icontains=text)),
    search_hint=gettext_lazy("part of the name"),
)


def kept(request: HttpRequest) -> QuerySet[ServiceNode]:
    rows = ServiceNode.objects.kept_by(access.person(request), clock.today())
    return rows.select_related("place", "parent", "institution")


@access.page(rights.SERVICE_NODES)
def listing(request: HttpRequest) -> HttpResponse:
    """The service points of the own places."""
    return lists.answer(request, NODES, kept(request), "console/nodes.html")


class NodeForm(forms.Form):
    """A service point that is to be set up."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("For its address: letters, digits and hyphens, as sheyang-hede"),
    )
    name = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=160, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=NodeKind.choices)
    parent = forms.ModelChoiceField(
        label=gettext_lazy("Stands below"), queryset=ServiceNode.objects.none(), required=False
    )
    place = forms.CharField(
        label=gettext_lazy("Code of the place"),
        max_length=12,
        help_text=gettext_lazy("2–12 digits"),
    )
    address = forms.CharField(label=gettext_lazy("Street address"), max_length=200)
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)
    note = forms.CharField(
        label=gettext_lazy("Good to know"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("How to get there, a lift, a ramp"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["parent"]
        field.queryset = ServiceNode.objects.in_force(clock.today()).exclude(kind=NodeKind.POINT)
        field.queryset = field.queryset.order_by("kind", "name")
        field.label_from_instance = named


@access.page(rights.SERVICE_NODES)
def new(request: HttpRequest) -> HttpResponse:
    """Set a service point up."""
    form = NodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            place = tree.by_code(given.pop("place"))
            made = nodes.set_up(
                place_id=place.pk, valid_from=clock.today(), by=access.signed_in(request),
                at=clock.now(), **given,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-node", made.code)
    status = 422 if form.errors else 200
    return render(request, "console/node_new.html", {"form": form}, status=status)


@access.page(rights.SERVICE_NODES)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One service point with everything that can be changed."""
    return _page(request, get_object_or_404(kept(request), code=code))


def _page(
    request: HttpRequest, node: ServiceNode, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    read = finder.with_days(kept(request), clock.today()).get(pk=node.pk)
    monday = clock.today() - timedelta(days=clock.today().weekday())
    hours: dict[int, list[rules.Span]] = {}
    for each in read.hours.all():
        hours.setdefault(each.weekday, []).append(rules.Span(each.opens, each.closes))
    offered = {each.kind: each for each in read.services.all()}
    helpers = Role.objects.in_force(clock.today()).filter(kind=RoleKind.HELPER)
    reach = rights.within(
        access.person(request), rights.SERVICE_NODES, clock.today(), place="place_id"
    )
    context = {
        "node": read, "refusal": why, "tried": tried, "typed": request.POST if why else {},
        "week": [
            (n + 1, monday + timedelta(days=n), rules.shown(hours.get(n + 1, [])))
            for n in range(7)
        ],
        "services": [(kind, title, offered.get(kind)) for kind, title in ServiceKind.choices],
        "closed": read.closed_days.all(),
        "staff": read.staff.in_force(clock.today()).select_related("person").order_by("pk"),
        "helpers": Person.objects.filter(pk__in=helpers.filter(reach).values("person_id"))
        .order_by("name", "pk")[:200],
        "today": clock.today(),
    }  # fmt: skip
    return render(request, "console/node.html", context, status=why.status if why else 200)


def _change(
    request: HttpRequest, code: str, name: str, verb: Callable[..., object]
) -> HttpResponse:
    node = get_object_or_404(kept(request), code=code)
    try:
        verb(node=node, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, node, why, name)
    return redirect("console-node", code)


@require_POST
@access.page(rights.SERVICE_NODES)
def describe(request: HttpRequest, code: str) -> HttpResponse:
    """Name, address, telephone."""
    most = {"name": 120, "name_en": 160, "address": 200, "phone": 40, "note": 300}
    given = {name: request.POST.get(name, "").strip()[:n] for name, n in most.items()}
    return _change(request, code, "describe", partial(nodes.describe, **given))  # type: ignore[arg-type]


@require_POST
@access.page(rights.SERVICE_NODES)
def hours(request: HttpRequest, code: str) -> HttpResponse:
    """The hours of a week."""
    week = {day: request.POST.get(f"day_{day}", "") for day in range(1, 8)}
    return _change(request, code, "hours", partial(nodes.set_hours, week=week))


@require_POST
@access.page(rights.SERVICE_NODES)
def services(request: HttpRequest, code: str) -> HttpResponse:
    """What is offered, how long a visit takes, how many come at once."""
    given = request.POST
    offered = {
        kind: (_whole(given.get(f"minutes_{kind}", "")), _whole(given.get(f"places_{kind}", "")))
        for kind in ServiceKind.values
        if given.get(f"offers_{kind}")
    }
    return _change(request, code, "services", partial(nodes.set_services, offered=offered))


def _whole(text: str) -> int:
    """A whole number as typed; -1, which every rule refuses, for anything else."""
    known = text.strip().isascii() and text.strip().isdigit()
    return int(text) if known and len(text.strip()) < 5 else -1  # noqa: PLR2004 - minutes


@require_POST
@access.page(rights.SERVICE_NODES)
def close(request: HttpRequest, code: str) -> HttpResponse:
    """Close on a day, or reopen it."""
    day = _day(request.POST.get("day", ""))
    if request.POST.get("reopen"):
        return _change(request, code, "close", partial(_reopen, day))
    reason = request.POST.get("reason", "")[:120]
    return _change(request, code, "close", partial(_close, day, reason))


def _close(day: date | None, reason: str, **who: Any) -> object:
    return nodes.close_day(day=_needed(day), reason=reason, **who)


def _reopen(day: date | None, **who: Any) -> object:
    nodes.reopen_day(day=_needed(day), **who)
    return None


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _needed(day: date | None) -> date:
    if day is None:
        raise nodes.NodeUnfit(_("Choose a day."), pointer="day")
    return day


@require_POST
@access.page(rights.SERVICE_NODES)
def staff(request: HttpRequest, code: str) -> HttpResponse:
    """Let a helper work here."""
    chosen = request.POST.get("person", "")
    person_id = int(chosen) if chosen.isascii() and chosen.isdigit() else 0
    verb = partial(nodes.add_staff, person_id=person_id, valid_from=clock.today())
    return _change(request, code, "staff", verb)


@require_POST
@access.page(rights.SERVICE_NODES)
def end_staff(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """End somebody's work here."""
    node = get_object_or_404(kept(request), code=code)
    found = get_object_or_404(node.staff.select_related("node"), pk=pk)

    def verb(**who: Any) -> object:
        return nodes.end_staff(staff=found, day=clock.today(), by=who["by"], at=who["at"])

    return _change(request, code, "staff", verb)


@require_POST
@access.page(rights.SERVICE_NODES)
def end(request: HttpRequest, code: str) -> HttpResponse:
    """End the service point from a day on."""
    day = _day(request.POST.get("day", ""))

    def verb(**who: Any) -> object:
        return nodes.end(day=_needed(day), **who)

    return _change(request, code, "end", verb)


urlpatterns = [
    path("console/points/", listing, name="console-nodes"),
    path("console/points/new/", new, name="console-node-new"),
    path("console/points/<slug:code>/", one, name="console-node"),
    path("console/points/<slug:code>/describe/", describe, name="console-node-describe"),
    path("console/points/<slug:code>/hours/", hours, name="console-node-hours"),
    path("console/points/<slug:code>/services/", services, name="console-node-services"),
    path("console/points/<slug:code>/close/", close, name="console-node-close"),
    path("console/points/<slug:code>/staff/", staff, name="console-node-staff"),
    path("console/points/<slug:code>/staff/<int:pk>/", end_staff, name="console-node-staff-end"),
    path("console/points/<slug:code>/end/", end, name="console-node-end"),
]
