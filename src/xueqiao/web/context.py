"""What every template knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The person, the elder mode and whether this is the demo."""
    person = getattr(request, "person", None)
    return {
        "person": person,
        "elder": request.COOKIES.get("elder") == "1",
        "is_demo": settings.DEMO,
    }
