"""What became of my credit and why, and what I held on any day by what was known on another."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils.dateparse import parse_date

from xueqiao.creditbank import bitemporal
from xueqiao.creditbank.models import LotStep
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from xueqiao.people.models import Person

SHOWN = 200
# Days for which the account page tells of a freeze, a reversal or a lapse.
LATELY = timedelta(days=90)


@access.page(rights.OWN)
def changes(request: HttpRequest) -> HttpResponse:
    """Every move of my lots after they were posted, with the reason, latest first."""
    rows = LotStep.objects.filter(lot__person=access.signed_in(request)).select_related("lot")
    context = {"rows": rows.order_by("-at", "-pk")[:SHOWN]}
    return render(request, "creditbank/changes.html", context)


@access.page(rights.OWN)
def balance(request: HttpRequest) -> HttpResponse:
    """My lots as of one day, as the bank knew them on another."""
    return render(request, "creditbank/balance.html", _then(request))


@access.page(rights.OWN)
def balance_file(request: HttpRequest) -> HttpResponse:
    """The same as JSON; amounts in 1/100 credit."""
    found = _then(request)
    return JsonResponse(
        {
            "as_of": found["as_of"].isoformat(),
            "known_at": found["known_at"].isoformat(),
            "held_hundredths": found["held"],
            "lots": [_lot(each) for each in found["positions"]],
        }
    )


def lately(me: Person) -> list[LotStep]:
    """The last moves of my lots, latest first, for the notice on the account page. 1 query."""
    rows = LotStep.objects.filter(lot__person=me, at__gte=clock.now() - LATELY)
    return list(rows.select_related("lot").order_by("-at", "-pk")[:5])


def _lot(position: bitemporal.Position) -> dict[str, Any]:
    lot = position.lot
    return {
        "lot": lot.pk, "title_zh": lot.title_zh, "title_en": lot.title_en,
        "obtained": lot.obtained.isoformat(), "state": position.state,
        "held_hundredths": position.held_hundredths,
    }  # fmt: skip


def _then(request: HttpRequest) -> dict[str, Any]:
    today = clock.today()
    as_of = _day(request.GET.get("as_of", "")) or today
    known_at = _day(request.GET.get("known_at", "")) or today
    me: Person = access.signed_in(request)
    found = bitemporal.positions(me, as_of=_end(as_of), known_at=_end(known_at))
    return {
        "as_of": as_of, "known_at": known_at, "positions": found,
        "held": sum(each.held_hundredths for each in found),
    }  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _end(day: date) -> datetime:
    return clock.start_of(day + timedelta(days=1)) - timedelta(microseconds=1)


urlpatterns = [
    path("account/changes/", changes, name="account-changes"),
    path("account/balance/", balance, name="account-balance"),
    path("account/balance.json", balance_file, name="account-balance-file"),
]
