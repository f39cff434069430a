"""Data that another body shares by agreement, for programs of the receiving side.

``GET /api/shared/{agreement}/{dataset}/?format=parquet`` gives the newest file, as Parquet or CSV.
The key belongs to a source whose owner is the receiving institution, and has the scope
``shared/read``. Every fetch is a line in the log that both sides see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import FileResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from xueqiao.governance.models import EditionFile
from xueqiao.governance.sharing import using
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records.models import Scope
from xueqiao.web import api, dcat
from xueqiao.web.api import _keys

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


def shared(request: HttpRequest, agreement: str, dataset: str) -> HttpResponseBase:
    """The newest file of a data set of an agreement."""
    try:
        return _given(request, agreement, dataset)
    except errors.Refusal as why:
        response = api.problem(request, why)
        _keys.explain(request, response, why)
        if isinstance(why, using.NotMadeYet):
            response.headers["Retry-After"] = str(using.RETRY_SECONDS)
        return response


def _given(request: HttpRequest, agreement: str, dataset: str) -> HttpResponseBase:
    _keys.authenticate(request)
    kind = request.GET.get("format", EditionFile.Kind.PARQUET)
    found = using.fetch(
        agreement=agreement, dataset=dataset, kind=kind, by=_asker(request), at=clock.now()
    )
    return answer(found, kind)


def answer(found: using.Fetched, kind: str) -> HttpResponseBase:
    """A fetched file as an answer that nobody keeps on the way."""
    made: Any = FileResponse(found.path.open("rb"), as_attachment=True, filename=found.path.name)
    made["Content-Type"] = dcat.MEDIA_TYPES[EditionFile.Kind(kind)]
    made["Cache-Control"] = "private, no-store"
    made["Last-Modified"] = found.edition.made_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    response: HttpResponseBase = made
    return response


def _asker(request: HttpRequest) -> using.Asker:
    """The institution behind the key. A key for everything is not for shared data."""
    found = _keys.credential(request)
    if Scope.SHARED_READ not in found.scopes or found.kind != "key":
        text = _("This key is for {scopes} only.")
        raise _keys.ScopeTooSmall(text.format(scopes=", ".join(sorted(found.scopes))))
    return using.Asker(institution_id=found.source.owner_id, key=found.key)


guarded = csrf_exempt(require_safe(shared))
guarded.policy = rights.RECORDS_KEY  # type: ignore[attr-defined]

urlpatterns = [
    path("api/shared/<slug:agreement>/<slug:dataset>/", guarded, name="api-shared"),
]
