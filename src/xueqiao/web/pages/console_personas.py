"""Console: personas, which identifiers are one human being, and what was done under them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import parameters, query, readings, shown
from xueqiao.records.models import (
    Persona,
    PersonaMember,
    PersonaProposal,
    PersonaSheet,
    Reading,
)
from xueqiao.records.personas import identifiers, membership, proposals, reading, sheets
from xueqiao.records.personas import statements as personas
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

PAGE = 25


def _search(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    named = PersonaMember.objects.filter(persona=OuterRef("pk"), actor__ifi__icontains=text)
    return rows.filter(Q(label__icontains=text) | Exists(named))


def _members(row: Any) -> str:
    return ", ".join(
        identifiers.show(each.actor.ifi) for each in row.members.all() if not each.left_at
    )


PERSONAS = lists.Listing(
    code="personas",
    columns=(
        lists.Column(
            gettext_lazy("Persona"),
            lambda row: row.label or f"P-{row.pk}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-persona", args=[row.key]),
        ),
        lists.Column(gettext_lazy("Identifiers"), _members),
        lists.Column(gettext_lazy("How many"), lambda row: row.n, numeric=True),
        lists.Column(gettext_lazy("Since"), lambda row: clock.local_date(row.opened_at)),
        lists.Column(
            gettext_lazy("By"), lambda row: row.opened_by.name if row.opened_by else _("command")
        ),
    ),
    sorts={"number": ("-id",)},
    search=_search,
    search_hint=gettext_lazy("part of an identifier"),
)


@access.page(rights.RECORDS_PERSONAS)
def personas_list(request: HttpRequest) -> HttpResponse:
    """Personas, newest first, and what may be proposed because it is a fact."""
    now = Count("members", filter=Q(members__left_at=None))
    rows = Persona.objects.annotate(n=now).filter(n__gt=0)
    rows = rows.select_related("opened_by").prefetch_related("members__actor")
    more = {"proposals": [_pair(each) for each in proposals.waiting()[:20]]}
    return lists.answer(request, PERSONAS, rows, "console/personas.html", more)


def _pair(proposal: PersonaProposal) -> dict[str, Any]:
    pair = (proposal.mailbox.ifi, proposal.hashed.ifi)
    return {"row": proposal, "pair": [identifiers.show(each) for each in pair]}


class JoinForm(forms.Form):
    """Identifiers that are one human being, and the evidence."""

    identifiers = forms.CharField(
        label=gettext_lazy("Identifiers, one a line"),
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy(
            "A mailbox, its SHA-1, an OpenID address, or an account as “https://platform.example "
            "name”."
        ),
    )
    renamed = forms.BooleanField(
        label=gettext_lazy("The second took the place of the first: it was renamed."),
        required=False,
    )
    why = forms.CharField(
        label=gettext_lazy("On what evidence"),
        max_length=300,
        help_text=gettext_lazy("Such as a form or a confirmed sign-in; it is kept."),
    )


@access.page(rights.RECORDS_PERSONAS)
def join(request: HttpRequest) -> HttpResponse:
    """Say that identifiers are one human being, or that one replaced another."""
    form = JoinForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return redirect("console-persona", _joined(request, form.cleaned_data).key)
            except errors.Refusal as why:
                form.add_error("identifiers", str(why))
    return render(request, "console/persona_join.html", {"form": form}, status=status)


def _joined(request: HttpRequest, given: dict[str, Any]) -> Persona:
    wanted = [identifiers.parse(line) for line in given["identifiers"].splitlines() if line.strip()]
    common = {"why": given["why"], "by": access.signed_in(request), "at": clock.now()}
    if not given["renamed"]:
        return membership.join(identifiers=wanted, **common)
    if len(wanted) != 2:  # noqa: PLR2004 - the old and the new one
        raise membership.TooFew(_("A renaming has two lines: the old identifier and the new one."))
    return membership.rename(old=wanted[0], new=wanted[1], **common)


@access.page(rights.RECORDS_PERSONAS)
def persona(request: HttpRequest, key: UUID) -> HttpResponse:
    """One persona: who belongs to it now, who did, who said so and why."""
    return _page(request, get_object_or_404(Persona, key=key))


def _page(
    request: HttpRequest, found: Persona, why: errors.Refusal | None = None, tried: int = 0
) -> HttpResponse:
    rows = found.members.select_related("actor", "joined_by", "left_by", "replaces")
    told = [_told(each) for each in rows.order_by("left_at", "pk")]
    context = {
        "persona": found,
        "now": [each for each in told if each["row"].left_at is None],
        "before": [each for each in told if each["row"].left_at is not None],
        "refusal": why,
        "tried": tried,
    }
    return render(request, "console/persona.html", context, status=why.status if why else 200)


def _told(member: PersonaMember) -> dict[str, Any]:
    replaced = identifiers.show(member.replaces.ifi) if member.replaces else ""
    return {"row": member, "text": identifiers.show(member.actor.ifi), "replaced": replaced}


@require_POST
@access.page(rights.RECORDS_PERSONAS)
def split(request: HttpRequest, key: UUID, pk: int) -> HttpResponse:
    """Take an identifier out."""
    found = get_object_or_404(Persona, key=key)
    member = get_object_or_404(PersonaMember.objects.select_related("actor"), pk=pk, persona=found)
    try:
        membership.split(
            persona=found, actor=member.actor, why=request.POST.get("why", ""),
            by=access.signed_in(request), at=clock.now(),
        )  # fmt: skip
    except errors.Refusal as why:
        return _page(request, found, why, pk)
    return redirect("console-persona", key)


@access.page(rights.RECORDS_PERSONAS)
def statements(request: HttpRequest, key: UUID) -> HttpResponse:
    """What was done under any identifier of a persona; reading it is written down."""
    found = get_object_or_404(Persona, key=key)
    member = reading.members().filter(persona=found).select_related("actor").first()
    behind = (
        parameters.filters({"from": request.GET["after"]}).behind if _goes_on(request) else None
    )
    asked = query.Filters(limit=PAGE, behind=behind)
    page = personas.page(member.actor.ifi, asked) if member else query.Page([], None)
    readings.note(
        by=access.signed_in(request), at=clock.now(), what=Reading.What.PERSONA,
        detail={"persona": str(key)}, rows=len(page.rows),
    )  # fmt: skip
    texts = shown.statements(page.rows, shown.Form(version="2.0.0"))
    told = [json.dumps(each, ensure_ascii=False, indent=2) for each in texts]
    context = {
        "persona": found,
        "rows": list(zip(page.rows, texts, told, strict=True)),
        "following": parameters.token(page.following) if page.following else "",
        "is_first": behind is None,
    }
    return render(request, "console/persona_statements.html", context)


def _goes_on(request: HttpRequest) -> bool:
    """Whether the address names a place that can be read; else the start is shown."""
    try:
        return bool(parameters.filters({"from": request.GET["after"]}))
    except (KeyError, parameters.ParameterUnfit):
        return False


@require_POST
@access.page(rights.RECORDS_PERSONAS)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Join a proposed pair, or leave it apart."""
    proposal = get_object_or_404(PersonaProposal, pk=pk)
    verb = proposals.accept if request.POST.get("join") == "yes" else proposals.turn_down
    try:
        verb(proposal=proposal, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        context = {"form": JoinForm(), "refusal": why}
        return render(request, "console/persona_join.html", context, status=why.status)
    return redirect("console-personas")


@access.page(rights.RECORDS_PERSONAS)
def upload(request: HttpRequest) -> HttpResponse:
    """Hand a table over; it is looked at before anything is joined."""
    why = None
    if request.method == "POST":
        try:
            return redirect("console-persona-sheet", _uploaded(request).pk)
        except sheets.SheetUnfit as refused:
            why = refused
    context = {"refusal": why, "recent": PersonaSheet.objects.order_by("-pk")[:10]}
    return render(request, "console/persona_upload.html", context, status=422 if why else 200)


def _uploaded(request: HttpRequest) -> PersonaSheet:
    file = request.FILES.get("file")
    if file is None:
        raise sheets.SheetUnfit(_("Choose a file."))
    # One byte more than is taken says that it is too large, without reading the rest.
    data = file.read(sheets.MOST_BYTES + 1)
    who = access.signed_in(request)
    return sheets.read(name=file.name or "", data=data, by=who, at=clock.now())


@access.page(rights.RECORDS_PERSONAS)
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """What a table would join; a second step does it."""
    found, why = get_object_or_404(PersonaSheet, pk=pk), None
    if request.method == "POST":
        try:
            sheets.apply(sheet=found, by=access.signed_in(request), at=clock.now())
            return redirect("console-persona-sheet", pk)
        except errors.Refusal as refused:
            why = refused
    groups = [
        {"row": each, "shown": [(identifiers.show(i), i in each.unknown) for i in each.identifiers]}
        for each in sheets.preview(found)
    ]
    context = {"sheet": found, "groups": groups[:200], "n": len(groups), "refusal": why}
    return render(request, "console/persona_sheet.html", context, status=why.status if why else 200)


urlpatterns = [
    path("console/personas/", personas_list, name="console-personas"),
    path("console/personas/join/", join, name="console-persona-join"),
    path("console/personas/proposals/<int:pk>/", decide, name="console-persona-decide"),
    path("console/personas/tables/", upload, name="console-persona-upload"),
    path("console/personas/tables/<int:pk>/", sheet, name="console-persona-sheet"),
    path("console/personas/<uuid:key>/", persona, name="console-persona"),
    path("console/personas/<uuid:key>/statements/", statements, name="console-persona-statements"),
    path("console/personas/<uuid:key>/<int:pk>/split/", split, name="console-persona-split"),
]
