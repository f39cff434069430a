"""Console: the classes one runs, their rosters, and the results of many learners at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from xueqiao.hall import completion, queries
from xueqiao.hall.models import Enrolment, EnrolmentState, Offering, OfferingState, Result
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Rows = QuerySet[Any]
RESULTS = (Result.PASS, Result.DISTINCTION, Result.FAIL)
LEVELS = {"active": "ok", "waiting": "warn", "withdrawn": ""}


def _which() -> list[tuple[str, Any]]:
    return [
        ("now", _("Not over")),
        ("waiting", _("With a waiting list")),
        ("over", _("Over")),
        ("results", _("Over, results missing")),
    ]


def _show(rows: Rows, which: str) -> Rows:
    if which == "results":
        missing = Enrolment.objects.filter(state=EnrolmentState.ACTIVE, completion=None)
        return rows.filter(ends_on__lt=clock.today(), pk__in=missing.values("offering_id"))
    if which == "waiting":
        return rows.filter(waiting__gt=0)
    return (
        rows.filter(ends_on__lt=clock.today())
        if which == "over"
        else rows.filter(ends_on__gte=clock.today())
    )


CLASSES = lists.Listing(
    code="classes",
    columns=(
        lists.Column(
            _("Class"),
            lambda row: row.title,
            head=True,
            sort="title",
            link=lambda row: reverse("console-class", args=[row.pk]),
        ),
        lists.Column(_("Code"), lambda row: row.code, sort="code"),
        lists.Column(_("Institution"), lambda row: row.institution.name),
        lists.Column(_("First day"), lambda row: row.starts_on, sort="start"),
        lists.Column(_("Last day"), lambda row: row.ends_on),
        lists.Column(_("Seats taken"), lambda row: row.taken, numeric=True),
        lists.Column(_("Seats"), lambda row: row.capacity, numeric=True),
        lists.Column(_("Waiting list"), lambda row: row.waiting, numeric=True),
    ),
    sorts={"start": ("-starts_on", "-id"), "title": ("title", "id"), "code": ("code",)},
    filters=(
        lists.Filter("show", _("Which"), _which, _show),
        lists.of_field("state", _("State"), OfferingState),
    ),
    search=lambda rows, text: rows.filter(Q(title__icontains=text) | Q(code__icontains=text)),
    search_hint=_("title or code"),
)


@access.page(rights.ROSTER)
def classes(request: HttpRequest) -> HttpResponse:
    """The classes a person runs."""
    rows = queries.with_seats(Offering.objects.run_by(access.person(request), clock.today()))
    return lists.answer(request, CLASSES, rows, "console/classes.html")


def _result(row: Any) -> Any:
    return row.completion.get_result_display() if hasattr(row, "completion") else None


ROSTER = lists.Listing(
    code="roster",
    columns=(
        lists.Column(_("Name"), lambda row: row.person.name, head=True, sort="name"),
        lists.Column(
            _("State"),
            lambda row: row.get_state_display(),
            state=lambda row: LEVELS.get(row.state, ""),
            sort="state",
        ),
        lists.Column(_("On the waiting list"), lambda row: row.position or None, numeric=True),
        lists.Column(_("Enrolled on"), lambda row: clock.local_date(row.asked_at), sort="asked"),
        lists.Column(_("Result"), _result),
    ),
    sorts={
        "asked": ("asked_at", "id"),
        "name": ("person__name", "id"),
        "state": ("state", "id"),
    },
    filters=(
        lists.of_field("state", _("State"), EnrolmentState),
        lists.Filter(
            "result",
            _("Result"),
            lambda: [("none", _("No result yet")), *Result.choices],
            lambda rows, result: (
                rows.filter(completion=None)
                if result == "none"
                else rows.filter(completion__result=result)
            ),
        ),
    ),
    search=lambda rows, text: rows.filter(person__name__icontains=text),
    search_hint=_("name"),
    selectable=lambda row: row.state == EnrolmentState.ACTIVE and not hasattr(row, "completion"),
)


def find(request: HttpRequest, pk: int) -> Any:
    """A class the person runs, with its seats."""
    rows = queries.with_seats(Offering.objects.run_by(access.person(request), clock.today()))
    return get_object_or_404(rows, pk=pk)


@access.page(rights.ROSTER)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One class with its roster."""
    return _page(request, pk)


def _page(request: HttpRequest, pk: int, why: errors.Refusal | None = None) -> HttpResponse:
    context = {
        "offering": find(request, pk),
        "results": [(each.value, each.label) for each in RESULTS],
        "today": clock.today(),
        "refusal": why,
    }
    rows = queries.roster(access.person(request), pk, clock.today())
    answer = lists.answer(request, ROSTER, rows, "console/class.html", context)
    answer.status_code = why.status if why else answer.status_code
    return answer


def chosen(request: HttpRequest, pk: int) -> list[Enrolment]:
    """The learners of the class that the form names and that have a seat and no result."""
    named = [int(each) for each in request.POST.getlist("chosen") if each.isdecimal()]
    rows = queries.roster(access.person(request), pk, clock.today())
    return list(rows.filter(pk__in=named, state=EnrolmentState.ACTIVE, completion=None))


@require_POST
@access.page(rights.ROSTER)
def results(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter one result for the chosen learners; asks first, naming how many."""
    offering, rows = find(request, pk), chosen(request, pk)
    result = request.POST.get("result", "")
    if not rows or result not in {each.value for each in RESULTS}:
        return _page(request, pk, NothingChosen(str(NothingChosen.words)))
    if request.POST.get("confirmed") != "yes":
        context = {"offering": offering, "rows": rows, "result": Result(result)}
        return render(request, "console/confirm_results.html", context)
    return _record(request, offering, rows, Result(result))


def _record(
    request: HttpRequest, offering: Offering, rows: list[Enrolment], result: Result
) -> HttpResponse:
    now = clock.now()
    outcomes = [completion.Outcome(row.pk, result, now, offering.credit_hundredths) for row in rows]
    try:
        new = completion.complete_many(outcomes, by_person_id=access.signed_in(request).pk)
    except errors.Refusal as why:
        return _page(request, offering.pk, why)
    text = ngettext("{n} result entered: {result}.", "{n} results entered: {result}.", new)
    messages.success(request, text.format(n=new, result=result.label))
    return redirect("console-class", offering.pk)


class NothingChosen(errors.Refusal):
    """A bulk action without rows or without a result."""

    code = "console.nothing_chosen"
    status = 422
    words = _("Choose at least one learner without a result, and a result.")


urlpatterns = [
    path("console/classes/", classes, name="console-classes"),
    path("console/classes/<int:pk>/", one, name="console-class"),
    path("console/classes/<int:pk>/results/", results, name="console-results"),
]
