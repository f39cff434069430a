"""The Caliper endpoint: envelopes of events, each item accepted, duplicate, held or described."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from xueqiao.intake import caliper
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import api
from xueqiao.web.api import _keys, _protocol


class MediaTypeUnknown(errors.Refusal):
    """The body is of another content type."""

    code = "intake.media_type_unknown"
    status = 415


@csrf_exempt
@require_POST
def envelope(request: HttpRequest) -> HttpResponse:
    """Store the events of an envelope; answers with what became of them."""
    try:
        _keys.authenticate(request)
        source = _keys.writer(request)
        done = caliper.receive(source=source, body=_body(request), at=clock.now())
        _keys.charge(request, done.received)
    except errors.Refusal as why:
        response: HttpResponse = api.problem(request, why)
        _keys.explain(request, response, why)
        return response
    return JsonResponse(done._asdict())


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        text = _("The content type “{kind}” is not taken; send application/json.")
        raise MediaTypeUnknown(text.format(kind=(request.content_type or "")[:80]))
    return _protocol.body(request)


envelope.policy = rights.RECORDS_KEY  # type: ignore[attr-defined]
urlpatterns = [path("caliper/", envelope, name="caliper")]
