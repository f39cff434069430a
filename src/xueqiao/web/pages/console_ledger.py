"""Console: the ledger as it stands: accounts, vouchers with their transfers, recounts. No names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import audit, hashed, recounts
from xueqiao.creditbank.models import (
    Account,
    AccountKind,
    LedgerUnit,
    Phase,
    Recount,
    Transfer,
    TransferGroup,
)
from xueqiao.kernel import clock, credit
from xueqiao.people import rights
from xueqiao.web import access, ledger_words, lists

if TYPE_CHECKING:
    from datetime import date

ACCOUNTS = lists.Listing(
    code="ledger-accounts",
    columns=(
        lists.Column(
            gettext_lazy("Ledger account"), lambda row: row.code, head=True, sort="number",
            link=lambda row: reverse("console-ledger-account", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Counts"), lambda row: row.get_unit_display()),
        lists.Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
        lists.Column(
            gettext_lazy("Given"), lambda row: credit.show(row.debits), numeric=True
        ),
        lists.Column(
            gettext_lazy("Taken"), lambda row: credit.show(row.credits), numeric=True
        ),
        lists.Column(
            gettext_lazy("Balance"), lambda row: credit.show(row.credits - row.debits), numeric=True
        ),
        lists.Column(
            gettext_lazy("Reserved to go"), lambda row: credit.show(row.debits_pending),
            numeric=True,
        ),
    ),
    sorts={"number": ("-id",)},
    filters=(
        lists.of_field("kind", gettext_lazy("Kind"), AccountKind),
        lists.of_field("unit", gettext_lazy("Counts"), LedgerUnit),
    ),
    search=lambda rows, text: rows.filter(code__startswith=text),
    search_hint=gettext_lazy("beginning of the code, “cap:12:”"),
)  # fmt: skip
TRANSFERS = lists.Listing(
    code="ledger-transfers",
    columns=(
        lists.Column(
            gettext_lazy("Voucher"), lambda row: row.group.key, head=True, sort="number",
            link=lambda row: reverse("console-ledger-voucher", args=[row.group_id]),
        ),
        lists.Column(gettext_lazy("Posted"), lambda row: clock.local_date(row.posted_at)),
        lists.Column(gettext_lazy("Took effect"), lambda row: clock.local_date(row.event_at)),
        lists.Column(gettext_lazy("For"), lambda row: ledger_words.of(row.code)),
        lists.Column(gettext_lazy("From"), lambda row: row.debit.code),
        lists.Column(gettext_lazy("To"), lambda row: row.credit.code),
        lists.Column(
            gettext_lazy("Credits"), lambda row: credit.show(row.amount_hundredths), numeric=True
        ),
        lists.Column(gettext_lazy("Phase"), lambda row: row.get_phase_display()),
    ),
    sorts={"number": ("-id",)},
    filters=(
        lists.of_field("phase", gettext_lazy("Phase"), Phase),
    ),
)  # fmt: skip
VOUCHERS = lists.Listing(
    code="ledger-vouchers",
    columns=(
        lists.Column(
            gettext_lazy("Voucher"), lambda row: row.key, head=True, sort="number",
            link=lambda row: reverse("console-ledger-voucher", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Kind"), lambda row: ledger_words.of(row.kind)),
        lists.Column(gettext_lazy("Posted"), lambda row: clock.local_date(row.posted_at)),
        lists.Column(gettext_lazy("Took effect"), lambda row: clock.local_date(row.event_at)),
        lists.Column(gettext_lazy("Reason"), lambda row: row.reason),
        lists.Column(gettext_lazy("Transfers"), lambda row: row.lines, numeric=True),
        lists.Column(
            gettext_lazy("Largest"), lambda row: credit.show(row.largest or 0), numeric=True
        ),
    ),
    sorts={"number": ("-id",)},
    filters=(
        lists.Filter(
            "kind", gettext_lazy("Kind"),
            ledger_words.KINDS.items,
            lambda rows, kind: rows.filter(kind=kind),
        ),
    ),
    search=lambda rows, text: rows.filter(key__startswith=text),
    search_hint=gettext_lazy("beginning of the key, “completion:”"),
)  # fmt: skip
RECOUNTS = lists.Listing(
    code="ledger-recounts",
    columns=(
        lists.Column(
            gettext_lazy("Day"), lambda row: clock.local_date(row.began_at), head=True, sort="day",
            link=lambda row: reverse("console-ledger-recount", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Accounts"), lambda row: row.accounts, numeric=True),
        lists.Column(gettext_lazy("Transfers"), lambda row: row.transfers, numeric=True),
        lists.Column(
            gettext_lazy("Seconds"),
            lambda row: round((row.ended_at - row.began_at).total_seconds(), 1), numeric=True,
        ),
        lists.Column(
            gettext_lazy("Accounts that disagree"), lambda row: row.differences,
            state=lambda row: "bad" if row.differences else "ok",
        ),
        lists.Column(
            gettext_lazy("Looked after by"), lambda row: row.seen_by.name if row.seen_by else "–"
        ),
    ),
    sorts={"day": ("-began_at", "-id")},
)  # fmt: skip


@access.page(rights.LEDGER_SEE)
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account with what it holds."""
    more = {"alarms": recounts.alarms()[:5]}
    return lists.answer(request, ACCOUNTS, Account.objects.all(), "console/ledger.html", more)


@access.page(rights.LEDGER_SEE)
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """One account: its counters, its balance as of and as known on any day, its transfers."""
    found = get_object_or_404(Account, pk=pk)
    rows = Transfer.objects.filter(Q(debit=found) | Q(credit=found))
    as_of, known_at = _days(request)
    then = audit.balance_at(found.pk, as_of=_end(as_of), known_at=_end(known_at))
    more = {
        "account": found, "held": found.credits - found.debits, "then": then, "as_of": as_of,
        "known_at": known_at,
    }  # fmt: skip
    rows = rows.select_related("group", "debit", "credit")
    return lists.answer(request, TRANSFERS, rows, "console/ledger_account.html", more)


@access.page(rights.LEDGER_SEE)
def balance(request: HttpRequest, pk: int) -> HttpResponse:
    """The balance as of one day, as known on another, as JSON in 1/100 credit."""
    found = get_object_or_404(Account, pk=pk)
    as_of, known_at = _days(request)
    held = audit.balance_at(found.pk, as_of=_end(as_of), known_at=_end(known_at))
    return JsonResponse(
        {
            "account": found.code, "unit": found.unit, "as_of": as_of.isoformat(),
            "known_at": known_at.isoformat(), "held_hundredths": held,
        }
    )  # fmt: skip


@access.page(rights.LEDGER_SEE)
def vouchers(request: HttpRequest) -> HttpResponse:
    """Every voucher, latest first."""
    rows = TransferGroup.objects.annotate(
        lines=Count("transfers"), largest=Max("transfers__amount_hundredths")
    )
    return lists.answer(request, VOUCHERS, rows, "console/ledger_vouchers.html")


@access.page(rights.LEDGER_SEE)
def voucher(request: HttpRequest, pk: int) -> HttpResponse:
    """One voucher with its transfers, what each reverses or resolves, and whether its hash fits."""
    found = get_object_or_404(TransferGroup, pk=pk)
    related = ("debit", "credit", "reverses__group", "pending__group", "reversal__group",
               "resolution__group")  # fmt: skip
    rows = [
        (each, each.leaf_hash == hashed.of(each))
        for each in found.transfers.select_related(*related).order_by("pk")
    ]
    return render(request, "console/ledger_voucher.html", {"voucher": found, "rows": rows})


@access.page(rights.LEDGER_SEE)
def recount_list(request: HttpRequest) -> HttpResponse:
    """What the nightly recounts found."""
    rows = Recount.objects.select_related("seen_by")
    return lists.answer(request, RECOUNTS, rows, "console/ledger_recounts.html")


@access.page(rights.LEDGER_SEE)
def recount(request: HttpRequest, pk: int) -> HttpResponse:
    """One recount: the accounts that disagree, counted and recomputed."""
    found = get_object_or_404(Recount.objects.select_related("seen_by"), pk=pk)
    return render(request, "console/ledger_recount.html", {"recount": found})


@require_POST
@access.page(rights.LEDGER_SEE)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """I look after what a recount found."""
    found = get_object_or_404(Recount, pk=pk)
    recounts.take(recount=found, by=access.signed_in(request), at=clock.now())
    return redirect("console-ledger-recount", pk)


def _days(request: HttpRequest) -> tuple[date, date]:
    """The days of the address; today where it names none, or one that is no day."""
    today = clock.today()
    as_of = day_of(request.GET.get("as_of", "")) or today
    return as_of, day_of(request.GET.get("known_at", "")) or today


def day_of(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _end(day: date) -> datetime:
    return clock.start_of(day + timedelta(days=1)) - timedelta(microseconds=1)


urlpatterns = [
    path("console/ledger/", accounts, name="console-ledger"),
    path("console/ledger/accounts/<int:pk>/", account, name="console-ledger-account"),
    path("console/ledger/accounts/<int:pk>/balance.json", balance, name="console-ledger-balance"),
    path("console/ledger/vouchers/", vouchers, name="console-ledger-vouchers"),
    path("console/ledger/vouchers/<int:pk>/", voucher, name="console-ledger-voucher"),
    path("console/ledger/recounts/", recount_list, name="console-ledger-recounts"),
    path("console/ledger/recounts/<int:pk>/", recount, name="console-ledger-recount"),
    path("console/ledger/recounts/<int:pk>/take/", take, name="console-ledger-recount-take"),
]
