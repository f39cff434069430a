"""Console: acting for the person at the counter, from consent to the end of the visit."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import queries as creditbank
from xueqiao.creditbank import rules as bank_rules
from xueqiao.creditbank import standards
from xueqiao.creditbank.models import Application, Certificate
from xueqiao.kernel import clock, errors
from xueqiao.people import accounts, rights, rules
from xueqiao.people.models import Person
from xueqiao.service import acting, finder, merges, scans, sessions
from xueqiao.service.models import CounterSession, IdentityCheck
from xueqiao.web import access, refused
from xueqiao.web.pages import console_counter, points
from xueqiao.web.pages.creditbank import certified
from xueqiao.web.pages.recognition import ApplicationForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest

SHOWN = 20


def reachable(request: HttpRequest) -> QuerySet[Person]:
    """The people who live where the helper serves; never the helper."""
    me, today = access.signed_in(request), clock.today()
    reach = rights.within(me, rights.SERVICE_COUNTER, today, place="home_id")
    return Person.objects.filter(reach).exclude(pk=me.pk).select_related("home")


@access.page(rights.SERVICE_COUNTER)
def people(request: HttpRequest) -> HttpResponse:
    """Look the person up, by name or by the number of the learning account."""
    text = request.GET.get("q", "").strip()
    found = list(_found(request, text)[: SHOWN + 1]) if text else []
    context = {"text": text, "found": found[:SHOWN], "is_cut": len(found) > SHOWN}
    return render(request, "console/session_people.html", context)


def _found(request: HttpRequest, text: str) -> QuerySet[Person]:
    rows = reachable(request)
    if text.replace(" ", "").isdigit():
        try:
            return rows.filter(pk=merges.by_account_number(text).pk)
        except errors.Refusal:
            return rows.none()
    return rows.filter(name__contains=text).order_by("name", "pk")


class StartForm(forms.Form):
    """Why the helper acts."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=120)
    purpose = forms.CharField(
        label=gettext_lazy("What did the person come for?"), max_length=200, required=False
    )


@access.page(rights.SERVICE_COUNTER)
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin to act for somebody."""
    who, node = get_object_or_404(reachable(request), pk=pk), console_counter.must_work(request)
    form = StartForm(request.POST or None, initial={"request_key": f"session:{uuid.uuid4()}"})
    if request.method == "POST" and form.is_valid():
        try:
            made = sessions.start(
                node=node, person=who, by=access.signed_in(request), at=clock.now(),
                **form.cleaned_data,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-session", made.pk)
    status = 422 if form.errors else 200
    context = {"who": who, "form": form, "node": node}
    return render(request, "console/session_start.html", context, status=status)


class NewPersonForm(forms.Form):
    """Who has no account yet."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    identity_number = forms.CharField(
        label=gettext_lazy("Identity number"),
        max_length=18,
        help_text=gettext_lazy("18 characters; only a keyed hash of it is stored"),
    )


@access.page(rights.SERVICE_COUNTER)
def new_person(request: HttpRequest) -> HttpResponse:
    """Open an account for somebody who has none, and begin to act for them."""
    node = console_counter.must_work(request)
    form = NewPersonForm(request.POST or None, initial={"key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        number = given["identity_number"].strip().upper()
        try:
            fits = rules.identity_number_fits(number)
            made = accounts.open_account(
                key=given["key"], name=given["name"].strip(), opened_at=clock.now(),
                birth_year=rules.birth_year_of(number) if fits else None,
                sex=rules.sex_of(number) if fits else "0", home_id=node.place_id,
                identity_number=number,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-session-start", made.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "node": node}
    return render(request, "console/session_person_new.html", context, status=status)


def find(request: HttpRequest, pk: int) -> CounterSession:
    """An own session; a 404 for those of others."""
    rows = CounterSession.objects.filter(helper=access.signed_in(request))
    return get_object_or_404(rows.select_related("person__home", "node", "ticket"), pk=pk)


@access.page(rights.SERVICE_COUNTER)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """A session: consent, identity, and what can be done for the person."""
    return _page(request, find(request, pk))


def _page(
    request: HttpRequest, session: CounterSession, why: errors.Refusal | None = None,
    tried: str = "",
) -> HttpResponse:  # fmt: skip
    now, who = clock.now(), session.person
    slots = []
    if session.ended_at is None:
        node = points.find(session.node.code)
        kinds = [each.kind for each in node.services.all() if each.places]
        slots = [s for kind in kinds for s in finder.free_slots(node, kind=kind, at=now)[:SHOWN]]
    context: dict[str, Any] = {
        "session": session, "who": who, "account": creditbank.learning_account(who),
        "acts": session.acts.order_by("pk"), "checks": session.identity_checks.order_by("pk"),
        "documents": IdentityCheck.Document.choices, "refusal": why, "tried": tried,
        "applications": Application.objects.own(who).order_by("-pk")[:SHOWN],
        "lots": creditbank.lots(who, clock.local_date(now))[:SHOWN],
        "certified": certified(list(Certificate.objects.own(who))),
        "slots": slots, "has_login": accounts.has_login(who.pk),
        "request_key": f"session:{session.pk}:{uuid.uuid4()}",
        "types": ",".join(sorted(bank_rules.EVIDENCE_TYPES)),
        "may_act": session.ended_at is None and bool(session.consent_sha256),
    }  # fmt: skip
    return render(request, "console/session.html", context, status=why.status if why else 200)


def _do(request: HttpRequest, pk: int, name: str, verb: Callable[..., object]) -> HttpResponse:
    """One act in a session; a refusal comes back beside its form."""
    session = find(request, pk)
    try:
        verb(session=session, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, session, why, name)
    return redirect("console-session", pk)


def _content(request: HttpRequest, name: str, most: int) -> bytes:
    sent = request.FILES.get(name)
    # The limit is asked before the content is read into memory.
    return sent.read(most + 1) if sent else b""


@require_POST
@access.page(rights.SERVICE_COUNTER)
def consent(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the scan of the signed consent."""
    content = _content(request, "scan", scans.MOST_BYTES)
    return _do(request, pk, "scan", partial(sessions.scan_consent, content=content))


@access.page(rights.SERVICE_COUNTER)
def consent_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper to be signed, to print."""
    session = find(request, pk)
    context = {"session": session, "account": creditbank.learning_account(session.person)}
    return render(request, "console/session_consent.html", context)


@access.page(rights.SERVICE_COUNTER)
def scan(request: HttpRequest, pk: int) -> HttpResponse:
    """The scan that was kept, compared with its hash."""
    session = find(request, pk)
    try:
        content = scans.read(session.consent_sha256)
    except errors.Refusal as why:
        return _page(request, session, why, "scan")
    answer = HttpResponse(content, content_type=session.consent_type)
    answer["Content-Disposition"] = f'inline; filename="consent-{session.pk}"'
    answer["Content-Security-Policy"] = "sandbox"
    return answer


@require_POST
@access.page(rights.SERVICE_COUNTER)
def identity(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare the person with a document."""
    document = request.POST.get("document", "")
    document = document if document in IdentityCheck.Document.values else "id_card"
    number = request.POST.get("number", "")
    verb = partial(sessions.check_identity, document=document, number=number)
    return _do(request, pk, "identity", verb)


@access.page(rights.SERVICE_COUNTER)
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin an application for the person."""
    session, now = find(request, pk), clock.now()
    units = list(standards.claimable(clock.local_date(now)))
    initial = {"request_key": f"session:{session.pk}:{uuid.uuid4()}"}
    form = ApplicationForm(request.POST or None, initial=initial, units=units)
    if request.method == "POST" and form.is_valid():
        names = ("request_key", "title", "statement", "obtained", "employer", "claims")
        facts = {name: form.cleaned_data[name] for name in names}
        try:
            acting.apply(session=session, by=access.signed_in(request), at=now, **facts)
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-session", pk)
    status = 422 if form.errors else 200
    context = {"session": session, "who": session.person, "form": form}
    return render(request, "console/session_apply.html", context, status=status)


def _application(request: HttpRequest, pk: int, number: int) -> Application:
    return get_object_or_404(Application.objects.own(find(request, pk).person), pk=number)


@require_POST
@access.page(rights.SERVICE_COUNTER)
def attach(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Add a file to the person's application."""
    sent = request.FILES.get("file")
    name = sent.name if sent and sent.name else ""
    verb = partial(
        acting.attach, application=_application(request, pk, number),
        title=request.POST.get("title", "").strip()[:160] or name[:160],
        media_type=sent.content_type if sent and sent.content_type else "",
        content=_content(request, "file", bank_rules.EVIDENCE_BYTES),
    )  # fmt: skip
    return _do(request, pk, f"application-{number}", verb)


@require_POST
@access.page(rights.SERVICE_COUNTER)
def submit(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Hand the person's application in."""
    verb = partial(acting.submit, application=_application(request, pk, number))
    return _do(request, pk, f"application-{number}", verb)


@require_POST
@access.page(rights.SERVICE_COUNTER)
def certificate(request: HttpRequest, pk: int, lot_id: int) -> HttpResponse:
    """Ask for the certificate of one of the person's lots."""
    return _do(request, pk, f"lot-{lot_id}", partial(acting.ask_certificate, lot_id=lot_id))


@require_POST
@access.page(rights.SERVICE_COUNTER)
def book(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an appointment for the person at this node."""

    def verb(**who: Any) -> object:
        return acting.book(
            node=who["session"].node, kind=request.POST.get("kind", ""),
            starts_at=points.slot_of(request),
            request_key=request.POST.get("request_key", "")[:120] or str(uuid.uuid4()), **who,
        )  # fmt: skip

    return _do(request, pk, "book", verb)


@require_POST
@access.page(rights.SERVICE_COUNTER)
def login(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the person sign in by a name and a password that they type themselves."""
    given = request.POST
    verb = partial(
        acting.set_up_login, username=given.get("username", "").strip()[:60],
        password=given.get("password", ""), repeated=given.get("repeated", ""),
    )  # fmt: skip
    return _do(request, pk, "login", verb)


@require_POST
@access.page(rights.SERVICE_COUNTER)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """The visit is over."""
    session = find(request, pk)
    sessions.finish(session=session, by=access.signed_in(request), at=clock.now())
    messages.success(request, _("The session with {name} has ended.").format(
        name=session.person.name))  # fmt: skip
    return redirect("console-counter")


urlpatterns = [
    path("console/counter/people/", people, name="console-session-people"),
    path("console/counter/people/new/", new_person, name="console-session-person-new"),
    path("console/counter/people/<int:pk>/", start, name="console-session-start"),
    path("console/counter/sessions/<int:pk>/", one, name="console-session"),
    path("console/counter/sessions/<int:pk>/consent/", consent, name="console-session-consent"),
    path("console/counter/sessions/<int:pk>/paper/", consent_form, name="console-session-paper"),
    path("console/counter/sessions/<int:pk>/scan/", scan, name="console-session-scan"),
    path("console/counter/sessions/<int:pk>/identity/", identity, name="console-session-identity"),
    path("console/counter/sessions/<int:pk>/apply/", apply, name="console-session-apply"),
    path(
        "console/counter/sessions/<int:pk>/apply/<int:number>/evidence/",
        attach,
        name="console-session-attach",
    ),
    path(
        "console/counter/sessions/<int:pk>/apply/<int:number>/submit/",
        submit,
        name="console-session-submit",
    ),
    path(
        "console/counter/sessions/<int:pk>/certificate/<int:lot_id>/",
        certificate,
        name="console-session-certificate",
    ),
    path("console/counter/sessions/<int:pk>/book/", book, name="console-session-book"),
    path("console/counter/sessions/<int:pk>/login/", login, name="console-session-login"),
    path("console/counter/sessions/<int:pk>/end/", end, name="console-session-end"),
]
