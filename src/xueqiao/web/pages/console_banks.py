"""Console: banks and alliances: founding, members, catalogue."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import Programme, Unit
from xueqiao.kernel import clock, errors
from xueqiao.network import tree
from xueqiao.network.models import Institution
from xueqiao.people import rights
from xueqiao.service import banks
from xueqiao.service.models import Bank, BankMember, BankOffer
from xueqiao.web import access, lists, refused
from xueqiao.web.templatetags.ui import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

BANKS = lists.Listing(
    code="banks",
    columns=(
        lists.Column(
            _("Bank"),
            named,
            head=True,
            link=lambda row: reverse("console-bank", args=[row.code]),
        ),
        lists.Column(_("Kind"), lambda row: row.get_kind_display()),
        lists.Column(_("Place"), lambda row: row.place.name),
        lists.Column(_("Members"), lambda row: row.member_count, numeric=True),
        lists.Column(_("In its catalogue"), lambda row: row.offer_count, numeric=True),
        lists.Column(_("Since"), lambda row: row.valid_from),
    ),
    sorts={"name": ("name_zh", "id")},
    filters=(
        lists.Filter(
            "kind", _("Kind"), lambda: Bank.Kind.choices, lambda rows, v: rows.filter(kind=v)
        ),
    ),
    search=lambda rows, text: rows.filter(Q(name_zh__icontains=text) | Q(name_en__icontains=text)),
    search_hint=_("part of the name"),
)


def kept(request: HttpRequest) -> QuerySet[Bank]:
    """The banks of the own places."""
    reach = rights.within(
        access.person(request), rights.SERVICE_BANKS, clock.today(), place="place_id"
    )
    return banks.in_force(clock.today()).filter(reach).select_related("place")


@access.page(rights.SERVICE_BANKS)
def listing(request: HttpRequest) -> HttpResponse:
    """The banks and alliances of the own places."""
    return lists.answer(request, BANKS, kept(request), "console/banks.html")


class BankForm(forms.Form):
    """A bank or an alliance that is to be founded."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Bank.Kind.choices)
    code = forms.SlugField(label=_("Code"), max_length=40)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=160)
    place = forms.CharField(label=_("Code of the place"), max_length=12)
    charter_zh = forms.CharField(
        label=_("What it is for, in Chinese"), required=False, widget=forms.Textarea({"rows": 3})
    )
    charter_en = forms.CharField(
        label=_("What it is for, in English"), required=False, widget=forms.Textarea({"rows": 3})
    )
    source = forms.CharField(label=_("Founding document"), max_length=300)


@access.page(rights.SERVICE_BANKS)
def new(request: HttpRequest) -> HttpResponse:
    """Found a bank or an alliance."""
    form = BankForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            place = tree.by_code(given.pop("place"))
            made = banks.found(
                place_id=place.pk, valid_from=clock.today(), by=access.signed_in(request),
                at=clock.now(), **given,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-bank", made.code)
    status = 422 if form.errors else 200
    return render(request, "console/bank_new.html", {"form": form}, status=status)


@access.page(rights.SERVICE_BANKS)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One bank with its members and its catalogue."""
    return _page(request, get_object_or_404(kept(request), code=code))


def _page(request: HttpRequest, bank: Bank, why: errors.Refusal | None = None) -> HttpResponse:
    day = clock.today()
    members, units = list(banks.members(bank, day)), list(banks.units(bank, day))
    programmes = list(banks.programmes(bank, day))
    text = request.GET.get("q", "").strip()
    free = Institution.objects.exclude(pk__in=[each.institution_id for each in members])
    others = Unit.objects.exclude(pk__in=[each.unit_id for each in units])
    context: dict[str, Any] = {
        "bank": bank, "members": members, "units": units, "programmes": programmes,
        "refusal": why, "text": text, "roles": BankMember.Role.choices,
        "institutions": free.filter(name__icontains=text).order_by("name", "pk")[:50]
        if text
        else [],
        "free_units": others.order_by("code", "pk")[:200],
        "free_programmes": Programme.objects.exclude(
            pk__in=[each.programme_id for each in programmes]
        ).order_by("title_zh", "pk")[:200],
    }  # fmt: skip
    return render(request, "console/bank.html", context, status=why.status if why else 200)


def _change(request: HttpRequest, code: str, verb: Callable[..., object]) -> HttpResponse:
    bank = get_object_or_404(kept(request), code=code)
    try:
        verb(by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, bank, why)
    return redirect("console-bank", code)


@require_POST
@access.page(rights.SERVICE_BANKS)
def admit(request: HttpRequest, code: str) -> HttpResponse:
    """Take an institution in."""
    bank = get_object_or_404(kept(request), code=code)
    number = _number(request, "institution")
    who = get_object_or_404(Institution, pk=number)
    role = request.POST.get("role", "")
    verb = partial(
        banks.admit, bank=bank, institution_id=who.pk, role=role, valid_from=clock.today()
    )
    return _change(request, code, verb)


@require_POST
@access.page(rights.SERVICE_BANKS)
def dismiss(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """End a membership from today on."""
    found = get_object_or_404(BankMember.objects.select_related("bank"), pk=pk, bank__code=code)
    return _change(request, code, partial(banks.dismiss, member=found, day=clock.today()))


@require_POST
@access.page(rights.SERVICE_BANKS)
def offer(request: HttpRequest, code: str) -> HttpResponse:
    """Put a unit or a programme into the catalogue."""
    bank = get_object_or_404(kept(request), code=code)
    verb = partial(
        banks.offer, bank=bank, valid_from=clock.today(), unit_id=_number(request, "unit"),
        programme_id=_number(request, "programme"),
    )  # fmt: skip
    return _change(request, code, verb)


@require_POST
@access.page(rights.SERVICE_BANKS)
def take_out(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take something out of the catalogue from today on."""
    found = get_object_or_404(BankOffer.objects.select_related("bank"), pk=pk, bank__code=code)
    return _change(request, code, partial(banks.take_out, offered=found, day=clock.today()))


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    known = text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004 - fits a key
    return int(text) if known else None


urlpatterns = [
    path("console/banks/", listing, name="console-banks"),
    path("console/banks/new/", new, name="console-bank-new"),
    path("console/banks/<slug:code>/", one, name="console-bank"),
    path("console/banks/<slug:code>/members/", admit, name="console-bank-admit"),
    path("console/banks/<slug:code>/members/<int:pk>/", dismiss, name="console-bank-dismiss"),
    path("console/banks/<slug:code>/catalogue/", offer, name="console-bank-offer"),
    path("console/banks/<slug:code>/catalogue/<int:pk>/", take_out, name="console-bank-out"),
]
