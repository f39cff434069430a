"""Console: research extracts: asking, deciding, taking back, the report, whose copy a file is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance.extracts import asking, ending, recognising
from xueqiao.governance.models import ResearchExtract
from xueqiao.governance.models.extract import OVER
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.console import lake_extracts

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State = ResearchExtract.State
LEVELS = {
    State.ASKED: "warn",
    State.GRANTED: "now",
    State.MADE: "ok",
    State.REFUSED: "bad",
    State.FAILED: "bad",
    State.WITHDRAWN: "warn",
    State.ENDED: "",
    State.EXPIRED: "",
}

OTHERS = 10
"""Other extracts of the same rows that a steward is shown, the newest."""


EXTRACTS = lists.Listing(
    code="lake-extracts",
    columns=(
        lists.Column(
            gettext_lazy("Extract"),
            lambda row: f"X-{row.pk}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-lake-extract", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Who"), lambda row: row.asked_by.name),
        lists.Column(gettext_lazy("Data set"), lambda row: row.get_design_display()),
        lists.Column(gettext_lazy("Place"), lambda row: row.place.name),
        lists.Column(gettext_lazy("k"), lambda row: row.k, numeric=True),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows or "", numeric=True),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: LEVELS[State(row.state)],
        ),
        lists.Column(gettext_lazy("Ends on"), lambda row: row.valid_to, sort="end"),
    ),
    sorts={"number": ("-id",), "end": ("valid_to", "id")},
    filters=(
        lists.of_field("state", gettext_lazy("State"), State),
        lists.of_field("design", gettext_lazy("Data set"), ResearchExtract.Design),
    ),
    search=lambda rows, text: rows.filter(purpose__icontains=text),
    search_hint=gettext_lazy("words of the question"),
)


@access.page(rights.LAKE_ANALYSE)
def index(request: HttpRequest) -> HttpResponse:
    """The own extracts, and those of the places that one is the steward of."""
    me, day = access.signed_in(request), clock.today()
    rows = ResearchExtract.objects.seen_by(me, day).select_related("asked_by", "place")
    more = {"is_steward": rights.allows(me, rights.LAKE_STEWARD, day)}
    return lists.answer(request, EXTRACTS, rows, "console/lake/extracts.html", more)


@access.page(rights.LAKE_ANALYSE)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for an extract."""
    form, status = lake_extracts.ExtractForm(request), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return redirect("console-lake-extract", _asked(request, form).pk)
            except errors.Refusal as why:
                refused.into(form, why)
    return render(request, "console/lake/extract_ask.html", {"form": form}, status=status)


def _asked(request: HttpRequest, form: lake_extracts.ExtractForm) -> ResearchExtract:
    return asking.ask(
        request_key=form.cleaned_data["request_key"], by=access.signed_in(request),
        wish=form.wish(), at=clock.now(),
    )  # fmt: skip


@access.page(rights.LAKE_ANALYSE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One extract: what was asked, how it stands, what can be done now, its files."""
    return page(request, find(request, pk))


def find(request: HttpRequest, pk: int) -> ResearchExtract:
    rows = ResearchExtract.objects.seen_by(access.signed_in(request), clock.today())
    return get_object_or_404(rows.select_related("asked_by", "place", "decided_by"), pk=pk)


def page(
    request: HttpRequest,
    extract: ResearchExtract,
    why: errors.Refusal | None = None,
    tried: str = "",
    link: str = "",
) -> HttpResponse:
    """The page of an extract, with a refusal or a new link if there is one."""
    context = _standing(request, extract) | {
        "extract": extract, "level": LEVELS[State(extract.state)],
        "known": lake_extracts.titles(extract.known),
        "sensitive": lake_extracts.titles(extract.sensitive),
        "copies": lake_extracts.copies_of(extract) if extract.state == State.MADE else [],
        "refusal": why, "tried": tried, "link": link,
    }  # fmt: skip
    is_fragment = request.headers.get("HX-Target") == "extract"
    template = "console/lake/_extract.html" if is_fragment else "console/lake/extract.html"
    return render(request, template, context, status=why.status if why else 200)


def _standing(request: HttpRequest, extract: ResearchExtract) -> dict[str, Any]:
    """What the reader may do with an extract as it stands."""
    me, day, state = access.signed_in(request), clock.today(), State(extract.state)
    is_own = extract.asked_by_id == me.pk
    holds = rights.within(me, rights.LAKE_STEWARD, day, place="place_id")
    is_steward = ResearchExtract.objects.filter(holds, pk=extract.pk).exists()
    can_decide = state == State.ASKED and is_steward and not is_own
    others = asking.overlapping(extract).select_related("asked_by", "place")
    return {
        "is_own": is_own,
        "can_decide": can_decide,
        "others": others[:OTHERS] if can_decide else [],
        "can_end": state in {State.GRANTED, State.MADE},
        "can_again": is_own and state in {State.WITHDRAWN, State.FAILED} and extract.valid_to > day,
        "can_confirm": is_own
        and state in OVER
        and extract.handed_at is not None
        and extract.destroyed_at is None,
    }


def _move(
    request: HttpRequest, pk: int, name: str, verb: Callable[..., ResearchExtract], **given: str
) -> HttpResponse:
    extract = find(request, pk)
    try:
        verb(extract=extract, by=access.signed_in(request), at=clock.now(), **given)
    except errors.Refusal as why:
        return page(request, extract, why, name)
    return redirect("console-lake-extract", pk)


@require_POST
@access.page(rights.LAKE_STEWARD)
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant what somebody else asked for; the job then makes it."""
    verb = partial(asking.decide, is_granted=True)
    return _move(request, pk, "allow", verb, note=request.POST.get("note", ""))


@require_POST
@access.page(rights.LAKE_STEWARD)
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse it, with the reason."""
    verb = partial(asking.decide, is_granted=False)
    return _move(request, pk, "refuse", verb, note=request.POST.get("note", ""))


@require_POST
@access.page(rights.LAKE_ANALYSE)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an extract and delete its files at once."""
    return _move(request, pk, "end", ending.end, note=request.POST.get("note", ""))


@require_POST
@access.page(rights.LAKE_ANALYSE)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have it made again, after an erasure or a failure."""
    return _move(request, pk, "again", ending.make_again)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def destroyed(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that every copy has been destroyed."""
    return _move(request, pk, "destroyed", ending.confirm_destroyed)


@access.page(rights.LAKE_ANALYSE)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """How well the rows are hidden, by what, and what was left out."""
    extract = find(request, pk)
    context = {"extract": extract, "told": lake_extracts.report(extract)}
    return render(request, "console/lake/extract_report.html", context)


@access.page(rights.LAKE_STEWARD)
def whose(request: HttpRequest) -> HttpResponse:
    """Whose copy a found file was made from; the file is read and not kept."""
    context: dict[str, Any] = {"percent": recognising.SURE_PERCENT, "asked": False}
    given = request.FILES.get("file")
    if request.method == "POST" and given is not None:
        try:
            content = given.read(recognising.MOST_BYTES + 1)
            context |= {"matches": recognising.recognise(content=content), "asked": True}
        except errors.Refusal as why:
            context["refusal"] = why
    status = context["refusal"].status if "refusal" in context else 200
    return render(request, "console/lake/extract_whose.html", context, status=status)


urlpatterns = [
    path("console/lake/extracts/", index, name="console-lake-extracts"),
    path("console/lake/extracts/ask/", ask, name="console-lake-extract-ask"),
    path("console/lake/extracts/whose/", whose, name="console-lake-extract-whose"),
    path("console/lake/extracts/<int:pk>/", one, name="console-lake-extract"),
    path("console/lake/extracts/<int:pk>/report/", report, name="console-lake-extract-report"),
    path("console/lake/extracts/<int:pk>/allow/", allow, name="console-lake-extract-allow"),
    path("console/lake/extracts/<int:pk>/refuse/", refuse, name="console-lake-extract-refuse"),
    path("console/lake/extracts/<int:pk>/end/", end, name="console-lake-extract-end"),
    path("console/lake/extracts/<int:pk>/again/", again, name="console-lake-extract-again"),
    path(
        "console/lake/extracts/<int:pk>/destroyed/",
        destroyed,
        name="console-lake-extract-destroyed",
    ),
]
