"""The sealed ledger in public: roots, keys, checking a proof; and a learner's own proofs."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from xueqiao.creditbank import queries, seals
from xueqiao.creditbank.models import LedgerSeal, SealCheck
from xueqiao.creditbank.seals import documents, keys, sealing
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, api, lists

if TYPE_CHECKING:
    from django.db.models import QuerySet

SCRIPT = "check_ledger_proof.py"


class NothingToCheck(errors.Refusal):
    """Neither a file nor a text was given."""

    code = "seals.nothing_to_check"
    status = 422


class ProofForm(forms.Form):
    """Two ways to hand a proof in; the file counts when both are filled."""

    file = forms.FileField(
        required=False,
        label=gettext_lazy("Proof file"),
        help_text=gettext_lazy("The file that was downloaded beside a credit; it ends in .json"),
        widget=forms.FileInput({"accept": ".json,application/json"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("Text of the proof"),
        help_text=gettext_lazy("From the first { to the last }"),
        widget=forms.Textarea({"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )


def numbered(rows: QuerySet[LedgerSeal], text: str) -> QuerySet[LedgerSeal]:
    """Seals by their number, or by the first digits of their root."""
    if text.isascii() and text.isdigit():
        return rows.filter(number=int(text[:18]))
    return rows.filter(root__startswith=text.lower()[:64])


LISTING = lists.Listing(
    code="seals",
    columns=(
        lists.Column(
            gettext_lazy("Seal"),
            lambda row: row.number,
            link=lambda row: reverse("seal", args=[row.number]),
            head=True,
            sort="number",
        ),
        lists.Column(
            gettext_lazy("Sealed"),
            lambda row: row.sealed_at.astimezone(clock.LOCAL).strftime("%Y-%m-%d %H:%M"),
        ),
        lists.Column(gettext_lazy("Movements"), lambda row: f"{row.size:,}", numeric=True),
        lists.Column(gettext_lazy("Root"), lambda row: f"{row.root[:16]}…"),
    ),
    sorts={"-number": ("-number",), "number": ("number",)},
    search=numbered,
    search_hint=gettext_lazy("Number, or the first digits of a root"),
)


@require_safe
@access.page(rights.PUBLIC)
def ledger(request: HttpRequest) -> HttpResponse:
    """Every signed root, newest first, with the keys that signed and what the last check found."""
    context = {
        "newest": sealing.latest(),
        "keys": [(key, keys.verifier_key(key)) for key in keys.published()],
        "check": SealCheck.objects.select_related("seal").order_by("-pk").first(),
    }
    rows = LedgerSeal.objects.all()
    return lists.answer(request, LISTING, rows, "creditbank/seals.html", context)


@require_safe
@access.page(rights.PUBLIC)
def seal(request: HttpRequest, number: int) -> HttpResponse:
    """One seal as it was published, with the one before it and the one behind it."""
    found = get_object_or_404(LedgerSeal.objects.select_related("previous"), number=number)
    following = LedgerSeal.objects.filter(previous=found).first()
    context = {"seal": found, "following": following, "newest": sealing.latest()}
    return render(request, "creditbank/seal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@access.page(rights.PUBLIC)
def check(request: HttpRequest) -> HttpResponse:
    """Check a ledger proof by file or text. Every check is a row of the answer."""
    asked = request.method == "POST"
    form = ProofForm(request.POST if asked else None, request.FILES if asked else None)
    context: dict[str, Any] = {"form": form}
    status = 200
    if asked and form.is_valid():
        try:
            context["report"] = documents.check(text=handed_in(form))
        except errors.Refusal as why:
            context["refusal"], status = why, why.status
    part = asked and bool(request.htmx)  # type: ignore[attr-defined]
    name = "creditbank/_proof_result.html" if part else "creditbank/proof_check.html"
    return render(request, name, context, status=status)


def handed_in(form: ProofForm) -> str:
    """The text of the proof.

    Raises:
        NothingToCheck: there is none.
    """
    given = form.cleaned_data
    if given.get("file"):
        raw: bytes = given["file"].read(documents.LARGEST + 1)
        return raw.decode("utf-8", "replace")
    if given.get("text", "").strip():
        return str(given["text"])
    raise NothingToCheck(_("Choose a file, or paste the text of a proof."))


@require_safe
@access.page(rights.PUBLIC)
def script(request: HttpRequest) -> HttpResponse:
    """The program that checks a proof without this site, to read and to keep."""
    del request
    text = files("xueqiao.creditbank.seals").joinpath(SCRIPT).read_text("utf-8")
    answer = HttpResponse(text, content_type="text/x-python; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{SCRIPT}"'
    return answer


@require_safe
@access.page(rights.OWN)
def lot_proof(request: HttpRequest, lot_id: int) -> HttpResponse:
    """What of one of my credits is sealed, under which root, and the file that proves it."""
    context: dict[str, Any] = {"lot": own_lot(request, lot_id), "newest": sealing.latest()}
    try:
        found = seals.of_lot(lot_id=lot_id)
        context["proof"] = {**found, "movements": [each["transfer"] for each in found["transfers"]]}
    except errors.Refusal as why:
        context["refusal"] = why
    return render(request, "creditbank/lot_proof.html", context)


@require_safe
@access.page(rights.OWN)
def lot_proof_file(request: HttpRequest, lot_id: int) -> HttpResponse:
    """The proof of one of my credits as a file."""
    lot = own_lot(request, lot_id)
    try:
        found = seals.of_lot(lot_id=lot.pk)
    except errors.Refusal as why:
        return api.problem(request, why)
    answer = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer.headers["Content-Disposition"] = f'attachment; filename="ledger-proof-{lot.pk}.json"'
    return answer


def own_lot(request: HttpRequest, lot_id: int) -> Any:
    """The lot, if it is mine."""
    mine = queries.lots(access.signed_in(request), clock.today())
    found = next((row.lot for row in mine if row.lot.pk == lot_id), None)
    if found is None:
        raise Http404
    return found


urlpatterns = [
    path("ledger/", ledger, name="ledger"),
    path("ledger/seals/<int:number>/", seal, name="seal"),
    path("ledger/check/", check, name="ledger-check"),
    path(f"ledger/{SCRIPT}", script, name="ledger-script"),
    path("account/lots/<int:lot_id>/ledger-proof/", lot_proof, name="lot-proof"),
    path("account/lots/<int:lot_id>/ledger-proof.json", lot_proof_file, name="lot-proof-file"),
]
