"""Console: open data sets, from the draft to the decision of two persons and to the withdrawal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance.designs import columns
from xueqiao.governance.models import DataEdition, OpenDataset
from xueqiao.governance.models.edition import newest
from xueqiao.governance.opening import drafting, publishing
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.console import lake_open as shown
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State = OpenDataset.State

LISTING = lists.Listing(
    code="open-data",
    columns=(
        lists.Column(
            gettext_lazy("Data set"),
            titled,
            head=True,
            link=lambda row: reverse("console-lake-open-one", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Name in the address"), lambda row: row.code, sort="code"),
        lists.Column(gettext_lazy("Place"), lambda row: row.place.name),
        lists.Column(gettext_lazy("State"), lambda row: row.get_state_display(), state=shown.level),
        lists.Column(gettext_lazy("Published on"), lambda row: row.published_at, sort="published"),
    ),
    sorts={"number": ("-id",), "code": ("code",), "published": ("-published_at", "-id")},
    filters=(lists.of_field("state", gettext_lazy("State"), State),),
    search=lambda rows, text: rows.search(text),  # type: ignore[attr-defined]
    search_hint=gettext_lazy("title, keyword or name in the address"),
)


@access.page(rights.LAKE_ANALYSE)
def index(request: HttpRequest) -> HttpResponse:
    """Data sets of the own places, in every state."""
    rows = OpenDataset.objects.seen_by(access.signed_in(request), clock.today())
    return lists.answer(request, LISTING, rows.select_related("place"), "console/lake/open.html")


@access.page(rights.LAKE_ANALYSE)
def new(request: HttpRequest) -> HttpResponse:
    """Draft a data set."""
    form = shown.DraftForm(request)
    if form.is_bound and form.is_valid():
        names = ("request_key", "code")
        given = {name: form.cleaned_data[name] for name in names}
        try:
            made = drafting.draft(
                by=access.signed_in(request), text=form.text(), at=clock.now(), **given
            )
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-lake-open-one", made.pk)
    return _form(request, form, None)


@access.page(rights.LAKE_ANALYSE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the text of a draft."""
    row = _find(request, pk)
    form = shown.TextForm(request, row)
    if form.is_bound and form.is_valid():
        me = access.signed_in(request)
        try:
            drafting.amend(dataset=row, by=me, text=form.text(), at=clock.now())
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-lake-open-one", pk)
    return _form(request, form, row)


def _form(request: HttpRequest, form: shown.TextForm, row: OpenDataset | None) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {"form": form, "dataset": row}
    return render(request, "console/lake/open_form.html", context, status=status)


@access.page(rights.LAKE_ANALYSE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One data set: its text, what would be seen, who decided, what can be done now."""
    return _page(request, _find(request, pk))


def _find(request: HttpRequest, pk: int) -> OpenDataset:
    rows = OpenDataset.objects.seen_by(access.signed_in(request), clock.today())
    related = rows.select_related("publisher", "place", "asked_by", "leaving_by", "published_by")
    return get_object_or_404(related, pk=pk)


def _page(
    request: HttpRequest, row: OpenDataset, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    me = access.signed_in(request)
    edition = newest(row.editions.all(), row.revision)
    holds = rights.within(me, rights.LAKE_STEWARD, clock.today(), place="place_id")
    is_steward = OpenDataset.objects.filter(holds, pk=row.pk).exists()
    context: dict[str, Any] = {
        "dataset": row, "level": shown.level(row), "edition": edition,
        "steps": row.steps.select_related("actor").order_by("number"),
        "may_publish": row.state == State.ASKED and is_steward and row.asked_by_id != me.pk,
        "may_return": row.state == State.ASKED and (is_steward or row.asked_by_id == me.pk),
        "may_withdraw": row.state == State.LEAVING and is_steward and row.leaving_by_id != me.pk,
        "may_keep": row.state == State.LEAVING and is_steward,
        "may_share": edition is not None and rights.allows(me, rights.LAKE_SHARE, clock.today()),
        "refusal": why, "tried": tried, **_seen(edition),
    }  # fmt: skip
    return render(request, "console/lake/open_one.html", context, status=why.status if why else 200)


def _seen(edition: DataEdition | None) -> dict[str, Any]:
    if edition is None:
        return {"columns": [], "files": []}
    return {
        "columns": columns.of(edition),
        "files": edition.files.order_by("kind"),
    }


def _do(
    request: HttpRequest,
    pk: int,
    name: str,
    verb: Callable[..., Any],
    *,
    gives_reason: bool = False,
) -> HttpResponse:
    row = _find(request, pk)
    more = {"reason": request.POST.get("reason", "")} if gives_reason else {}
    try:
        verb(dataset=row, by=access.signed_in(request), at=clock.now(), **more)
    except errors.Refusal as why:
        return _page(request, row, why, name)
    return redirect("console-lake-open-one", pk)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the publication of a draft."""
    return _do(request, pk, "ask", publishing.ask)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return it for a change, with the reason."""
    return _do(request, pk, "return", publishing.return_for_change, gives_reason=True)


@require_POST
@access.page(rights.LAKE_STEWARD)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish what somebody else asked for."""
    return _do(request, pk, "publish", publishing.publish)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the withdrawal, with the reason."""
    return _do(request, pk, "leave", publishing.ask_withdrawal, gives_reason=True)


@require_POST
@access.page(rights.LAKE_STEWARD)
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep it published, with the reason."""
    return _do(request, pk, "keep", publishing.keep, gives_reason=True)


@require_POST
@access.page(rights.LAKE_STEWARD)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw what somebody else asked to withdraw."""
    return _do(request, pk, "withdraw", publishing.withdraw)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a withdrawn data set up again."""
    return _do(request, pk, "revise", publishing.revise)


ONE = "console/lake/open/<int:pk>/"
urlpatterns = [
    path("console/lake/open/", index, name="console-lake-open"),
    path("console/lake/open/new/", new, name="console-lake-open-new"),
    path(ONE, one, name="console-lake-open-one"),
    path(f"{ONE}edit/", edit, name="console-lake-open-edit"),
    path(f"{ONE}ask/", ask, name="console-lake-open-ask"),
    path(f"{ONE}return/", send_back, name="console-lake-open-return"),
    path(f"{ONE}publish/", publish, name="console-lake-open-publish"),
    path(f"{ONE}leave/", leave, name="console-lake-open-leave"),
    path(f"{ONE}keep/", keep, name="console-lake-open-keep"),
    path(f"{ONE}withdraw/", withdraw, name="console-lake-open-withdraw"),
    path(f"{ONE}revise/", revise, name="console-lake-open-revise"),
]
