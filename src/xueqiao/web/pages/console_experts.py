"""Console: the roster of experts, and the page on which a panel is convened from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import recognition, standards
from xueqiao.creditbank.models import Body, ExpertSeat, Team
from xueqiao.creditbank.recognition import panels
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.people.models import Person, RoleKind
from xueqiao.web import access, lists, refused
from xueqiao.web.pages import console_recognition as cases

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse

Rows = QuerySet[Any]


def _found(rows: Rows, text: str) -> Rows:
    wanted = Q(person__name__icontains=text) | Q(organisation__icontains=text)
    return rows.filter(wanted | Q(field__icontains=text))


def _standing(rows: Rows, which: str) -> Rows:
    held = panels.seats(clock.today()).values("pk")
    return rows.filter(pk__in=held) if which == "held" else rows.exclude(pk__in=held)


ROSTER = lists.Listing(
    code="experts",
    columns=(
        lists.Column(gettext_lazy("Name"), lambda row: row.person.name, head=True),
        lists.Column(gettext_lazy("Team"), lambda row: row.get_team_display()),
        lists.Column(gettext_lazy("Body"), lambda row: row.get_body_display()),
        lists.Column(gettext_lazy("Organisation"), lambda row: row.organisation, sort="of"),
        lists.Column(gettext_lazy("Knows about"), lambda row: row.field),
        lists.Column(gettext_lazy("Since"), lambda row: row.valid_from, sort="since"),
        lists.Column(gettext_lazy("Until"), lambda row: row.valid_to or ""),
    ),
    sorts={"since": ("valid_from", "id"), "of": ("organisation", "id")},
    filters=(
        lists.Filter("team", gettext_lazy("Team"), lambda: Team.choices,
                     lambda rows, team: rows.filter(team=team)),
        lists.Filter("body", gettext_lazy("Body"), lambda: Body.choices,
                     lambda rows, body: rows.filter(body=body)),
        lists.Filter(
            "show", gettext_lazy("Which seats"),
            lambda: [("held", gettext_lazy("held now")), ("ended", gettext_lazy("ended"))],
            _standing, "held", required=True,
        ),
    ),
    search=_found,
    search_hint=gettext_lazy("name, organisation or field"),
)  # fmt: skip


class AssessorField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Assessors by name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class SeatForm(forms.Form):
    """A seat that is to be given; only assessors can be chosen."""

    person = AssessorField(Person.objects.none(), label=gettext_lazy("Assessor"))
    team = forms.ChoiceField(choices=Team.choices, label=gettext_lazy("Team"))
    body = forms.ChoiceField(choices=Body.choices, label=gettext_lazy("Sent by a"))
    organisation = forms.CharField(
        max_length=160,
        label=gettext_lazy("Works for"),
        help_text=gettext_lazy("Conflicts of interest are checked against it"),
    )
    field = forms.CharField(max_length=80, required=False, label=gettext_lazy("Knows about"))

    def __init__(self, *args: Any, day: date, **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["person"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = assessors(day)


def assessors(day: date) -> QuerySet[Person]:
    """Persons who hold a role as an assessor and no seat yet, by name."""
    held = Q(roles__kind=RoleKind.ASSESSOR, roles__valid_from__lte=day)
    held &= Q(roles__valid_to=None) | Q(roles__valid_to__gt=day)
    rows = Person.objects.filter(held).exclude(pk__in=panels.seats(day).values("person"))
    return rows.distinct().order_by("name", "pk")


@access.page(rights.RECOGNITION_EXPERTS)
def roster(request: HttpRequest) -> HttpResponse:
    """The roster of experts, and the form that gives a seat."""
    now = clock.now()
    today = clock.local_date(now)
    form = SeatForm(request.POST or None, day=today)
    if request.method == "POST" and form.is_valid():
        try:
            made = recognition.seat(
                by=access.signed_in(request), valid_from=today, at=now, **form.cleaned_data
            )
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _("{name} has a seat now.").format(name=made.person.name))
            return redirect("console-experts")
    rows = ExpertSeat.objects.select_related("person")
    answer = lists.answer(request, ROSTER, rows, "console/experts.html", {
        "form": form,
        "seats": panels.seats(today).select_related("person").order_by("organisation", "pk")[:100],
    })  # fmt: skip
    if form.is_bound:
        answer.status_code = 422
    return answer


@require_POST
@access.page(rights.RECOGNITION_EXPERTS)
def end(request: HttpRequest) -> HttpResponse:
    """End a seat today; a panel that sits goes on."""
    now = clock.now()
    found = get_object_or_404(ExpertSeat, pk=_number(request.POST.get("seat", "")))
    try:
        recognition.end_seat(
            seat_id=found.pk, day=clock.local_date(now), by=access.signed_in(request), at=now
        )
    except errors.Refusal as why:
        messages.error(request, str(why))
    return redirect("console-experts")


@access.page(rights.RECOGNITION_SCREEN)
def convene(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the members of a case's panel; what is still missing is said."""
    application, now = cases.find(request, pk), clock.now()
    today = clock.local_date(now)
    chosen = {number for text in request.POST.getlist("seats") if (number := _number(text))}
    refusal = None
    if request.method == "POST":
        try:
            recognition.convene(
                application=application, by=access.signed_in(request), at=now,
                seat_ids=sorted(chosen),
            )  # fmt: skip
        except errors.Refusal as why:
            refusal = why
        else:
            return redirect("console-case", pk)
    seats = panels.seats(today).select_related("person").order_by("team", "person__name", "pk")
    sitting = panels.sitting(application)
    joined = sitting.members.values_list("seat_id", "left_at") if sitting else ()
    members = {seat for seat, left_at in joined if left_at is None}
    context = {
        "case": application,
        "case_address": reverse("console-case", args=[pk]),
        "teams": [
            (title, [each for each in seats if each.team == team]) for team, title in Team.choices
        ],
        "chosen": chosen | members,
        "members": members,
        "left": {seat for seat, _left_at in joined} - members,
        "rule": standards.rule(panels.RULE, today),
        "wanted": [
            (panels.WHAT[name], number)
            for name, number in standards.rule(panels.RULE, today).value.items()
            if name in panels.WHAT
        ],
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    return render(request, "console/convene.html", context, status=status)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0  # noqa: PLR2004 - digits of an id


urlpatterns = [
    path("console/experts/", roster, name="console-experts"),
    path("console/experts/end/", end, name="console-expert-end"),
    path("console/recognition/<int:pk>/convene/", convene, name="console-case-convene"),
]
