"""Console: the tree of places by register and day, institutions, and blank spots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_list_or_404, render
from django.urls import path, reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import clock
from xueqiao.network import tree
from xueqiao.network.models import (
    Closure,
    Institution,
    InstitutionKind,
    Level,
    Listing,
    Place,
    PlaceChange,
    Register,
    Seat,
)
from xueqiao.people import rights
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse

Rows = QuerySet[Any]
# What a level lacks when nothing of this kind sits in the place itself (N11, N4).
SEARCHED, SHOWN = 200, 40
LISTED = Listing.objects.select_related("place", "register", "parent")
LACKING = {Level.TOWN: InstitutionKind.TOWN_CENTRE, Level.VILLAGE: InstitutionKind.VILLAGE_SCHOOL}


def register_of(request: HttpRequest, registers: list[Register]) -> Register:
    """The register the address names; otherwise the one with the fewest levels."""
    wanted = request.GET.get("register", "")
    found = sorted(registers, key=lambda each: (each.code != wanted, each.deepest_level, each.code))
    if not found:
        raise Http404(wanted)
    return found[0]


def day_of(request: HttpRequest, register: Register) -> date:
    """The day the address names, else the day the register was cut off."""
    try:
        return parse_date(request.GET.get("day", "")) or register.as_of
    except ValueError:
        return register.as_of


def reachable(request: HttpRequest) -> QuerySet[Place]:
    """The places for which the person may see the network."""
    reach = rights.within(access.person(request), rights.PLACES, clock.today(), place="id")
    return Place.objects.filter(reach)


def reachable_institutions(request: HttpRequest) -> QuerySet[Institution]:
    """The institutions the person may see, each once however many registers seat it."""
    reach = rights.within(
        access.person(request),
        rights.PLACES,
        clock.today(),
        place="place_id",
        institution="institution_id",
    )
    return Institution.objects.filter(pk__in=Seat.objects.filter(reach).values("institution_id"))


@access.page(rights.PLACES)
def start(request: HttpRequest) -> HttpResponse:
    """The places a person's roles are held for, and the search among what lies below them."""
    text = request.GET.get("q", "").strip()
    roles = rights.roles_in_force(access.person(request), rights.PLACES, clock.today())
    found = tree.search(text, day=clock.today(), limit=SEARCHED) if text else []
    mine = set(
        reachable(request).filter(pk__in=[each.pk for each in found]).values_list("pk", flat=True)
    )
    context = {
        "roles": roles.select_related("place", "institution"),
        "text": text,
        "found": [each for each in found if each.pk in mine][:SHOWN],
    }
    return render(request, "console/places.html", context)


@access.page(rights.PLACES)
def place(request: HttpRequest, code: str) -> HttpResponse:
    """One place: where it belongs, what lies below it, what sits in it, what changed."""
    registers = list(Register.objects.order_by("code"))
    register = register_of(request, registers)
    day = day_of(request, register)
    listings = get_list_or_404(LISTED.filter(place__code=code).order_by("-place__valid_from", "pk"))
    found = listings[0].place
    above = tree.ancestors(found, register.code, day)
    reach = reachable(request).filter(pk__in=[found.pk, *(each.pk for each in above)])
    mine = set(reach.values_list("pk", flat=True))
    if found.pk not in mine:
        raise Http404(code)
    context = facts(found, register, day)
    context |= {"registers": registers, "ancestors": above, "reach": mine, "listings": listings}
    return render(request, "console/place.html", context)


def facts(found: Place, register: Register, day: date) -> dict[str, Any]:
    """What one register says about a place on a day."""
    return {
        "place": found,
        "register": register,
        "day": day,
        "children": children_of(found, register, day),
        "seats": seats_at(found, register, day),
        "changes": changes_of(found),
    }


def children_of(found: Place, register: Register, day: date) -> QuerySet[Place]:
    """The places below, each with ``institutions``: how many sit in it or below on the day."""
    seated = Seat.objects.filter(
        tree.on(day),
        register=register,
        place__above__ancestor=OuterRef("pk"),
        place__above__register=register,
        place__above__carried=False,
    ).order_by()
    counted = seated.values("register").annotate(n=Count("institution", distinct=True)).values("n")
    rows = tree.children(found, register.code, day)
    return rows.annotate(institutions=Coalesce(Subquery(counted), 0))


def changes_of(found: Place) -> QuerySet[PlaceChange]:
    """The latest official changes that name the place's code."""
    code = found.code.ljust(6, "0")
    return PlaceChange.objects.filter(Q(old_code=code) | Q(new_code=code)).order_by("-year")[:20]


def seats_at(found: Place, register: Register, day: date) -> QuerySet[Seat]:
    """The institutions that sit in the place itself on the day."""
    rows = Seat.objects.filter(tree.on(day), register=register, place=found)
    return rows.select_related("institution").order_by("institution__kind", "institution__code")[
        :50
    ]


def _search_institutions(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(name__icontains=text) | Q(code__iexact=text) | Q(name_en__icontains=text))


def _below(rows: Rows, code: str) -> Rows:
    below = Closure.objects.filter(ancestor__code=code).values("descendant_id")
    return rows.filter(pk__in=Seat.objects.filter(place_id__in=below).values("institution_id"))


def _cities() -> list[tuple[str, str]]:
    tops = Place.objects.filter(level__lte=Level.CITY, valid_to=None).order_by("code")
    return list(tops.values_list("code", "name"))


INSTITUTIONS = lists.Listing(
    code="institutions",
    columns=(
        lists.Column(_("Institution"), lambda row: row.name, head=True, sort="name"),
        lists.Column(_("Kind"), lambda row: row.get_kind_display(), sort="kind"),
        lists.Column(_("Code"), lambda row: row.code, sort="code"),
        lists.Column(
            _("Place"),
            lambda row: row.place_name,
            link=lambda row: (
                reverse("console-place", args=[row.place_code]) if row.place_code else ""
            ),
        ),
        lists.Column(_("For elders"), lambda row: _("yes") if row.serves_elders else _("no")),
        lists.Column(_("Active since"), lambda row: row.valid_from, sort="since"),
        lists.Column(_("Data"), lambda row: _("sample") if row.is_sample else _("register")),
    ),
    sorts={
        "code": ("code",),
        "name": ("name", "id"),
        "kind": ("kind", "id"),
        "since": ("valid_from", "id"),
    },
    filters=(
        lists.of_field("kind", _("Kind"), InstitutionKind),
        lists.Filter("place", _("City"), _cities, _below),
        lists.Filter(
            "elders",
            _("For elders"),
            lambda: [("1", _("yes")), ("0", _("no"))],
            lambda rows, yes: rows.filter(serves_elders=yes == "1"),
        ),
    ),
    search=_search_institutions,
    search_hint=_("name or code"),
)


@access.page(rights.PLACES)
def institutions(request: HttpRequest) -> HttpResponse:
    """The institutions within the person's reach."""
    seat = Seat.objects.filter(institution=OuterRef("pk"), valid_to=None).order_by("register_id")
    # A manager of one institution may see it, and not the page of the place it sits in.
    open_to_reader = seat.filter(place__in=reachable(request).values("pk"))
    rows = reachable_institutions(request).annotate(
        place_name=seat.values("place__name")[:1],
        place_code=open_to_reader.values("place__code")[:1],
    )
    return lists.answer(request, INSTITUTIONS, rows, "console/institutions.html")


def _registers() -> list[tuple[str, Any]]:
    return [
        (each.code, f"{each.name_zh} {each.as_of}") for each in Register.objects.order_by("code")
    ]


def _levels() -> list[tuple[str, Any]]:
    return [(str(level.value), level.label) for level in LACKING]


def _blank_at(rows: Rows, level: str) -> Rows:
    wanted = Level(int(level))
    seats = Seat.objects.filter(
        register=OuterRef("register"),
        place=OuterRef("place"),
        valid_to=None,
        institution__kind=LACKING[wanted],
        institution__valid_to=None,
    )
    return rows.filter(place__level=wanted).filter(~Exists(seats))


BLANK_SPOTS = lists.Listing(
    code="blank-spots",
    columns=(
        lists.Column(
            _("Place"),
            lambda row: row.name,
            head=True,
            link=lambda row: reverse("console-place", args=[row.place.code]),
        ),
        lists.Column(_("Code"), lambda row: row.code, sort="code"),
        lists.Column(_("Kind"), lambda row: row.place.kind),
        lists.Column(_("Belongs to"), lambda row: row.parent.name if row.parent else ""),
        lists.Column(_("Listed since"), lambda row: row.valid_from, sort="since"),
    ),
    sorts={"code": ("code", "id"), "since": ("valid_from", "id")},
    filters=(
        lists.Filter(
            "register",
            _("Register"),
            _registers,
            lambda rows, code: rows.filter(register=code),
            "mca",
            True,
        ),
        lists.Filter("level", _("Level"), _levels, _blank_at, str(Level.TOWN.value), True),
    ),
    search=lambda rows, text: rows.filter(
        Q(place__name__icontains=text) | Q(code__startswith=text)
    ),
    search_hint=_("name or start of the code"),
)


@access.page(rights.PLACES)
def blank_spots(request: HttpRequest) -> HttpResponse:
    """Places with no institution of the kind their level asks for."""
    rows = Listing.objects.filter(place__in=reachable(request).values("pk"), valid_to=None)
    rows = rows.select_related("place", "parent")
    return lists.answer(request, BLANK_SPOTS, rows, "console/blank_spots.html")


urlpatterns = [
    path("console/places/", start, name="console-places"),
    path("console/places/blank/", blank_spots, name="console-blank-spots"),
    path("console/places/<str:code>/", place, name="console-place"),
    path("console/institutions/", institutions, name="console-institutions"),
]
