"""Console: erasures, from the request and its dry run to the receipt."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import readings, shown
from xueqiao.records.erasure import receipt, requests
from xueqiao.records.models import Erasure, Reading, Source, Statement
from xueqiao.records.personas import identifiers
from xueqiao.web import access, lists, refused
from xueqiao.web.templatetags.ui import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest, HttpResponse

State = Erasure.State
LEVELS = {State.ASKED: "warn", State.DONE: "ok", State.REJECTED: "bad", State.WITHDRAWN: ""}
SHOWN_ROWS = 12

ERASURES = lists.Listing(
    code="erasures",
    columns=(
        lists.Column(
            gettext_lazy("Number"),
            lambda row: f"E-{row.pk}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-erasure", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("What"), lambda row: row.get_kind_display()),
        lists.Column(gettext_lazy("Why"), lambda row: row.reason),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: LEVELS.get(row.state, "now"),
        ),
        lists.Column(gettext_lazy("Asked by"), lambda row: row.requested_by.name),
        lists.Column(gettext_lazy("Asked on"), lambda row: clock.local_date(row.requested_at)),
        lists.Column(
            gettext_lazy("Decided by"),
            lambda row: row.decided_by.name if row.decided_by else "–",
        ),
        lists.Column(
            gettext_lazy("Statements"),
            lambda row: row.done.get("statements", row.preview.get("statements", "–")),
            numeric=True,
        ),
    ),
    sorts={"number": ("-id",)},
    filters=(
        lists.of_field("state", gettext_lazy("State"), State),
        lists.of_field("kind", gettext_lazy("What"), Erasure.Kind),
    ),
    search=lambda rows, text: rows.filter(reason__icontains=text),
    search_hint=gettext_lazy("part of the reason"),
)


@access.page(rights.RECORDS_ERASE)
def erasures(request: HttpRequest) -> HttpResponse:
    """Every erasure that was asked for, newest first."""
    rows = Erasure.objects.select_related("requested_by", "decided_by")
    more = {"may_ask": may(request, rights.RECORDS_ERASE_ASK)}
    return lists.answer(request, ERASURES, rows, "console/erasures.html", more)


def may(request: HttpRequest, policy: rights.Policy) -> bool:
    return rights.allows(access.person(request), policy, clock.today())


class ErasureForm(forms.Form):
    """What is to be erased, and why. Which fields count depends on the kind."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is to be erased?"),
        choices=[each for each in Erasure.Kind.choices if each[0] != Erasure.Kind.RETENTION],
        widget=forms.RadioSelect,
        initial=Erasure.Kind.PERSON,
    )
    identifier = forms.CharField(
        label=gettext_lazy("For a person: one of the identifiers"),
        required=False,
        help_text=gettext_lazy(
            "A mailbox, its SHA-1, an OpenID address, or an account as “https://platform.example "
            "name”. All identifiers of the same persona are meant."
        ),
    )
    reach = forms.ChoiceField(
        label=gettext_lazy("How far?"),
        choices=Erasure.Reach.choices,
        widget=forms.RadioSelect,
        initial=Erasure.Reach.ACTOR,
        required=False,
    )
    ids = forms.CharField(
        label=gettext_lazy("For single statements: their ids, one a line"),
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )
    before = forms.DateField(
        label=gettext_lazy("For age: stored before this day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    source = forms.ModelChoiceField(
        label=gettext_lazy("Only of this source"),
        queryset=Source.objects.order_by("code"),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("All sources"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        help_text=gettext_lazy(
            "Who asked for it and on what ground. Without names: it stays on the receipt."
        ),
    )

    def clean_ids(self) -> list[uuid.UUID]:
        try:
            return [uuid.UUID(line) for line in self.cleaned_data["ids"].split()]
        except ValueError as why:
            raise forms.ValidationError(_("A line is no id of a statement.")) from why


@access.page(rights.RECORDS_ERASE_ASK)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for an erasure; the answer is its dry run."""
    form = ErasureForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return redirect("console-erasure", _asked(request, form.cleaned_data).pk)
            except errors.Refusal as why:
                refused.into(form, why)
    return render(request, "console/erasure_ask.html", {"form": form}, status=status)


def _asked(request: HttpRequest, given: dict[str, Any]) -> Erasure:
    common = {"reason": given["reason"], "by": access.signed_in(request), "at": clock.now()}
    if given["kind"] == Erasure.Kind.IDS:
        return requests.by_ids(ids=given["ids"], **common)
    if given["kind"] == Erasure.Kind.PERSON:
        identifier = identifiers.parse(given["identifier"])
        reach = given["reach"] or Erasure.Reach.ACTOR
        return requests.by_person(identifier=identifier, reach=reach, **common)
    if given["before"] is None:
        raise requests.NothingToErase(_("Choose a day."), pointer="before")
    before = clock.start_of(given["before"])
    return requests.by_age(stored_before=before, source=given["source"], **common)


@access.page(rights.RECORDS_ERASE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One erasure: what is asked, the dry run, where it stands, what can be done now."""
    return _page(request, _find(pk))


def _find(pk: int) -> Erasure:
    rows = Erasure.objects.select_related("requested_by", "decided_by", "source", "policy")
    return get_object_or_404(rows, pk=pk)


def _page(
    request: HttpRequest, erasure: Erasure, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    is_own = erasure.requested_by_id == access.signed_in(request).pk
    context = {
        "erasure": erasure,
        "identifiers": [
            {"text": identifiers.show(each.ifi) if each.ifi else "", "row": each}
            for each in erasure.identifiers.order_by("pk")
        ],
        "parts": _parts(erasure.done if erasure.state == State.DONE else erasure.preview),
        "way": _way(erasure),
        "waits": erasure.state == State.ASKED,
        "is_own": is_own,
        "refusal": why,
        "tried": tried,
        "kept": receipt.stays(erasure) if erasure.state == State.DONE else [],
    }
    return render(request, "console/erasure.html", context, status=why.status if why else 200)


def _parts(counts: dict[str, Any]) -> list[dict[str, Any]]:
    """Tables of counts: the most frequent first, what is left over in one number."""
    found = []
    titles = {"source": _("By source"), "verb": _("By verb"), "month": _("By month")}
    for name, title in titles.items():
        held = counts.get(name, {})
        rows = sorted(held.items(), key=lambda each: each[0 if name == "month" else 1])
        rows = rows if name == "month" else rows[::-1]
        rest = sum(n for _name, n in rows[SHOWN_ROWS:])
        found.append({"code": name, "title": title, "rows": rows[:SHOWN_ROWS], "rest": rest})
    return found


def _way(erasure: Erasure) -> list[Step]:
    asked = Step(_("Asked"), "done", erasure.requested_by.name, erasure.requested_at)
    who = erasure.decided_by.name if erasure.decided_by else _("A second person")
    if erasure.state in {State.REJECTED, State.WITHDRAWN}:
        since = erasure.decided_at or erasure.finished_at
        title = erasure.get_state_display()
        return [asked, Step(title, "stopped", who if erasure.decided_by else "", since,
                            erasure.note)]  # fmt: skip
    decided, title = ("done", _("Approved")) if erasure.decided_at else ("now", _("Approval"))
    running = {State.APPROVED: "now", State.RUNNING: "now", State.DONE: "done"}
    return [
        asked,
        Step(title, decided, who, erasure.decided_at, erasure.note),  # type: ignore[arg-type]
        Step(_("Erased in batches"), running.get(State(erasure.state), "todo"), "",  # type: ignore[arg-type]
             erasure.started_at),
        Step(_("Receipt"), "done" if erasure.state == State.DONE else "todo", "",
             erasure.finished_at),
    ]  # fmt: skip


def _move(request: HttpRequest, pk: int, name: str, verb: Callable[..., Erasure]) -> HttpResponse:
    erasure = _find(pk)
    try:
        verb(erasure=erasure, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, erasure, why, name)
    return redirect("console-erasure", pk)


@require_POST
@access.page(rights.RECORDS_ERASE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Allow an erasure that somebody else asked for."""
    note = request.POST.get("note", "")
    return _move(request, pk, "approve", partial(requests.approve, note=note))


@require_POST
@access.page(rights.RECORDS_ERASE)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse an erasure, with the reason."""
    note = request.POST.get("note", "")
    return _move(request, pk, "reject", partial(requests.reject, note=note))


@require_POST
@access.page(rights.RECORDS_ERASE_ASK)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an own request back."""
    return _move(request, pk, "withdraw", requests.withdraw)


@require_POST
@access.page(rights.RECORDS_ERASE)
def look_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Do the dry run anew."""
    del request
    erasure = _find(pk)
    if erasure.state == State.ASKED:
        requests.preview(erasure=erasure, at=clock.now())
    return redirect("console-erasure", pk)


@access.page(rights.RECORDS_ERASE)
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """The sample of a dry run, with exact texts; reading it is written down."""
    erasure = _find(pk)
    keys = [uuid.UUID(each) for each in erasure.preview.get("sample", [])]
    rows = list(Statement.objects.filter(uuid__in=keys).select_related("source").order_by("pk"))
    readings.note(
        by=access.signed_in(request), at=clock.now(), what=Reading.What.SAMPLE,
        detail={"erasure": pk}, rows=len(rows),
    )  # fmt: skip
    form = shown.Form(version="2.0.0")
    texts = [json.dumps(each, ensure_ascii=False, indent=2)
             for each in shown.statements(rows, form)]  # fmt: skip
    context = {"erasure": erasure, "rows": list(zip(rows, texts, strict=True))}
    return render(request, "console/erasure_sample.html", context)


@access.page(rights.RECORDS_ERASE)
def receipt_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt, to print."""
    erasure = get_object_or_404(Erasure, pk=pk, state=State.DONE)
    context = {
        "erasure": erasure,
        "parts": _parts(erasure.done),
        "kept": receipt.stays(erasure),
        "identifiers": erasure.identifiers.order_by("pk"),
    }
    return render(request, "console/erasure_receipt.html", context)


@access.page(rights.RECORDS_ERASE)
def receipt_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt with every digest, as JSON."""
    del request
    erasure = get_object_or_404(Erasure, pk=pk, state=State.DONE)
    answer = StreamingHttpResponse(_json(erasure), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="erasure-{pk}.json"'
    return answer  # type: ignore[return-value]


def _json(erasure: Erasure) -> Iterator[str]:
    head = json.dumps(receipt.read(erasure), ensure_ascii=False, indent=1)
    yield head[: head.rindex("}")].rstrip() + ',\n "tombstones": [\n'
    for number, digest in enumerate(receipt.digests(erasure)):
        yield f'{"," if number else ""}"{digest}"\n'
    yield "]}\n"


urlpatterns = [
    path("console/erasures/", erasures, name="console-erasures"),
    path("console/erasures/ask/", ask, name="console-erasure-ask"),
    path("console/erasures/<int:pk>/", one, name="console-erasure"),
    path("console/erasures/<int:pk>/approve/", approve, name="console-erasure-approve"),
    path("console/erasures/<int:pk>/reject/", reject, name="console-erasure-reject"),
    path("console/erasures/<int:pk>/withdraw/", withdraw, name="console-erasure-withdraw"),
    path("console/erasures/<int:pk>/look/", look_again, name="console-erasure-look"),
    path("console/erasures/<int:pk>/sample/", sample, name="console-erasure-sample"),
    path("console/erasures/<int:pk>/receipt/", receipt_page, name="console-erasure-receipt"),
    path("console/erasures/<int:pk>/receipt.json", receipt_file, name="console-erasure-file"),
]
