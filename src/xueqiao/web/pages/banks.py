"""Credit banks and alliances for everybody: their members and catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render
from django.urls import path

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.service import banks
from xueqiao.service.models import Bank
from xueqiao.web import access

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@access.page(rights.PUBLIC)
def listing(request: HttpRequest) -> HttpResponse:
    """The banks and alliances of today."""
    rows = banks.in_force(clock.today()).select_related("place")
    return render(request, "service/banks.html", {"banks": list(rows)})


@access.page(rights.PUBLIC)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One bank: what it is for, who belongs to it, what stands in its catalogue."""
    day = clock.today()
    bank = get_object_or_404(Bank.objects.select_related("place", "node"), code=code)
    context = {
        "bank": bank,
        "members": list(banks.members(bank, day)),
        "units": list(banks.units(bank, day)),
        "programmes": list(banks.programmes(bank, day)),
    }
    return render(request, "service/bank.html", context)


urlpatterns = [
    path("banks/", listing, name="banks"),
    path("banks/<slug:code>/", one, name="bank-of"),
]
