"""Sharing what one has learnt: choosing, taking back, who looked; and what the other sees."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from xueqiao.creditbank import sharing
from xueqiao.creditbank.credentials import addresses, reading
from xueqiao.creditbank.credentials.paper import sheets
from xueqiao.creditbank.models import Certificate, CreditLot, Share, ShareAccess, Use
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, qr, refused
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

What = ShareAccess.What
LOOKS_SHOWN = 100
USUAL = timedelta(days=30)


class ShareForm(forms.Form):
    """Which rows, for what, to whom, until when."""

    request_key = forms.CharField(max_length=120, widget=forms.HiddenInput)
    lots = forms.MultipleChoiceField(
        label=gettext_lazy("What you show"),
        help_text=gettext_lazy("Only the rows that you tick are shown, nothing else."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one row.")},
    )
    use = forms.ChoiceField(label=gettext_lazy("For what"), choices=Use.choices)
    use_text = forms.CharField(
        required=False,
        max_length=120,
        label=gettext_lazy("The use in your own words"),
        help_text=gettext_lazy("Needed when none of the list fits"),
    )
    recipient = forms.CharField(
        max_length=120,
        label=gettext_lazy("For whom"),
        help_text=gettext_lazy("The employer, school or office; it is written on the transcript"),
    )
    until = forms.DateField(
        label=gettext_lazy("Until when"),
        help_text=gettext_lazy("The last day on which it can be seen; at most a year from now"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, lots: list[CreditLot], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lots"].choices = [(str(lot.pk), titled(lot)) for lot in lots]  # type: ignore[attr-defined]


@access.page(rights.OWN)
def index(request: HttpRequest) -> HttpResponse:
    """What I have shared, newest first, each with how often it was looked at."""
    return render(request, "shares/index.html", {"shares": mine(request), "now": clock.now()})


@access.page(rights.OWN)
def new(request: HttpRequest) -> HttpResponse:
    """Share rows of my record."""
    me, now = access.signed_in(request), clock.now()
    lots = shareable(me)
    initial = {
        "request_key": f"page:{uuid.uuid4()}",
        "until": clock.local_date(now + USUAL),
        "lots": request.GET.getlist("lot"),
    }
    form = ShareForm(request.POST or None, initial=initial, lots=lots)
    if form.is_bound and form.is_valid():
        try:
            made = sharing.share(person=me, at=now, **given(form))
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(
                request, _("The link is ready. It shows the rows once they are signed.")
            )
            return redirect("share", made.key)
    status = 422 if form.errors else 200
    return render(request, "shares/new.html", {"form": form, "lots": lots}, status=status)


@access.page(rights.OWN)
def share(request: HttpRequest, key: UUID) -> HttpResponse:
    """One share of mine: its link, what it shows, who looked."""
    found = get_object_or_404(mine(request), key=key)
    link = addresses.share(key)
    context = {
        "share": found,
        "use": sharing.use_in_words(found),
        "link": link,
        "code": qr.svg(link),
        "certificates": cards(found),
        "looks": looks(found),
        "is_open": found.withdrawn_at is None and found.expires_at > clock.now(),
    }
    return render(request, "shares/share.html", context)


@require_POST
@access.page(rights.OWN)
def withdraw(request: HttpRequest, key: UUID) -> HttpResponse:
    """Take a share back."""
    try:
        sharing.withdraw(key=key, person=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        messages.error(request, str(why))
        return redirect("shares")
    messages.success(request, _("Taken back. The link shows nothing any more."))
    return redirect("share", key)


@require_safe
@access.page(rights.PUBLIC)
def shared(request: HttpRequest, key: UUID) -> HttpResponse:
    """What somebody sees who has the link."""
    try:
        found = looked(request, key, What.PAGE)
    except errors.Refusal as why:
        return private(render(request, "shares/over.html", {"why": why}, status=why.status))
    context = {
        "share": found,
        "use": sharing.use_in_words(found),
        "certificates": cards(found),
    }
    return private(render(request, "shares/shared.html", context))


@require_safe
@access.page(rights.PUBLIC)
def shared_file(request: HttpRequest, key: UUID, certificate: UUID, form: str) -> HttpResponse:
    """A file of a share: the signed text, or the PDF that carries it."""
    try:
        found = looked(request, key, What.PDF if form == "pdf" else What.DOCUMENT)
        row = get_object_or_404(of_share(found), key=certificate)
        content = sheets.pdf(row) if form == "pdf" else row.document.encode()
    except errors.Refusal as why:
        return private(render(request, "shares/over.html", {"why": why}, status=why.status))
    media = "application/pdf" if form == "pdf" else "application/vc"
    answer = HttpResponse(content, content_type=media)
    answer.headers["Content-Disposition"] = f'attachment; filename="{certificate}.{form}"'
    return private(answer)


def mine(request: HttpRequest) -> QuerySet[Share]:
    """My shares with ``seen`` (looks while it was open) and ``last_seen``."""
    opened = ~Q(accesses__what__in=[What.ENDED, What.WITHDRAWN])
    return (
        Share.objects.own(access.signed_in(request))
        .annotate(
            seen=Count("accesses", filter=opened), last_seen=Max("accesses__at", filter=opened)
        )
        .order_by("-shared_at", "-pk")
    )


def shareable(me: Person) -> list[CreditLot]:
    """My lots for which somebody can sign."""
    rows = CreditLot.objects.filter(
        person=me, state=CreditLot.State.ACTIVE, institution__isnull=False
    )
    return list(rows.select_related("institution").order_by("-obtained", "pk"))


def given(form: ShareForm) -> dict[str, Any]:
    """What the form says, as ``sharing.share`` takes it; the last day counts whole."""
    said = form.cleaned_data
    names = ("request_key", "use", "use_text", "recipient")
    return {name: said[name] for name in names} | {
        "lot_ids": [int(each) for each in said["lots"]],
        "until": clock.start_of(said["until"] + timedelta(days=1)),
    }


def looks(found: Share) -> list[dict[str, Any]]:
    """Who looked, latest first; visitors numbered in the order in which they first came."""
    rows = list(found.accesses.order_by("-at", "-pk")[:LOOKS_SHOWN])
    numbers: dict[str, int] = {}
    for each in reversed(rows):
        numbers.setdefault(each.visitor, len(numbers) + 1)
    return [{"row": each, "visitor": numbers[each.visitor]} for each in rows]


def cards(found: Share) -> list[dict[str, Any]]:
    """Each certificate of a share with what it says, as far as it is signed."""
    made = []
    for each in sharing.shown(found):
        document = reading.parse(each.document) if each.document else {}
        rows = [reading.claim(row) for row in reading.embedded(document)]
        made.append({"certificate": each, "claim": reading.claim(document), "rows": rows})
    return made


def of_share(found: Share) -> QuerySet[Certificate]:
    rows = Certificate.objects.signed().select_related("person", "institution")
    return rows.filter(share_items__share=found)


def looked(request: HttpRequest, key: UUID, what: str) -> Share:
    address, browser = request.META.get("REMOTE_ADDR", ""), request.headers.get("User-Agent", "")
    return sharing.look(key=key, what=what, visitor=f"{address} {browser}", at=clock.now())


def private(answer: HttpResponse) -> HttpResponse:
    """Kept by no cache, found by no search engine, told to no other site."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


urlpatterns = [
    path("account/shares/", index, name="shares"),
    path("account/shares/new/", new, name="share-new"),
    path("account/shares/<uuid:key>/", share, name="share"),
    path("account/shares/<uuid:key>/withdraw/", withdraw, name="share-withdraw"),
    path("shared/<uuid:key>/", shared, name="shared"),
    path(
        "shared/<uuid:key>/<uuid:certificate>.json",
        shared_file,
        {"form": "json"},
        name="shared-json",
    ),
    path(
        "shared/<uuid:key>/<uuid:certificate>.pdf", shared_file, {"form": "pdf"}, name="shared-pdf"
    ),
]
