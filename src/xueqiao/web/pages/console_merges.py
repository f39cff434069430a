"""Console: two accounts of one person: asked for, decided by a second officer, split again."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank import queries as creditbank
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.service import merges
from xueqiao.service.models import AccountMerge
from xueqiao.web import access, lists, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State = AccountMerge.State
LEVELS = {
    State.ASKED: "warn", State.MERGED: "ok", State.REJECTED: "bad", State.SPLIT_ASKED: "warn",
    State.SPLIT: "",
}  # fmt: skip

MERGES = lists.Listing(
    code="merges",
    columns=(
        lists.Column(
            _("Name"),
            lambda row: row.kept.name,
            head=True,
            link=lambda row: reverse("console-merge", args=[row.pk]),
        ),
        lists.Column(
            _("State"), lambda row: row.get_state_display(), state=lambda row: LEVELS[row.state]
        ),
        lists.Column(_("Why"), lambda row: row.reason),
        lists.Column(_("Asked by"), lambda row: row.asked_by.name),
        lists.Column(_("Asked on"), lambda row: clock.local_date(row.asked_at), sort="day"),
        lists.Column(_("Decided by"), lambda row: row.decided_by.name if row.decided_by else "–"),
    ),
    sorts={"day": ("-asked_at", "-id")},
    filters=(
        lists.Filter(
            "state", _("State"), lambda: State.choices, lambda rows, v: rows.filter(state=v)
        ),
    ),
    search=lambda rows, text: rows.filter(kept__name__icontains=text),
    search_hint=_("name of the person"),
)


def _rows(request: HttpRequest) -> Any:
    day = clock.today()
    rows = AccountMerge.objects.reachable_by(access.person(request), day)
    return rows.select_related("kept__home", "duplicate__home", "asked_by", "decided_by",
                               "split_asked_by", "split_by")  # fmt: skip


@access.page(rights.SERVICE_MERGE)
def listing(request: HttpRequest) -> HttpResponse:
    """The merges of the own places, newest first."""
    return lists.answer(request, MERGES, _rows(request), "console/merges.html")


class MergeForm(forms.Form):
    """Which two accounts, and the document that shows it is one person."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=120)
    kept = forms.CharField(label=_("Number of the account that stays"), max_length=20)
    duplicate = forms.CharField(
        label=_("Number of the account that is merged into it"), max_length=20
    )
    identity_number = forms.CharField(
        label=_("Identity number on the document you saw"),
        max_length=18,
        help_text=_("18 characters; only a keyed hash of it is stored"),
    )
    reason = forms.CharField(label=_("Why"), max_length=300)


@access.page(rights.SERVICE_MERGE)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a merge; a second officer decides."""
    form = MergeForm(request.POST or None, initial={"request_key": f"merge:{uuid.uuid4()}"})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            kept = merges.by_account_number(given.pop("kept"), pointer="kept")
            duplicate = merges.by_account_number(given.pop("duplicate"), pointer="duplicate")
            made = merges.ask(
                kept=kept, duplicate=duplicate, by=access.signed_in(request), at=clock.now(),
                **given,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-merge", made.pk)
    status = 422 if form.errors else 200
    return render(request, "console/merge_ask.html", {"form": form}, status=status)


@access.page(rights.SERVICE_MERGE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Both accounts beside each other, and what can be decided."""
    return _page(request, get_object_or_404(_rows(request), pk=pk))


def _page(
    request: HttpRequest, merge: AccountMerge, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    day = clock.today()
    accounts = [
        {
            "person": who, "account": creditbank.learning_account(who),
            "lots": len(creditbank.lots(who, day)), "checked": bool(who.identity_hash),
        }
        for who in (merge.kept, merge.duplicate)
    ]  # fmt: skip
    me = access.signed_in(request).pk
    context = {
        "merge": merge, "accounts": accounts, "level": LEVELS[State(merge.state)],
        "is_mine": me == merge.asked_by_id, "is_my_split": me == merge.split_asked_by_id,
        "refusal": why, "tried": tried,
    }  # fmt: skip
    return render(request, "console/merge.html", context, status=why.status if why else 200)


def _move(request: HttpRequest, pk: int, name: str, verb: Callable[..., object]) -> HttpResponse:
    merge = get_object_or_404(_rows(request), pk=pk)
    try:
        verb(merge=merge, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, merge, why, name)
    return redirect("console-merge", pk)


@require_POST
@access.page(rights.SERVICE_MERGE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Join two accounts that somebody else asked to join."""
    verb = partial(merges.approve, note=request.POST.get("note", ""))
    return _move(request, pk, "approve", verb)


@require_POST
@access.page(rights.SERVICE_MERGE)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a merge."""
    return _move(request, pk, "reject", partial(merges.reject, note=request.POST.get("note", "")))


@require_POST
@access.page(rights.SERVICE_MERGE)
def ask_split(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask that two accounts are parted again."""
    verb = partial(merges.ask_split, reason=request.POST.get("reason", ""))
    return _move(request, pk, "ask_split", verb)


@require_POST
@access.page(rights.SERVICE_MERGE)
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """Part two accounts that somebody else asked to part."""
    return _move(request, pk, "split", merges.split)


urlpatterns = [
    path("console/merges/", listing, name="console-merges"),
    path("console/merges/ask/", ask, name="console-merge-ask"),
    path("console/merges/<int:pk>/", one, name="console-merge"),
    path("console/merges/<int:pk>/approve/", approve, name="console-merge-approve"),
    path("console/merges/<int:pk>/reject/", reject, name="console-merge-reject"),
    path("console/merges/<int:pk>/ask-split/", ask_split, name="console-merge-ask-split"),
    path("console/merges/<int:pk>/split/", split, name="console-merge-split"),
]
