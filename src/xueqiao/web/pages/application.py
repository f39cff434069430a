"""A learner's application: its files, certificates and work, each step, handing in, appeal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import deadlines, evidence, recognition, rules, standards
from xueqiao.creditbank.models import Application, Unit
from xueqiao.creditbank.recognition import appeals, work
from xueqiao.creditbank.rules import recognition as case_rules
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, refused, road
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State = Application.State
DAY = forms.DateInput({"type": "date"}, "%Y-%m-%d")
FILES_AT_ONCE = 10


class UnitsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Units, named in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        return titled(obj)


class CertificateForm(forms.Form):
    """What is printed on a certificate, its picture, and the units it shows."""

    title = forms.CharField(
        max_length=160,
        label=gettext_lazy("Certificate"),
        help_text=gettext_lazy("As printed on it"),
    )
    kind = forms.ChoiceField(
        choices=[("", gettext_lazy("another certificate")), ("1+X", "1+X")],
        required=False,
        label=gettext_lazy("Scheme"),
    )
    level = forms.CharField(max_length=40, required=False, label=gettext_lazy("Level on it"))
    issuer = forms.CharField(max_length=160, label=gettext_lazy("Issued by"))
    number = forms.CharField(max_length=120, label=gettext_lazy("Number of the certificate"))
    result = forms.CharField(max_length=40, required=False, label=gettext_lazy("Score or grade"))
    obtained = forms.DateField(label=gettext_lazy("Issued on"), widget=DAY)
    expires = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=DAY,
        help_text=gettext_lazy("The first day it no longer holds; empty if it does not end"),
    )
    file = forms.FileField(
        label=gettext_lazy("Photo or scan"),
        widget=forms.FileInput({"accept": ",".join(sorted(rules.EVIDENCE_TYPES))}),
    )
    units = UnitsField(
        Unit.objects.none(),
        label=gettext_lazy("What it shows"),
        widget=forms.CheckboxSelectMultiple,
    )

    prefix = "certificate"

    def __init__(self, *args: Any, units: list[Unit], **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["units"]
        assert isinstance(choice, forms.ModelMultipleChoiceField)
        choice.queryset = Unit.objects.filter(pk__in=[each.pk for each in units]).order_by("code")


class WorkForm(forms.Form):
    """A period of work: as what, for whom, from when to when, how many hours."""

    occupation = forms.ChoiceField(label=gettext_lazy("Work in"))
    employer = forms.CharField(
        max_length=160,
        label=gettext_lazy("Worked for"),
        help_text=gettext_lazy("Your own business or farm counts too: write its name"),
    )
    post = forms.CharField(max_length=120, required=False, label=gettext_lazy("As"))
    began = forms.DateField(label=gettext_lazy("First day"), widget=DAY)
    ended = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=DAY,
        help_text=gettext_lazy("Empty if you still work there"),
    )
    weekly_hours = forms.IntegerField(
        min_value=1, max_value=84, initial=40, label=gettext_lazy("Hours in a usual week")
    )

    prefix = "work"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["occupation"]
        assert isinstance(choice, forms.ChoiceField)
        tables = work.tables(clock.today())
        choice.choices = [(each.code.removeprefix(work.PREFIX), titled(each)) for each in tables]


@access.page(rights.OWN)
def application_page(request: HttpRequest, application_id: int) -> HttpResponse:
    """Where an application stands, with its evidence."""
    return show(request, own(request, application_id))


@access.page(rights.OWN)
def attach(request: HttpRequest, application_id: int) -> HttpResponse:
    """Add files of evidence to a draft: several photos at once."""
    sent = request.FILES.getlist("file")[:FILES_AT_ONCE]
    title = request.POST.get("title", "").strip()[:160]

    def add(application: Application) -> None:
        if not sent:
            raise evidence.NotAccepted(_("Choose a file first."), pointer="evidence")
        for each in sent:
            evidence.attach(
                application=application,
                title=title or (each.name or "")[:160],
                media_type=each.content_type or "",
                # The limit is asked before the content is read into memory.
                content=each.read(rules.EVIDENCE_BYTES + 1),
                at=clock.now(),
            )

    return change(request, application_id, add)


@access.page(rights.OWN)
def drop_claim(request: HttpRequest, application_id: int, item_id: int) -> HttpResponse:
    """Ask no more for a unit of a draft."""
    me = access.signed_in(request)

    def drop(application: Application) -> None:
        found = get_object_or_404(application.items, pk=item_id)
        recognition.drop_claim(item=found, by=me, at=clock.now())

    return change(request, application_id, drop)


@access.page(rights.OWN)
def add_certificate(request: HttpRequest, application_id: int) -> HttpResponse:
    """Put a certificate behind a draft."""
    application, now = own(request, application_id), clock.now()
    units = list(standards.claimable(clock.local_date(now)))
    form = CertificateForm(request.POST or None, request.FILES or None, units=units)
    if form.is_valid():
        facts = dict(form.cleaned_data)
        sent, shown = facts.pop("file"), facts.pop("units")
        try:
            recognition.add_certificate(
                application=application, by=access.signed_in(request), at=now,
                unit_ids=[each.pk for each in shown], media_type=sent.content_type or "",
                content=sent.read(rules.EVIDENCE_BYTES + 1), **facts,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
            return show(request, application, certificate_form=form, status=why.status)
        return redirect("application", application_id)
    if request.method == "POST":
        return show(request, application, certificate_form=form, status=422)
    return redirect("application", application_id)


@access.page(rights.OWN)
def drop_certificate(
    request: HttpRequest, application_id: int, certificate_id: int
) -> HttpResponse:
    """Take a certificate out of a draft."""
    me = access.signed_in(request)

    def drop(application: Application) -> None:
        found = get_object_or_404(application.certificates, pk=certificate_id)
        recognition.drop_certificate(certificate=found, by=me, at=clock.now())

    return change(request, application_id, drop)


@access.page(rights.OWN)
def add_work(request: HttpRequest, application_id: int) -> HttpResponse:
    """Put a period of work behind a draft."""
    application = own(request, application_id)
    form = WorkForm(request.POST or None)
    if form.is_valid():
        try:
            recognition.add_work(
                application=application, by=access.signed_in(request), at=clock.now(),
                **form.cleaned_data,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
            return show(request, application, work_form=form, status=why.status)
        return redirect("application", application_id)
    if request.method == "POST":
        return show(request, application, work_form=form, status=422)
    return redirect("application", application_id)


@access.page(rights.OWN)
def drop_work(request: HttpRequest, application_id: int, period_id: int) -> HttpResponse:
    """Take a period of work out of a draft."""
    me = access.signed_in(request)

    def drop(application: Application) -> None:
        found = get_object_or_404(application.work_periods, pk=period_id)
        recognition.drop_work(period=found, by=me, at=clock.now())

    return change(request, application_id, drop)


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


@access.page(rights.OWN)
def appeal(request: HttpRequest, application_id: int) -> HttpResponse:
    """Appeal against the decision."""
    me, grounds = access.signed_in(request), request.POST.get("grounds", "")
    return change(
        request,
        application_id,
        lambda it: recognition.appeal(application=it, by=me, at=clock.now(), grounds=grounds),
    )


def own(request: HttpRequest, application_id: int) -> Application:
    """One of the reader's own applications, or not found."""
    rows = Application.objects.own(access.signed_in(request))
    return get_object_or_404(
        rows.select_related("institution", "place", "holder"), pk=application_id
    )


def change(
    request: HttpRequest, application_id: int, act: Callable[[Application], object]
) -> HttpResponse:
    """Call one verb for a press of a button; back to the page, or the page with the refusal."""
    application = own(request, application_id)
    if request.method == "POST":
        try:
            act(application)
        except errors.Refusal as why:
            return show(request, own(request, application_id), why=why, status=why.status)
    return redirect("application", application_id)


def show(
    request: HttpRequest,
    application: Application,
    *,
    why: errors.Refusal | None = None,
    certificate_form: CertificateForm | None = None,
    work_form: WorkForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of an application; a draft with the forms that add to it."""
    today = clock.today()
    may_change = application.state in evidence.OPEN_STATES
    context = {
        "application": application,
        "steps": road.of(application),
        "items": list(application.items.select_related("unit__level", "certificate")),
        "files": application.evidence.order_by("pk"),
        "certificates": list(application.certificates.order_by("pk")),
        "work": list(application.work_periods.order_by("began")),
        "worth": work.worth(application, today),
        "may_change": may_change,
        "may_withdraw": case_rules.may_move("withdraw", application.state),
        "appeal_until": _appeal_until(application),
        "refusal": why,
        "types": ",".join(sorted(rules.EVIDENCE_TYPES)),
        "most_megabytes": rules.EVIDENCE_BYTES // (1024 * 1024),
    }
    if may_change:
        units = list(standards.claimable(today))
        context["certificate_form"] = certificate_form or CertificateForm(units=units)
        context["work_form"] = work_form or WorkForm()
    return render(request, "creditbank/application.html", context, status=status)


def _appeal_until(application: Application) -> Any:
    """The last day for an appeal; None where none is possible."""
    if not case_rules.may_move("appeal", application.state) or not appeals.given_less(application):
        return None
    decided = clock.local_date(application.state_since)
    until = deadlines.appeal_until(decided)
    return until if until and until >= clock.today() else None


ONE = "bank/applications/<int:application_id>"
urlpatterns = [
    path(f"{ONE}/", application_page, name="application"),
    path(f"{ONE}/evidence/", attach, name="application-evidence"),
    path(f"{ONE}/units/<int:item_id>/drop/", drop_claim, name="application-claim-drop"),
    path(f"{ONE}/certificates/", add_certificate, name="application-certificate"),
    path(
        f"{ONE}/certificates/<int:certificate_id>/drop/",
        drop_certificate,
        name="application-certificate-drop",
    ),
    path(f"{ONE}/work/", add_work, name="application-work"),
    path(f"{ONE}/work/<int:period_id>/drop/", drop_work, name="application-work-drop"),
    path(f"{ONE}/submit/", submit, name="application-submit"),
    path(f"{ONE}/withdraw/", withdraw, name="application-withdraw"),
    path(f"{ONE}/appeal/", appeal, name="application-appeal"),
]
