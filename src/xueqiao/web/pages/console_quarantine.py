"""Console: what was received and not believed, how it is mended, and a file for its sender."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.intake import repair
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import quarantine as verbs
from xueqiao.records.models import HeldState, Quarantine, Reason, Source
from xueqiao.records.reasons import told
from xueqiao.web import access, exports, lists
from xueqiao.web.console import quarantine as shown

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Rows = QuerySet[Any]
EXPORT_KINDS = {"csv", "xlsx"}

QUARANTINE = lists.Listing(
    code="quarantine",
    columns=(
        lists.Column(
            gettext_lazy("Item"),
            lambda row: f"{row.batch_id}-{row.position}",
            head=True,
            sort="id",
            link=lambda row: reverse("console-held", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Reason"), lambda row: row.get_reason_display(), sort="reason"),
        lists.Column(gettext_lazy("Which part"), lambda row: row.pointer),
        lists.Column(gettext_lazy("What"), lambda row: told(row.reason, row.detail)[:160]),
        lists.Column(gettext_lazy("Source"), lambda row: row.batch.source.name),
        lists.Column(
            gettext_lazy("File"),
            lambda row: row.batch.delivery.name if row.batch.delivery else "",
        ),
        lists.Column(gettext_lazy("Beginning of the text"), lambda row: row.text[:80]),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: shown.LEVELS[HeldState(row.state)],
        ),
    ),
    sorts={"id": ("id",), "reason": ("reason", "id")},
    filters=(
        lists.Filter(
            "source",
            gettext_lazy("Source"),
            lambda: Source.objects.order_by("code").values_list("code", "name"),
            lambda rows, code: rows.filter(batch__source__code=code),
        ),
        lists.of_field("reason", gettext_lazy("Reason"), Reason),
        lists.Filter(
            "state",
            gettext_lazy("State"),
            lambda: [*HeldState.choices, ("any", gettext_lazy("All"))],
            lambda rows, state: rows if state == "any" else rows.filter(state=state),
            default=HeldState.OPEN,
            required=True,
        ),
    ),
    search=lambda rows, text: rows.filter(Q(text__icontains=text) | Q(detail__icontains=text)),
    search_hint=gettext_lazy("part of the text"),
    selectable=lambda row: row.state == HeldState.OPEN,
)


def _rows() -> Rows:
    return Quarantine.objects.select_related("batch__source", "batch__delivery")


@access.page(rights.RECORDS_OPERATE)
def quarantine(request: HttpRequest) -> HttpResponse:
    """What was received and not believed."""
    more = {
        "query": request.GET.urlencode(),
        "advice": shown.ADVICE.get(request.GET.get("reason", "")),
        "can_try_all": request.GET.get("reason") in Reason.values,
        "at_once": shown.AT_ONCE,
    }
    return lists.answer(request, QUARANTINE, _rows(), "console/quarantine.html", more)


@access.page(rights.RECORDS_OPERATE)
def held(request: HttpRequest, pk: int) -> HttpResponse:
    """One item in quarantine: its text as received, and the repair of it."""
    row = get_object_or_404(_rows(), pk=pk)
    return render(request, "console/held.html", shown.item(row))


@require_POST
@access.page(rights.RECORDS_OPERATE)
def mend(request: HttpRequest, pk: int) -> HttpResponse:
    """Try one item again with another text."""
    row = get_object_or_404(_rows(), pk=pk)
    columns, cells = request.POST.getlist("column"), request.POST.getlist("cell")
    text = json.dumps(dict(zip(columns, cells, strict=False)), ensure_ascii=False)
    if not columns:
        text = request.POST.get("text", "")
    try:
        done = repair.mend(held=row, text=text, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        messages.error(request, why.text)
        return render(
            request, "console/held.html", shown.item(row, request.POST), status=why.status
        )
    if done.state == HeldState.OPEN:
        return render(request, "console/held.html", shown.item(row, request.POST), status=422)
    messages.success(request, f"{HeldState(done.state).label}.")
    return redirect("console-held", pk)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def chosen(request: HttpRequest) -> HttpResponse:
    """Leave the chosen items out, or try them or all that the list shows again as they are."""
    who = access.signed_in(request)
    rows = _meant(request)
    if request.POST.get("to", "").startswith("dismiss"):
        count = verbs.dismiss(held=rows, by=who, at=clock.now())
        messages.success(
            request, _("{n} left out; they stay counted as quarantined.").format(n=count)
        )
    else:
        try:
            _tell(request, repair.mend_many(held=rows, rule=None, by=who, at=clock.now()))
        except errors.Refusal as why:
            # Somebody else was faster; what was tried before stays.
            messages.error(request, why.text)
    return redirect(exports.address(reverse("console-quarantine"), request.GET.dict().items()))


def _meant(request: HttpRequest) -> list[Quarantine]:
    """The chosen items that wait; or, of one reason, the first of all that the list shows.

    What was tried least often comes first, so that one press after the other comes to all.
    """
    to = request.POST.get("to", "")
    if to.endswith("-all") and request.GET.get("reason") in Reason.values:
        rows = lists.read(request, QUARANTINE, _rows()).rows.filter(state=HeldState.OPEN)
        rows = repair.worth_trying(rows) if to.startswith("again") else rows.order_by("pk")
        return list(rows[: shown.AT_ONCE])
    numbers = [int(each) for each in request.POST.getlist("chosen") if each.isdigit()]
    return list(_rows().filter(state=HeldState.OPEN, pk__in=numbers))


@access.page(rights.RECORDS_OPERATE)
def rule(request: HttpRequest) -> HttpResponse:
    """Mend many items by one rule: first a look at what it changes, then the repair."""
    form = shown.RuleForm(request.POST or None, initial=request.GET.dict())
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        try:
            if request.POST.get("to") == "mend":
                return _mended(request, form)
            context |= {"look": shown.look(form)}
        except errors.Refusal as why:
            form.add_error(why.pointer if why.pointer in form.fields else None, why.text)
    return render(
        request, "console/quarantine_rule.html", context, status=422 if form.errors else 200
    )


@access.page(rights.RECORDS_OPERATE)
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """The items that the list shows, with all their cells, for the source's owner."""
    rows = lists.read(request, QUARANTINE, _rows()).rows[: lists.EXPORT_AT_MOST]
    head, body = shown.export(_rows().filter(pk__in=rows.values("pk")).order_by("pk"))
    return exports.answer(kind if kind in EXPORT_KINDS else "csv", _("quarantine"), head, body)


def _mended(request: HttpRequest, form: shown.RuleForm) -> HttpResponse:
    done = repair.mend_many(
        held=shown.meant(form), rule=form.rule, by=access.signed_in(request), at=clock.now()
    )
    _tell(request, done)
    code = form.cleaned_data["source"]
    return redirect(f"{reverse('console-quarantine')}?source={code}")


def _tell(request: HttpRequest, done: dict[str, int]) -> None:
    parts = [f"{HeldState(state).label} {count:,}" for state, count in sorted(done.items())]
    messages.success(request, " · ".join(parts) or _("Nothing was changed."))


urlpatterns = [
    path("console/records/quarantine/", quarantine, name="console-quarantine"),
    path("console/records/quarantine/<int:pk>/", held, name="console-held"),
    path("console/records/quarantine/<int:pk>/mend/", mend, name="console-held-mend"),
    path("console/records/quarantine/chosen/", chosen, name="console-quarantine-chosen"),
    path("console/records/quarantine/rule/", rule, name="console-quarantine-rule"),
    path("console/records/quarantine/file.<str:kind>", export, name="console-quarantine-file"),
]
