"""Checking without this site: a page to keep, and the newer data for it."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from xueqiao.creditbank.credentials import offline
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from django.http import HttpRequest

SCRIPTS = ("offline-verify.js", "offline-page.js")


@require_safe
@access.page(rights.PUBLIC)
def page(request: HttpRequest) -> HttpResponse:
    """One file that checks certificates with no server: keys, lists and program are in it."""
    context = {
        "held": offline.bundle(now=clock.now()),
        "words": words(),
        "scripts": [mark_safe(source(name)) for name in SCRIPTS],  # noqa: S308 - files of this package
    }
    answer = render(request, "offline/verify.html", context)
    answer.headers["Content-Disposition"] = 'attachment; filename="verify-offline.html"'
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@require_safe
@access.page(rights.PUBLIC)
def data(_request: HttpRequest) -> HttpResponse:
    """Keys and status lists as they stand now, for a page that was kept."""
    answer = JsonResponse(offline.bundle(now=clock.now()))
    answer.headers["Content-Disposition"] = 'attachment; filename="verify-data.json"'
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def source(name: str) -> str:
    return files("xueqiao.web").joinpath("static/web", name).read_text("utf-8")


def words() -> dict[str, str]:
    """What the page says of each code."""
    return {
        "holds": _("The certificate is genuine, as far as this page can tell"),
        "refused": _("Do not accept this certificate"),
        "credits": _("Credits"),
        "age": _("Its status list was signed at"),
        "days": _("days ago"),
        "not_json": _("This is not a certificate file; choose the file that ends in .json."),
        "shape": _("It is not built like a certificate."),
        "stranger": _("Its issuer is not in this page. Load newer data, or do not accept it."),
        "no_proof": _("It carries no signature that this page can read. Verify it on the site."),
        "changed": _("Something in it was changed after it was signed, or another key signed it."),
        "not_yet": _("It is not valid yet, or the clock of this device is wrong."),
        "expired": _("It has expired."),
        "revoked": _("The issuer has revoked it."),
        "suspended": _("The issuer has suspended it for the time being."),
        "status_unknown": _("Its status list is not in this page. Load newer data."),
        "suspension_unknown": _("Its list of suspensions is not in this page. Load newer data."),
        "row_fails": _("A certificate in it was revoked or suspended, or is not known here."),
    }


urlpatterns = [
    path("verify/offline.html", page, name="verify-offline"),
    path("verify/offline.json", data, name="verify-offline-data"),
]
