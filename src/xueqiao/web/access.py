"""The door of every view: names its policy, lets in or shows the way.

A view without a policy fails ``tests/web/test_access.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.views import redirect_to_login
from django.http.response import HttpResponseBase
from django.shortcuts import render

from xueqiao.kernel import clock
from xueqiao.people import rights

if TYPE_CHECKING:
    from django.http import HttpRequest

    from xueqiao.people.models import Person

View = Callable[..., HttpResponseBase]


def page(policy: rights.Policy) -> Callable[[View], View]:
    """Guard a page: sign-in where nobody is signed in, a designed 403 where the role is missing."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            somebody = person(request)
            if rights.allows(somebody, policy, clock.today()):
                return view(request, *args, **kwargs)
            if somebody is None:
                return redirect_to_login(request.get_full_path())
            return render(
                request, "web/not_allowed.html", {"text": rights.not_allowed_text()}, status=403
            )

        guarded.policy = policy  # type: ignore[attr-defined]
        return guarded

    return guard


def person(request: HttpRequest) -> Person | None:
    """Who is signed in, or None."""
    return getattr(request, "person", None)


def signed_in(request: HttpRequest) -> Person:
    """Who is signed in; only behind a policy that asks for it."""
    found = person(request)
    assert found is not None, "the view's policy lets anybody in"
    return found
