"""Results of schools for programs: the column sets sent and fetched with a key of the school.

``POST /api/results/{set}/`` takes a CSV or XLSX file as the body and answers with the table's state
and faults; ``GET /api/results/{set}/?since=…&until=…`` gives rows as JSON, CSV or XLSX;
``GET /api/results/sheets/{number}/`` says what became of a table. The key belongs to a source whose
owner is the school, and has the scope ``results/write`` or ``results/read``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from xueqiao.exchange.models import ResultSheet
from xueqiao.exchange.results import columns, sheets, writing
from xueqiao.intake.tables import filled
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records.models import Scope, Source
from xueqiao.web import api, exports
from xueqiao.web.api import _keys

if TYPE_CHECKING:
    from collections.abc import Callable

ENDINGS = {"text/csv": "results.csv", exports.XLSX: "results.xlsx"}


class SetUnknown(errors.Refusal):
    """There is no such column set, or no such table of this school."""

    code = "exchange.set_unknown"
    status = 404


class DaysUnfit(errors.Refusal):
    """The days asked for are no days, or the wrong way round."""

    code = "exchange.days_unfit"
    status = 422


class FormatUnknown(errors.Refusal):
    """The table is of another content type than CSV or XLSX."""

    code = "exchange.format_unknown"
    status = 415


class NoSchool(errors.Refusal):
    """The source of the key belongs to no institution."""

    code = "exchange.key_without_school"
    status = 403


def guarded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Authenticate, and turn refusals into problem documents."""

    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            _keys.authenticate(request)
            return view(request, *args, **kwargs)
        except errors.Refusal as why:
            response: HttpResponse = api.problem(request, why)
            _keys.explain(request, response, why)
            return response

    inner.policy = rights.RECORDS_KEY  # type: ignore[attr-defined]
    inner.__doc__ = view.__doc__
    return inner


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@guarded
def results(request: HttpRequest, code: str) -> HttpResponse:
    """Send a table of a set, or fetch what the bank holds."""
    of = columns.SETS.get(code)
    if of is None:
        text = _("There is no set {code}. Choose from: {codes}.")
        raise SetUnknown(text.format(code=code[:40], codes=", ".join(columns.SETS)))
    return _take(request, of) if request.method == "POST" else _give(request, of)


@require_safe
@guarded
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of a table that the school sent."""
    source, _sender = _school(request, Scope.RESULTS_READ, Scope.RESULTS_WRITE)
    found = ResultSheet.objects.filter(pk=pk, institution=source.owner).first()
    if found is None:
        raise SetUnknown(_("This school has sent no table of this number."))
    return JsonResponse(_state(found))


def _take(request: HttpRequest, of: columns.ColumnSet) -> HttpResponse:
    _source, sender = _school(request, Scope.RESULTS_WRITE)
    ending = ENDINGS.get(request.content_type or "")
    if ending is None:
        text = _("The content type “{kind}” is not taken; send {kinds}.")
        kinds = ", ".join(ENDINGS)
        raise FormatUnknown(text.format(kind=(request.content_type or "")[:80], kinds=kinds))
    made = sheets.upload(
        content=request.read(filled.MOST_BYTES + 1), name=ending, of=of, sender=sender,
        at=clock.now(),
    )  # fmt: skip
    faulty = made.state == ResultSheet.State.FAULTY
    return JsonResponse(_state(made), status=422 if faulty else 202)


def _give(request: HttpRequest, of: columns.ColumnSet) -> HttpResponse:
    source, sender = _school(request, Scope.RESULTS_READ)
    since, until = _days(request)
    assert source.owner is not None
    rows = writing.given(
        of=of, sender=sender, school=source.owner.code, since=since,
        until=until + timedelta(days=1), at=clock.now(),
    )  # fmt: skip
    head = [each.title for each in of.columns]
    kind = request.GET.get("format", "json")
    if kind in exports.KINDS:
        return exports.answer(kind, f"xueqiao-{of.code}", head, rows)
    body = {"set": of.code, "columns": head, "rows": rows}
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


def _school(request: HttpRequest, *scopes: str) -> tuple[Source, sheets.Sender]:
    """The source of the key and the sender that it is. A key for everything is not for results."""
    found = _keys.credential(request)
    if found.scopes.isdisjoint(scopes):
        text = _("This key is for {scopes} only.")
        raise _keys.ScopeTooSmall(text.format(scopes=", ".join(sorted(found.scopes))))
    if found.source.owner_id is None:
        text = _("The source of this key belongs to no institution. Ask the operator to name one.")
        raise NoSchool(text)
    return found.source, sheets.by_program(institution_id=found.source.owner_id, key=found.key)


def _days(request: HttpRequest) -> tuple[date, date]:
    try:
        since = date.fromisoformat(request.GET.get("since", ""))
        until = date.fromisoformat(request.GET.get("until", ""))
    except ValueError:
        text = _("Name two days: ?since=2026-01-01&until=2026-06-30")
        raise DaysUnfit(text) from None
    if until < since:
        raise DaysUnfit(_("The last day lies before the first."), pointer="until")
    return since, until


def _state(found: ResultSheet) -> dict[str, Any]:
    return {
        "sheet": found.pk,
        "set": found.kind,
        "state": found.state,
        "rows": found.rows,
        "faults": found.faults,
        "reason": found.reason,
        "became": {state.value: n for state, n in sheets.became(found).items()},
    }


urlpatterns = [
    path("api/results/sheets/<int:pk>/", sheet, name="api-result-sheet"),
    path("api/results/<slug:code>/", results, name="api-results"),
]
