"""The xAPI endpoint: ``/xapi/`` speaks 1.0.3 unless asked otherwise, ``/xapi/2.0/`` 2.0.0."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.records import checking, parameters, query, shown
from xueqiao.records.journal import door
from xueqiao.web.api import _keys, _xapi


class StatementNotFound(errors.Refusal):
    """No statement that this key may read has the id."""

    code = "records.statement_not_found"
    status = 404


def post(request: HttpRequest) -> HttpResponse:
    """Store one statement or a list, all or nothing; answers with their ids."""
    source = _keys.writer(request)
    for name in request.GET:
        raise parameters.unfit(name, _("“{name}” is not a parameter of this request."))
    items, _is_list = _xapi.incoming(request)
    _keys.charge(request, len(items))
    stored = door.accept(
        source=source, items=items, received_at=clock.now(), batch_key=f"http:{uuid.uuid4()}"
    )
    return _xapi.json([str(each) for each in stored])


def put(request: HttpRequest) -> HttpResponse:
    """Store one statement under the id of the address."""
    source = _keys.writer(request)
    for name in request.GET:
        if name != "statementId":
            raise parameters.unfit(name, _("“{name}” is not a parameter of this request."))
    wanted = parameters.uuid("statementId", request.GET.get("statementId", ""))
    items, is_list = _xapi.incoming(request)
    _keys.charge(request, len(items))
    door.accept(
        source=source,
        items=[checking.under(items, wanted, is_list=is_list)],
        received_at=clock.now(),
        batch_key=f"http:{uuid.uuid4()}",
    )
    return HttpResponse(status=204)


def find(request: HttpRequest) -> HttpResponse:
    """One statement by its id, or a page of a list."""
    source, given = _keys.reader(request), _xapi.given(request)
    asked = parameters.single(given)
    form = parameters.form(
        given, version=_xapi.spoken(request), languages=request.headers.get("Accept-Language", "")
    )
    if asked is None:
        filters = parameters.filters(given)
        return _list(request, given, query.page(filters, source=source), form)
    row = query.one(asked[0], voided=asked[1], source=source)
    if row is None:
        raise StatementNotFound(_("No statement has the id {id}.").format(id=asked[0]))
    response = _xapi.json(shown.statement(row, form))
    response.headers["Last-Modified"] = http_date(row.stored_at.timestamp())
    return response


def _list(
    request: HttpRequest, given: dict[str, str], page: query.Page, form: shown.Form
) -> HttpResponse:
    rows = shown.statements(page.rows, form)
    more = ""
    if page.following:
        words = urlencode(given | {"from": parameters.token(page.following)})
        more = f"{request.path}?{words}"
    return _xapi.json({"statements": rows, "more": more})


urlpatterns = _xapi.endpoints(
    "statements", {"GET": find, "POST": post, "PUT": put}, about="Send, find and read statements."
)
