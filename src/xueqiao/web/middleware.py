"""Middleware: the person behind the request, and what the browser may load."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from xueqiao.people.models import Login, Person

Next = Callable[[HttpRequest], HttpResponse]

# Everything comes from our own host; nothing is loaded from another one.
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class PersonMiddleware:
    """Sets ``request.person``: the signed-in person, or None."""

    def __init__(self, following: Next) -> None:
        self.following = following

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        person: Person | None = (
            user.person
            if isinstance(user, Login | SimpleLazyObject) and user.is_authenticated
            else None
        )
        request.person = person  # type: ignore[attr-defined]
        response = self.following(request)
        if person is not None:
            # At service points one browser serves many: nothing of a person stays in it.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class ContentPolicyMiddleware:
    """Sends the content security policy with every answer that has none."""

    def __init__(self, following: Next) -> None:
        self.following = following

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.following(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        return response
