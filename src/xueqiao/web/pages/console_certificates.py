"""Console: issued certificates, and what can be done with one; endorsing those of others."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import addresses, asking, endorsements
from xueqiao.creditbank.models import Certificate
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, attested, lists, refused
from xueqiao.web.templatetags.ui import state_level

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

State = Certificate.State


def found(rows: Any, text: str) -> Any:
    """Certificates by number, by link, by holder or by what they attest."""
    key = addresses.key_in(f"/certificates/{text.strip()}") or addresses.key_in(text)
    if key:
        return rows.filter(key=key)
    return rows.filter(
        Q(person__name__contains=text)
        | Q(lot__title_zh__contains=text)
        | Q(lot__title_en__icontains=text)
    )


LISTING = lists.Listing(
    code="certificates",
    columns=(
        lists.Column(
            gettext_lazy("Certificate"),
            attested.title,
            head=True,
            link=lambda row: reverse("console-certificate", args=[row.key]),
        ),
        lists.Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
        lists.Column(gettext_lazy("Holder"), lambda row: row.person.name),
        lists.Column(gettext_lazy("Issuer"), lambda row: row.institution.name),
        lists.Column(gettext_lazy("Issued on"), lambda row: row.issued_at or "–", sort="issued"),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: state_level(row.state),
        ),
    ),
    sorts={"asked": ("-requested_at", "-id"), "issued": ("-issued_at", "-id")},
    filters=(
        lists.of_field("state", gettext_lazy("State"), State),
        lists.of_field("kind", gettext_lazy("Kind"), Certificate.Kind),
    ),
    search=found,
    search_hint=gettext_lazy("number, link, holder or title"),
)  # fmt: skip


class EndorseForm(forms.Form):
    """Which certificate, for which institution of one's own, in which words."""

    request_key = forms.CharField(max_length=120, widget=forms.HiddenInput)
    link = forms.CharField(
        max_length=400,
        label=gettext_lazy("Link or number of the certificate"),
        help_text=gettext_lazy("The holder gives it to you; it stands below the QR code"),
    )
    institution = forms.TypedChoiceField(
        label=gettext_lazy("Institution that endorses"), coerce=int
    )
    comment = forms.CharField(
        max_length=1000,
        label=gettext_lazy("What it stands by"),
        help_text=gettext_lazy("It is signed and read by everybody who verifies"),
        widget=forms.Textarea({"rows": 4}),
    )

    def __init__(self, *args: Any, institutions: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["institution"].choices = institutions  # type: ignore[attr-defined]


@access.page(rights.CERTIFICATES)
def index(request: HttpRequest) -> HttpResponse:
    """The certificates of the own institution or place."""
    rows = kept(request).select_related(
        "person", "institution", "lot", "endorses", "conversion__version__rule"
    )
    return lists.answer(request, LISTING, rows, "console/certificates.html")


@access.page(rights.CERTIFICATES)
def certificate(request: HttpRequest, key: UUID) -> HttpResponse:
    """One certificate: how it stands, what happened, what can be done."""
    return _page(request, key)


def _page(request: HttpRequest, key: UUID, why: errors.Refusal | None = None) -> HttpResponse:
    rows = kept(request).select_related(
        "person", "institution", "lot", "endorses__institution", "replaces"
    )
    row = get_object_or_404(rows, key=key)
    context = {
        "certificate": row,
        "title": attested.title(row),
        "suspensions": row.suspensions.select_related("begun_by", "ended_by").order_by("pk"),
        "by_hand": row.suspensions.filter(cause="hand", ended_at=None).exists(),
        "endorsements": row.endorsements.select_related("institution").order_by("pk"),
        "replacement": Certificate.objects.filter(replaces=row).first(),
        "refusal": why,
        "request_key": f"page:{uuid.uuid4()}",
    }
    status = why.status if why else 200
    return render(request, "console/certificate.html", context, status=status)


def act(name: str, verb: Callable[..., Any], done: Any) -> access.View:
    """A button of the page: one verb, then back to the page, or its refusal on it."""

    @require_POST
    @access.page(rights.CERTIFICATES)
    def view(request: HttpRequest, key: UUID) -> HttpResponse:
        row = get_object_or_404(kept(request), key=key)
        try:
            verb(request, row)
        except errors.Refusal as why:
            return _page(request, key, why)
        messages.success(request, str(done))
        return redirect("console-certificate", key)

    view.__name__ = name
    return view


def _suspend(request: HttpRequest, row: Certificate) -> None:
    reason, me = request.POST.get("reason", ""), access.signed_in(request)
    credentials.suspend(key=row.key, reason=reason, at=clock.now(), by=me)


def _reinstate(request: HttpRequest, row: Certificate) -> None:
    reason, me = request.POST.get("reason", ""), access.signed_in(request)
    credentials.reinstate(key=row.key, reason=reason, at=clock.now(), by=me)


def _revoke(request: HttpRequest, row: Certificate) -> None:
    credentials.revoke(key=row.key, reason=request.POST.get("reason", ""), at=clock.now())


def _replace(request: HttpRequest, row: Certificate) -> None:
    asked = request.POST.get("request_key", "")[:120]
    asking.replace(key=row.key, request_key=asked, requested_at=clock.now())


suspend = act("suspend", _suspend, gettext_lazy("Suspended. Everybody who verifies sees it."))
reinstate = act("reinstate", _reinstate, gettext_lazy("The suspension has ended."))
revoke = act("revoke", _revoke, gettext_lazy("Revoked. Everybody who verifies sees it."))
replace = act(
    "replace", _replace, gettext_lazy("A new one is being signed; then this one is superseded.")
)


@access.page(rights.CERTIFICATES)
def endorse(request: HttpRequest) -> HttpResponse:
    """Stand by a certificate of another institution."""
    initial = {"request_key": f"page:{uuid.uuid4()}", "link": request.GET.get("certificate", "")}
    form = EndorseForm(
        request.POST or None, initial=initial, institutions=own_institutions(request)
    )
    if form.is_bound and form.is_valid():
        try:
            made = _endorsed(request, form)
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _("The endorsement is being signed."))
            return redirect("console-certificate", made.key)
    status = 422 if form.errors else 200
    return render(request, "console/endorse.html", {"form": form}, status=status)


def _endorsed(request: HttpRequest, form: EndorseForm) -> Certificate:
    given = form.cleaned_data
    link = given["link"].strip()
    key = addresses.key_in(link) or addresses.key_in(f"/certificates/{link}")
    if key is None:
        text = _("There is no certificate {key}. Copy the number from the certificate's page.")
        raise credentials.revocation.NoSuchCertificate(text.format(key=link), pointer="link")
    return endorsements.request(
        key=key,
        institution_id=given["institution"],
        comment=given["comment"],
        by=access.signed_in(request),
        request_key=given["request_key"],
        requested_at=clock.now(),
    )


def own_institutions(request: HttpRequest) -> list[tuple[int, str]]:
    """The institutions for which I may speak, by name."""
    day = clock.today()
    roles = rights.roles_in_force(access.signed_in(request), rights.CERTIFICATES, day)
    named = roles.filter(institution__isnull=False).order_by("institution__name")
    return list(named.values_list("institution_id", "institution__name").distinct())


def kept(request: HttpRequest) -> Any:
    day = clock.today()
    return Certificate.objects.kept_by(access.signed_in(request), day)


urlpatterns = [
    path("console/certificates/", index, name="console-certificates"),
    path("console/certificates/endorse/", endorse, name="console-endorse"),
    path("console/certificates/<uuid:key>/", certificate, name="console-certificate"),
    path("console/certificates/<uuid:key>/suspend/", suspend, name="console-certificate-suspend"),
    path(
        "console/certificates/<uuid:key>/reinstate/",
        reinstate,
        name="console-certificate-reinstate",
    ),
    path("console/certificates/<uuid:key>/revoke/", revoke, name="console-certificate-revoke"),
    path("console/certificates/<uuid:key>/replace/", replace, name="console-certificate-replace"),
]
