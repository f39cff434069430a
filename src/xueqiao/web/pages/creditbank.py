"""The lifelong account: balance, lots, timeline, certificates, statement, transcript."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank import holders, notices, queries, statement
from xueqiao.creditbank.credentials import addresses, asking, conversions
from xueqiao.creditbank.models import Certificate, CreditLot
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access, attested, ledger_words, qr
from xueqiao.web.pages import account_history
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xueqiao.people.models import Person

NOTICES = 8


@access.page(rights.OWN)
def account(request: HttpRequest) -> HttpResponse:
    """What I hold, where it counts, how it came about, and the certificates that prove it."""
    me, today = access.signed_in(request), clock.today()
    lots = queries.lots(me, today)
    context = {
        "account": queries.learning_account(me),
        "lots": lots,
        "held": sum(row.held_hundredths for row in lots),
        "notices": [(each, notices.text(each)) for each in notices.unread(me)[:NOTICES]],
        "certificates": (proofs := certificates(me)),
        "certified": certified(proofs),
        "today": today,
        "changes": account_history.lately(me),
    }
    return render(request, "creditbank/account.html", context)


@require_POST
@access.page(rights.OWN)
def open_account(request: HttpRequest) -> HttpResponse:
    """Open my own account; who has one is shown it."""
    made = holders.open_own(person_id=access.signed_in(request).pk, at=clock.now())
    if made.status == made.Status.ACTIVE:
        text = _("Your account is open. Its number is {number}; it never closes.")
        messages.success(request, text.format(number=made.number))
    return redirect("account")


@access.page(rights.OWN)
def ask_certificate(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Ask for the certificate of one of my lots; a job signs it. Asked twice it is one."""
    now = clock.now()
    mine = [
        row.lot
        for row in queries.lots(access.signed_in(request), clock.local_date(now))
        if row.lot.pk == lot_id
    ]
    if request.method == "POST" and not mine:
        raise Http404
    if request.method == "POST":
        try:
            ask_for(mine[0], now)
        except errors.Refusal as why:
            messages.error(request, str(why))
        else:
            messages.success(
                request, _("The certificate is being signed; it appears here in a moment.")
            )
    return redirect("account")


@access.page(rights.OWN)
def statement_page(request: HttpRequest) -> HttpResponse:
    """Opening balance, movements, closing balance of the days that the address names."""
    found = stated(request)
    context = {
        "statement": found,
        "since": clock.local_date(found.since),
        "until": clock.local_date(found.until - timedelta(microseconds=1)),
    }
    return render(request, "creditbank/statement.html", context)


@access.page(rights.OWN)
def statement_file(request: HttpRequest) -> HttpResponse:
    """The same movements as a file."""
    found = stated(request)
    head = [_("Day"), _("What"), _("Kind"), _("Credits"), _("Balance"), _("Voucher")]
    rows = (
        [
            clock.local_date(each.transfer.posted_at).isoformat(),
            titled(each),
            ledger_words.of(each.group.kind),
            credit.show(each.amount_hundredths),
            credit.show(each.balance_hundredths),
            each.group.key,
        ]
        for each in found.movements
    )
    return as_csv("statement", head, rows)


@access.page(rights.OWN)
def transcript(request: HttpRequest) -> HttpResponse:
    """What was recognised, on A4 without the site's frame; the QR code opens verification."""
    me, now = access.signed_in(request), clock.now()
    proofs = {
        each.lot_id: each
        for each in certificates(me)
        if each.lot_id and each.state == Certificate.State.ISSUED
    }
    lots = [(row, proofs.get(row.lot.pk)) for row in queries.lots(me, clock.local_date(now))]
    context = {
        "account": queries.learning_account(me),
        "lots": lots,
        "held": sum(row.held_hundredths for row, _proof in lots),
        "made_at": now,
        "verify": f"{settings.PUBLIC_URL}/verify/",
        "code": qr.svg(f"{settings.PUBLIC_URL}/verify/"),
    }
    return render(request, "creditbank/transcript.html", context)


@access.page(rights.OWN)
def transcript_file(request: HttpRequest) -> HttpResponse:
    """The transcript as a file."""
    me, today = access.signed_in(request), clock.today()
    head = [
        _("Obtained"),
        _("What"),
        _("Source"),
        _("Issuer"),
        _("Level"),
        _("Credits"),
        _("Valid until"),
        _("State"),
    ]
    rows = (
        [
            row.lot.obtained.isoformat(),
            titled(row.lot),
            row.lot.get_source_kind_display(),
            row.lot.institution.name if row.lot.institution else "",
            row.lot.level.number,
            credit.show(row.held_hundredths),
            row.lot.valid_to.isoformat() if row.lot.valid_to else "",
            row.lot.get_state_display(),
        ]
        for row in queries.lots(me, today)
    )
    return as_csv("transcript", head, rows)


def certified(proofs: list[Certificate]) -> set[int]:
    """The lots that have a certificate, their own or that of their conversion."""
    converted = [each.conversion_id for each in proofs if each.conversion_id]
    lots = CreditLot.objects.filter(conversion__in=converted).values_list("pk", flat=True)
    return {each.lot_id for each in proofs if each.lot_id} | set(lots if converted else [])


def ask_for(lot: CreditLot, now: datetime) -> None:
    """What attests a lot: its certificate, or that of the conversion that gave it."""
    if lot.conversion_id is not None:
        conversions.request(
            conversion_id=lot.conversion_id,
            request_key=f"conversion:{lot.conversion_id}",
            requested_at=now,
        )
    else:
        asking.request(lot_id=lot.pk, request_key=f"lot:{lot.pk}", requested_at=now)


def certificates(me: Person) -> list[Any]:
    """My certificates, newest first, each with its ``title`` and ``page``, its public address.

    Transcripts stand with the shares for which they were made.
    """
    found: list[Any] = list(
        Certificate.objects.own(me)
        .exclude(kind=Certificate.Kind.TRANSCRIPT)
        .exclude(only_in_transcripts=True)
        .select_related("institution", "lot", "conversion__version__rule")
        .order_by("-requested_at", "-pk")
    )
    for each in found:
        each.title, each.page = attested.title(each), addresses.checking(each.key)
    return found


def stated(request: HttpRequest) -> statement.Statement:
    """The statement of the days in the address; from the account's opening where it names none."""
    me, now = access.signed_in(request), clock.now()
    until = day_of(request.GET.get("until", ""))
    until = min(until + timedelta(days=1), now) if until else now
    since = day_of(request.GET.get("since", ""))
    if since is None:
        opened = queries.learning_account(me)
        since = opened.opened_at if opened else until
    return statement.statement(me, since=min(since, until), until=until)


def day_of(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return clock.start_of(day) if day else None


def as_csv(name: str, head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """A CSV file that Excel opens as it is: UTF-8 with its mark; no cell becomes a formula."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer.write("\ufeff")
    writer = csv.writer(answer)
    writer.writerow(head)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return answer


def plain(cell: Any) -> Any:
    risky = isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}
    is_number = isinstance(cell, str) and cell.removeprefix("-").replace(".", "", 1).isdigit()
    return f"'{cell}" if risky and not is_number else cell


urlpatterns = [
    path("account/", account, name="account"),
    path("account/open/", open_account, name="account-open"),
    path("account/lots/<int:lot_id>/certificate/", ask_certificate, name="ask-certificate"),
    path("account/statement/", statement_page, name="statement"),
    path("account/statement.csv", statement_file, name="statement-file"),
    path("account/transcript/", transcript, name="transcript"),
    path("account/transcript.csv", transcript_file, name="transcript-file"),
]
