"""Pages for certificates: checking one, without sign-in and without another host; showing one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import addresses, document, handed_in, reading
from xueqiao.creditbank.models import Certificate
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, qr

if TYPE_CHECKING:
    from xueqiao.creditbank.credentials.verification import Report


class NothingToCheck(errors.Refusal):
    """Neither a file nor a text nor a link was given."""

    code = "verify.nothing"
    status = 422


class NotOurLink(errors.Refusal):
    """The link leads elsewhere; other hosts are never asked."""

    code = "verify.not_our_link"
    status = 422


class NoSuchLink(errors.Refusal):
    """The link has our form, but no signed certificate has this number."""

    code = "verify.no_such_certificate"
    status = 404


class NoLongerShown(errors.Refusal):
    """A transcript was shown by consent, and the consent was taken back or is over."""

    code = "verify.no_longer_shown"
    status = 410


class VerifyForm(forms.Form):
    """Three ways to hand a certificate in; the first that is filled counts."""

    file = forms.FileField(
        required=False,
        label=gettext_lazy("Certificate file"),
        help_text=gettext_lazy(
            "What the holder sent you: the signed file (.json), the PDF, the PNG or SVG picture, "
            "or a photo of the QR code"
        ),
        widget=forms.FileInput(
            {"accept": ".json,.pdf,.png,.svg,.jpg,.jpeg,.webp,application/json,image/*"}
        ),
    )
    link = forms.CharField(
        required=False,
        max_length=2000,
        label=gettext_lazy("Link to the certificate"),
        help_text=gettext_lazy("As in the QR code of a printed certificate"),
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("Text of the certificate"),
        help_text=gettext_lazy("From the first { to the last }"),
        widget=forms.Textarea({"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )
    holder = forms.CharField(
        required=False,
        max_length=80,
        label=gettext_lazy("Name of the holder"),
        help_text=gettext_lazy("If you want to know whether it is this person's certificate"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@access.page(rights.PUBLIC)
def verify(request: HttpRequest) -> HttpResponse:
    """Check a certificate by file, link or text. Every check is a row of the answer."""
    asked = request.method == "POST" or "certificate" in request.GET
    given = request.POST if request.method == "POST" else {"link": from_address(request)}
    form = VerifyForm(given if asked else None, request.FILES if asked else None)
    if not asked:
        return render(request, "creditbank/verify.html", {"form": form})
    form.is_valid()
    try:
        report = check(form)
    except errors.Refusal as why:
        return answer(request, form, {"refusal": why}, why.status)
    return answer(request, form, {"report": report}, 200)


@require_safe
@access.page(rights.PUBLIC)
def certificate(request: HttpRequest, key: UUID) -> HttpResponse:
    """A certificate to read and to print on A4, for whoever has its link."""
    rows = Certificate.objects.select_related(
        "person", "institution", "lot__level__framework", "lot__unit", "lot__decision__outcome"
    )
    found = rows.filter(key=key).first()
    hidden = found and found.document and not is_published(found)
    if found is None or hidden:
        raise Http404
    text = reading.parse(found.document) if found.document else {}
    context = {
        "claim": reading.claim(text),
        "rows": [reading.claim(row) for row in reading.embedded(text)],
        "certificate": found,
        "lot": found.lot,
        "result": document.result(found.lot) if found.lot else "",
        "endorsements": found.endorsements.filter(state=Certificate.State.ISSUED)
        .select_related("institution")
        .order_by("pk"),
        "open_suspensions": found.suspensions.filter(ended_at=None).order_by("begun_at"),
        "qr": qr.svg(addresses.checking(key)),
        "checking": addresses.checking(key),
        "digest": hashlib.sha256(found.document.encode()).hexdigest() if found.document else "",
    }
    return render(request, "creditbank/certificate.html", context)


def is_published(found: Certificate) -> bool:
    return Certificate.objects.published(clock.now()).filter(pk=found.pk).exists()


def from_address(request: HttpRequest) -> str:
    """The link that the QR code's address stands for."""
    try:
        return addresses.certificate(UUID(request.GET.get("certificate", "")))
    except ValueError:
        return request.GET.get("certificate", "")[:200]


def check(form: VerifyForm) -> Report:
    """The report on what was handed in.

    Raises:
        NothingToCheck, NotOurLink, NoSuchLink, NoLongerShown: there is nothing to check.
        handed_in.FileTooLarge, handed_in.NothingInPicture, handed_in.NothingInPdf.
    """
    given = form.cleaned_data
    text, link = given.get("text", ""), given.get("link", "")
    if given.get("file"):
        found = handed_in.read(given["file"].read(handed_in.LARGEST + 1))
        text, link = found.text, found.link
    if not text.strip() and not link.strip():
        raise NothingToCheck(_("Choose a file, or paste a link or the text of a certificate."))
    if not text.strip():
        text = linked(link)
    return credentials.verify(text=text, now=clock.now(), holder=given.get("holder", ""))


def linked(link: str) -> str:
    """The text of the certificate of ours to which a link leads."""
    key = addresses.key_in(link)
    if key is None:
        raise NotOurLink(
            _(
                "This link does not lead to a certificate of this site, and other sites are never "
                "asked. Open it yourself, save the file and choose it here."
            ),
            pointer="link",
        )
    signed = Certificate.objects.signed().filter(key=key)
    found = signed.published(clock.now()).first()
    if found is None and signed.exists():
        text = _(
            "The holder has taken this transcript back, or its time is over. Do not accept it; ask "
            "the holder for a new one."
        )
        raise NoLongerShown(text, pointer="link")
    if found is None:
        text = _("There is no signed certificate {key}. Check the link letter by letter.")
        raise NoSuchLink(text.format(key=key), pointer="link")
    return found.document


def answer(
    request: HttpRequest, form: VerifyForm, result: dict[str, Any], status: int
) -> HttpResponse:
    """The page, or only its answer for htmx."""
    part = bool(request.htmx)  # type: ignore[attr-defined]
    name = "creditbank/_verify_result.html" if part else "creditbank/verify.html"
    return render(request, name, {"form": form, **result}, status=status)


urlpatterns = [
    path("verify/", verify, name="verify"),
    path("certificates/<uuid:key>/", certificate, name="certificate"),
]
