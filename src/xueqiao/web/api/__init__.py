"""Endpoints, one module for each app. Refusals become problem documents (RFC 9457) here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, JsonResponse

if TYPE_CHECKING:
    from xueqiao.kernel import errors


def problem(request: HttpRequest, refusal: errors.Refusal) -> JsonResponse:
    """A refusal as application/problem+json."""
    body = {
        "type": f"urn:xueqiao:error:{refusal.code}",
        "title": str(refusal),
        "status": refusal.status,
        "code": refusal.code,
        "instance": request.path,
    }
    if refusal.pointer:
        body["pointer"] = refusal.pointer
    return JsonResponse(
        body,
        status=refusal.status,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
    )
