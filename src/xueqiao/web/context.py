"""What every template knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from xueqiao.kernel import clock
from xueqiao.people import rights

if TYPE_CHECKING:
    from django.http import HttpRequest

    from xueqiao.people.models import Person


def site(request: HttpRequest) -> dict[str, Any]:
    """The person, the elder mode, where the reader is, and whether this is the demo."""
    person: Person | None = getattr(request, "person", None)
    return {
        "person": person,
        "has_roles": SimpleLazyObject(lambda: _has_roles(person)),
        "elder": request.COOKIES.get("elder") == "1",
        "here": request.get_full_path() if request.method == "GET" else request.path,
        "is_demo": settings.DEMO,
        "help_phone": settings.HELP_PHONE,
    }


def _has_roles(person: Person | None) -> bool:
    return rights.allows(person, rights.CONSOLE, clock.today())
