"""The credit bank for a learner: what can be recognised, an application from draft to decision."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from xueqiao.creditbank import evidence, matching, queries, recognition, rules, standards
from xueqiao.creditbank.models import Application, Unit
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.templatetags.ui import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State = Application.State
# The road of an application, with who has it while it stands there.
ROAD = [
    (State.DRAFT, gettext_lazy("You")),
    (State.SUBMITTED, gettext_lazy("Service point")),
    (State.ACCEPTED, gettext_lazy("An assessor")),
    (State.ASSESSING, gettext_lazy("An assessor")),
    (State.PUBLIC_NOTICE, gettext_lazy("Province, deciding")),
    (State.POSTED, gettext_lazy("Your account")),
]
STANDS_AT = {
    State.RETURNED: State.DRAFT,
    State.PROPOSED: State.PUBLIC_NOTICE,
    State.APPROVED: State.POSTED,
}
STOPPED = {State.REJECTED, State.WITHDRAWN}


class ApplicationForm(forms.Form):
    """What was learnt, when, how, and for which units recognition is asked."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    title = forms.CharField(
        label=gettext_lazy("What have you learnt?"),
        max_length=200,
        help_text=gettext_lazy(
            "In your own words, such as: ten years of caring for elders at home"
        ),
    )
    statement = forms.CharField(
        label=gettext_lazy("How and where did you learn it?"),
        required=False,
        widget=forms.Textarea({"rows": 5}),
    )
    obtained = forms.DateField(
        label=gettext_lazy("When was this learning complete?"),
        widget=forms.DateInput({"type": "date"}),
    )
    employer = forms.CharField(
        label=gettext_lazy("Your employer then"),
        required=False,
        max_length=160,
        help_text=gettext_lazy("So that nobody of the same employer assesses it"),
    )

    def __init__(self, *args: Any, units: list[Unit], **options: Any) -> None:
        super().__init__(*args, **options)
        self.units = units
        for unit in units:
            self.fields[f"unit_{unit.pk}"] = forms.BooleanField(
                label=title_of(unit), required=False
            )
            self.fields[f"credits_{unit.pk}"] = forms.CharField(
                label=_("Credits asked for"),
                required=False,
                max_length=12,
                initial=credit.show(unit.credit_hundredths),
                widget=forms.TextInput({"inputmode": "decimal", "size": 6}),
            )

    def rows(self) -> list[tuple[Unit, forms.BoundField, forms.BoundField]]:
        """Each unit with its tick and its amount."""
        return [(unit, self[f"unit_{unit.pk}"], self[f"credits_{unit.pk}"]) for unit in self.units]

    def clean(self) -> dict[str, Any]:
        """Amounts become hundredths; at least one unit is ticked."""
        given, claims = super().clean() or {}, []
        for unit in self.units:
            if not given.get(f"unit_{unit.pk}"):
                continue
            try:
                amount = credit.parse(
                    given.get(f"credits_{unit.pk}") or credit.show(unit.credit_hundredths)
                )
            except ValueError:
                self.add_error(
                    f"credits_{unit.pk}",
                    _("Write a number with at most two decimals, such as 1.5."),
                )
            else:
                claims.append(recognition.Claim(unit.pk, amount))
        if not claims and not self.errors:
            self.add_error(None, _("Tick at least one unit that fits what you have learnt."))
        return {**given, "claims": claims}


def title_of(unit: Any) -> str:
    """A title in the reader's language."""
    return str(unit.title_en if get_language() == "en" else unit.title_zh)


@access.page(rights.OWN)
def bank(request: HttpRequest) -> HttpResponse:
    """Where a learner's applications and conversions stand, and what can be asked for."""
    me, today = access.signed_in(request), clock.local_date(clock.now())
    context = {
        "applications": list(Application.objects.own(me).order_by("-created_at", "-pk")),
        "conversions": queries.conversions(me),
        "rules": [matching.applicable(each) for each in matching.versions_in_force(today)],
    }
    return render(request, "creditbank/bank.html", context)


@access.page(rights.OWN)
def apply(request: HttpRequest) -> HttpResponse:
    """Begin an application; refused, it keeps what was typed."""
    me, now = access.signed_in(request), clock.now()
    units = list(standards.claimable(clock.local_date(now)))
    if request.method != "POST":
        form = ApplicationForm(initial={"request_key": f"page:{uuid.uuid4()}"}, units=units)
        return render(request, "creditbank/apply.html", {"form": form})
    form = ApplicationForm(request.POST, units=units)
    if not form.is_valid():
        return render(request, "creditbank/apply.html", {"form": form}, status=422)
    facts = {
        name: form.cleaned_data[name]
        for name in ("request_key", "title", "statement", "obtained", "employer", "claims")
    }
    try:
        made = recognition.apply(applicant=me, by=me, at=now, **facts)
    except errors.Refusal as why:
        form.add_error(None, str(why))
        return render(request, "creditbank/apply.html", {"form": form}, status=why.status)
    return redirect("application", made.pk)


@access.page(rights.OWN)
def application_page(request: HttpRequest, application_id: int) -> HttpResponse:
    """Where an application stands, with its evidence."""
    return show(request, own(request, application_id))


@access.page(rights.OWN)
def attach(request: HttpRequest, application_id: int) -> HttpResponse:
    """Add a file of evidence to a draft."""
    sent = request.FILES.get("file")

    def work(application: Application) -> None:
        if sent is None:
            raise evidence.NotAccepted(_("Choose a file first."), pointer="evidence")
        # The limit is asked before the content is read into memory.
        content = sent.read(rules.EVIDENCE_BYTES + 1)
        evidence.attach(
            application=application,
            title=request.POST.get("title", "").strip()[:160] or (sent.name or "")[:160],
            media_type=sent.content_type or "",
            content=content,
            at=clock.now(),
        )

    return change(request, application_id, work)


@access.page(rights.OWN)
def submit(request: HttpRequest, application_id: int) -> HttpResponse:
    """Hand the application in."""
    me = access.signed_in(request)
    return change(
        request,
        application_id,
        lambda it: recognition.submit(application=it, by=me, at=clock.now()),
    )


@access.page(rights.OWN)
def withdraw(request: HttpRequest, application_id: int) -> HttpResponse:
    """Take the application back."""
    me = access.signed_in(request)
    return change(
        request,
        application_id,
        lambda it: recognition.withdraw(application=it, by=me, at=clock.now()),
    )


def own(request: HttpRequest, application_id: int) -> Application:
    rows = Application.objects.own(access.signed_in(request)).select_related("institution", "place")
    return get_object_or_404(rows, pk=application_id)


def change(
    request: HttpRequest, application_id: int, work: Callable[[Application], object]
) -> HttpResponse:
    """Call one verb for a press of a button; back to the page, or the page with the refusal."""
    application = own(request, application_id)
    if request.method == "POST":
        try:
            work(application)
        except errors.Refusal as why:
            return show(request, application, why)
    return redirect("application", application_id)


def show(
    request: HttpRequest, application: Application, why: errors.Refusal | None = None
) -> HttpResponse:
    context = {
        "application": application,
        "steps": road(application),
        "items": application.items.select_related("unit__level"),
        "files": application.evidence.order_by("pk"),
        "may_change": application.state in evidence.OPEN_STATES,
        "may_withdraw": rules.may_move("withdraw", application.state),
        "refusal": why,
        "types": ",".join(sorted(rules.EVIDENCE_TYPES)),
        "most_megabytes": rules.EVIDENCE_BYTES // (1024 * 1024),
    }
    return render(
        request, "creditbank/application.html", context, status=why.status if why else 200
    )


def road(application: Application) -> list[Step]:
    """What was done, by whom and when; who has it now; what is still to come."""
    rows = application.steps.select_related("actor").order_by("number")
    done = [
        Step(
            row.get_to_state_display(),
            "stopped" if row.to_state in STOPPED else "done",
            row.actor.name,
            row.at,
            row.note,
        )
        for row in rows
    ]
    if application.state in STOPPED or application.state == State.POSTED:
        return done
    at = STANDS_AT.get(State(application.state), State(application.state))
    places = [state for state, _who in ROAD]
    here = places.index(at)
    now = done.pop()
    who = str(ROAD[here][1])
    current = Step(now.title, "now", _("now with: {who}").format(who=who), now.since, now.note)
    return [*done, current, *(Step(str(state.label), "todo") for state in places[here + 1 :])]


urlpatterns = [
    path("bank/", bank, name="bank"),
    path("bank/apply/", apply, name="apply"),
    path("bank/applications/<int:application_id>/", application_page, name="application"),
    path("bank/applications/<int:application_id>/evidence/", attach, name="application-evidence"),
    path("bank/applications/<int:application_id>/submit/", submit, name="application-submit"),
    path("bank/applications/<int:application_id>/withdraw/", withdraw, name="application-withdraw"),
]
