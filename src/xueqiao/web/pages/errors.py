"""What is shown when something is not as it should be: 400, 403, 404, 500, each with a next step.

Django finds these by the names ``handler…`` in ``web/urls.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request does not fit."""
    del exception
    return _page(
        request,
        400,
        _("This request does not fit"),
        _("Something in the address or the form was cut off. Go back, reload and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the door is another one."""
    del exception
    return _page(
        request,
        403,
        _("Not for this account"),
        _(
            "This page belongs to other people's work. Sign in with another account, or ask "
            "for help by phone."
        ),
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form is older than the session."""
    del reason
    return _page(
        request,
        403,
        _("This form has grown old"),
        _("It was opened before the last sign-in. Go back, reload the page and send it again."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing at this address."""
    del exception
    return _page(
        request,
        404,
        _("There is nothing at this address"),
        _("The page may have moved, or a letter is missing. Search for what you need:"),
    )


def failed(request: HttpRequest) -> HttpResponse:
    """500: our fault. Nothing half-written stays, since every verb is one transaction."""
    return _page(
        request,
        500,
        _("This did not work, and it is our fault"),
        _("Nothing was changed by halves. Try again in a moment, or ask for help by phone."),
    )


def _page(request: HttpRequest, number: int, heading: str, text: str) -> HttpResponse:
    context: dict[str, Any] = {"number": number, "heading": heading, "text": text}
    return render(request, "web/error.html", context, status=number)
