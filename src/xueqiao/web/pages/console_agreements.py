"""Console: transfer agreements, from the draft to the signatures of both sides and to notice."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import TransferAgreement
from xueqiao.creditbank.rulebook import agreements
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.console import agreements as shown
from xueqiao.web.console import bothsides
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

    from xueqiao.creditbank.models.agreements import AgreementQuerySet

LISTING = lists.Listing(
    code="agreements",
    columns=(
        lists.Column(
            gettext_lazy("Agreement"),
            titled,
            head=True,
            link=lambda row: reverse("console-agreement", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Number"), lambda row: row.code, sort="code"),
        lists.Column(gettext_lazy("Giving side"), lambda row: row.giving, sort="giving"),
        lists.Column(gettext_lazy("Receiving side"), lambda row: row.receiving, sort="receiving"),
        lists.Column(gettext_lazy("Stands"), shown.standing, state=shown.level),
        lists.Column(gettext_lazy("Holds from"), lambda row: row.valid_from, sort="from"),
    ),
    sorts={
        "from": ("-valid_from", "-id"),
        "code": ("code",),
        "giving": ("giving", "id"),
        "receiving": ("receiving", "id"),
    },
    filters=(
        lists.Filter(
            "show",
            gettext_lazy("Show"),
            lambda: [
                ("draft", _("Drafts")),
                ("offered", _("Put forward for signature")),
                ("signed", _("Signed by both")),
            ],
            shown.narrowed,
        ),
    ),
    search=shown.found,
    search_hint=gettext_lazy("title, number or body"),
)


def kept(request: HttpRequest) -> AgreementQuerySet:
    me, day = access.signed_in(request), clock.today()
    return TransferAgreement.objects.kept_by(me, day)


@access.page(rights.AGREEMENTS)
def index(request: HttpRequest) -> HttpResponse:
    """The agreements of the own institution or place."""
    return lists.answer(request, LISTING, kept(request), "console/agreements.html")


@access.page(rights.AGREEMENTS)
def new(request: HttpRequest) -> HttpResponse:
    """Draft an agreement between two bodies."""
    form = shown.DraftForm(request.POST or None, initial={"request_key": f"page:{uuid.uuid4()}"})
    if form.is_bound and form.is_valid():
        names = ("request_key", "code", "giving", "receiving")
        given = {name: form.cleaned_data[name] for name in names}
        try:
            made = agreements.draft(
                by=access.signed_in(request), text=form.agreed(), at=clock.now(), **given
            )
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-agreement", made.pk)
    return _form(request, form, None)


@access.page(rights.AGREEMENTS)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the text of a draft."""
    row = get_object_or_404(kept(request), pk=pk)
    names = shown.TextForm.base_fields
    form = shown.TextForm(request.POST or None, initial={n: getattr(row, n) for n in names})
    if form.is_bound and form.is_valid():
        me = access.signed_in(request)
        try:
            agreements.amend(agreement=row, by=me, text=form.agreed(), at=clock.now())
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-agreement", pk)
    return _form(request, form, row)


def _form(request: HttpRequest, form: Form, row: TransferAgreement | None) -> HttpResponse:
    context = {"form": form, "agreement": row}
    status = 422 if form.errors else 200
    return render(request, "console/agreement_form.html", context, status=status)


@access.page(rights.AGREEMENTS)
def agreement(request: HttpRequest, pk: int) -> HttpResponse:
    """One agreement: its text, its signatures, what can be done next."""
    return _page(request, pk)


def _page(
    request: HttpRequest, pk: int, *, why: errors.Refusal | None = None, bound: Form | None = None
) -> HttpResponse:
    row = get_object_or_404(kept(request), pk=pk)
    day = clock.today()
    forms = shown.signing(row, access.signed_in(request), day)
    context: dict[str, Any] = {
        "agreement": row,
        "standing": shown.standing(row),
        "level": shown.level(row),
        "text_hash": agreements.text_hash(row),
        "signing": bothsides.signing(forms, bound),
        "notice": bound if isinstance(bound, shown.NoticeForm) else shown.NoticeForm(),
        "may_end": row.signed_giving and row.signed_receiving and row.ended_at is None,
        "signatures": row.signatures.select_related("person").order_by("revision", "pk"),
        "steps": [
            (shown.VERBS[each.verb], each)
            for each in row.steps.select_related("actor").order_by("number")
        ],
        "rules": row.rules.select_related("programme").order_by("code"),
        "refusal": why,
    }
    status = bothsides.status(why, bound)
    return render(request, "console/agreement.html", context, status=status)


ACTIONS = bothsides.Actions(kept, _page, "console-agreement")


@require_POST
@access.page(rights.AGREEMENTS)
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the text forward for signature."""
    return ACTIONS.do(request, pk, agreements.offer)


@require_POST
@access.page(rights.AGREEMENTS)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return an offered text for a change."""
    return ACTIONS.send_back(request, pk, agreements.return_for_change)


@require_POST
@access.page(rights.AGREEMENTS)
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for one side."""
    return ACTIONS.sign(request, pk, agreements.sign)


@require_POST
@access.page(rights.AGREEMENTS)
def give_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """End an agreement that stands."""
    return ACTIONS.filled(request, pk, shown.NoticeForm(request.POST), agreements.give_notice)


ONE = "console/agreements/<int:pk>/"
urlpatterns = [
    path("console/agreements/", index, name="console-agreements"),
    path("console/agreements/new/", new, name="console-agreement-new"),
    path(ONE, agreement, name="console-agreement"),
    path(f"{ONE}edit/", edit, name="console-agreement-edit"),
    path(f"{ONE}offer/", offer, name="console-agreement-offer"),
    path(f"{ONE}return/", send_back, name="console-agreement-return"),
    path(f"{ONE}sign/", sign, name="console-agreement-sign"),
    path(f"{ONE}notice/", give_notice, name="console-agreement-notice"),
]
