"""Console: agreements about data, from the draft to both signatures, to uses and to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, OuterRef, Prefetch, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance.models import DataEdition, EditionFile, SharedUse, SharingAgreement
from xueqiao.governance.sharing import agreements, using
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.people.bothsides import is_signed
from xueqiao.web import access, lists, refused
from xueqiao.web.api import shared as files
from xueqiao.web.console import bothsides
from xueqiao.web.console import lake_sharing as shown
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from xueqiao.governance.models.edition import EditionQuerySet
    from xueqiao.governance.models.sharing import SharingQuerySet

LISTING = lists.Listing(
    code="sharing",
    columns=(
        lists.Column(
            gettext_lazy("Agreement"),
            titled,
            head=True,
            link=lambda row: reverse("console-lake-sharing-one", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Number"), lambda row: row.code, sort="code"),
        lists.Column(gettext_lazy("Giving side"), lambda row: row.giving),
        lists.Column(gettext_lazy("Receiving side"), lambda row: row.receiving),
        lists.Column(gettext_lazy("Stands"), shown.standing, state=shown.level),
        lists.Column(gettext_lazy("Holds from"), lambda row: row.valid_from, sort="from"),
        lists.Column(gettext_lazy("Ends on"), lambda row: row.valid_to, sort="to"),
    ),
    sorts={"from": ("-valid_from", "-id"), "code": ("code",), "to": ("valid_to", "id")},
    filters=(lists.Filter("show", gettext_lazy("Show"), lambda: shown.SHOW, shown.narrowed),),
    search=lambda rows, text: rows.search(text),  # type: ignore[attr-defined]
    search_hint=gettext_lazy("title, number or body"),
)


def mine(request: HttpRequest) -> SharingQuerySet:
    return SharingAgreement.objects.seen_by(access.signed_in(request), clock.today())


@access.page(rights.LAKE_SHARE)
def index(request: HttpRequest) -> HttpResponse:
    """The agreements about data of the own institution or place."""
    return lists.answer(request, LISTING, mine(request), "console/lake/sharing.html")


@access.page(rights.LAKE_SHARE)
def new(request: HttpRequest) -> HttpResponse:
    """Draft an agreement between two bodies."""
    form, sets = shown.DraftForm(request), shown.Datasets(request)
    if form.is_bound and form.is_valid() & sets.are_valid():
        given = {name: form.cleaned_data[name] for name in shown.DraftForm.field_order}
        try:
            made = agreements.draft(
                by=access.signed_in(request), text=form.text(), datasets=sets.read(),
                at=clock.now(), **given,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-lake-sharing-one", made.pk)
    return _form(request, form, sets, None)


@access.page(rights.LAKE_SHARE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the text of a draft."""
    row = get_object_or_404(mine(request), pk=pk)
    form, sets = shown.TextForm(request, row), shown.Datasets(request, row)
    if form.is_bound and form.is_valid() & sets.are_valid():
        me, text = access.signed_in(request), form.text()
        try:
            agreements.amend(agreement=row, by=me, text=text, datasets=sets.read(), at=clock.now())
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-lake-sharing-one", pk)
    return _form(request, form, sets, row)


def _form(
    request: HttpRequest, form: Form, sets: shown.Datasets, row: SharingAgreement | None
) -> HttpResponse:
    context = {"form": form, "sets": sets.forms, "agreement": row}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/lake/sharing_form.html", context, status=status)


@access.page(rights.LAKE_SHARE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One agreement: text, data sets, signatures, files, what can be done next."""
    return _page(request, pk)


def _page(
    request: HttpRequest, pk: int, *, why: errors.Refusal | None = None, bound: Form | None = None
) -> HttpResponse:
    me, day = access.signed_in(request), clock.today()
    row: Any = get_object_or_404(_rows(request), pk=pk)
    read, is_steward = agreements.text_hash(row), row.is_steward
    forms = shown.signing(row, me, day, read=read, is_steward=is_steward)
    code = shown.standing_code(row)
    context: dict[str, Any] = {
        "agreement": row, "standing": shown.standing(row), "level": shown.level(row),
        "code": code, "text_hash": read, "is_steward": is_steward,
        "signing": bothsides.signing(forms, bound),
        "end": bound if isinstance(bound, shown.EndForm) else shown.EndForm(),
        "renew": bound if isinstance(bound, shown.RenewForm) else shown.RenewForm(),
        "may_renew": is_signed(row) and not hasattr(row, "renewed_by"),
        "may_fetch": code == "in_force" and using.may_fetch(row, me, clock.now()),
        "signatures": row.signatures.select_related("person").order_by("revision", "pk"),
        "datasets": [
            (each, next(iter(each.present), None))
            for each in row.datasets.prefetch_related(
                Prefetch("editions", _present(row), to_attr="present")
            ).order_by("code")
        ],
        "steps": row.steps.select_related("actor").order_by("number"),
        "uses": row.used, "refusal": why,
    }  # fmt: skip
    status = bothsides.status(why, bound)
    return render(request, "console/lake/sharing_one.html", context, status=status)


def _rows(request: HttpRequest) -> SharingQuerySet:
    """The own agreements, each with the number of its uses and whether one is its steward."""
    related = ("place", "ended_by", "renews", "renewed_by")
    steward = rights.within(
        access.signed_in(request), rights.LAKE_STEWARD, clock.today(), place="place"
    )
    kept = SharingAgreement.objects.filter(steward).values("pk")
    uses = SharedUse.objects.filter(agreement=OuterRef("pk")).order_by().values("agreement")
    return (
        mine(request)
        .select_related(*related)
        .annotate(
            is_steward=Case(When(pk__in=kept, then=Value(value=True)), default=Value(value=False)),
            used=Coalesce(Subquery(uses.annotate(n=Count("pk")).values("n")), 0),
        )
    )


def _present(row: SharingAgreement) -> EditionQuerySet:
    """The editions whose files are there, newest first."""
    return DataEdition.objects.kept().filter(revision=row.revision).order_by("-number")


ACTIONS = bothsides.Actions(mine, _page, "console-lake-sharing-one")


@require_POST
@access.page(rights.LAKE_STEWARD)
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the text forward for signature; as the steward of the place."""
    return ACTIONS.do(request, pk, agreements.offer)


@require_POST
@access.page(rights.LAKE_SHARE)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return an offered text for a change."""
    return ACTIONS.send_back(request, pk, agreements.return_for_change)


@require_POST
@access.page(rights.LAKE_SHARE)
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for one side."""
    return ACTIONS.sign(request, pk, agreements.sign)


@require_POST
@access.page(rights.LAKE_SHARE)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an agreement, with the reason."""
    return ACTIONS.filled(request, pk, shown.EndForm(request.POST), agreements.end)


@require_POST
@access.page(rights.LAKE_SHARE)
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft the agreement that follows a signed one."""
    return ACTIONS.filled(request, pk, shown.RenewForm(request.POST), agreements.renew)


@access.page(rights.LAKE_SHARE)
def fetch(request: HttpRequest, pk: int, dataset: str, kind: str) -> HttpResponseBase:
    """The newest file of a data set, for a person of the receiving side; written down."""
    row = get_object_or_404(mine(request), pk=pk)
    by = using.Asker(person=access.signed_in(request))
    try:
        found = using.fetch(agreement=row.code, dataset=dataset, kind=kind, by=by, at=clock.now())
    except errors.Refusal as why:
        return _page(request, pk, why=why)
    return files.answer(found, kind)


USES = lists.Listing(
    code="shared-uses",
    columns=(
        lists.Column(gettext_lazy("When"), lambda row: row.at, head=True, sort="at"),
        lists.Column(
            gettext_lazy("Who"), lambda row: row.by.name if row.by else f"{_('key')} {row.key}"
        ),
        lists.Column(gettext_lazy("Data set"), lambda row: row.edition.shared.title),
        lists.Column(gettext_lazy("Made on"), lambda row: row.edition.made_at),
        lists.Column(gettext_lazy("File"), lambda row: row.kind),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True),
    ),
    sorts={"at": ("-at", "-id")},
    filters=(lists.of_field("kind", gettext_lazy("File"), EditionFile.Kind),),
)


@access.page(rights.LAKE_SHARE)
def uses(request: HttpRequest, pk: int) -> HttpResponse:
    """Every fetch under an agreement, for both sides."""
    row = get_object_or_404(mine(request), pk=pk)
    rows = SharedUse.objects.filter(agreement=row).select_related("by", "edition__shared")
    return lists.answer(request, USES, rows, "console/lake/sharing_uses.html", {"agreement": row})


ONE = "console/lake/sharing/<int:pk>/"
urlpatterns = [
    path("console/lake/sharing/", index, name="console-lake-sharing"),
    path("console/lake/sharing/new/", new, name="console-lake-sharing-new"),
    path(ONE, one, name="console-lake-sharing-one"),
    path(f"{ONE}edit/", edit, name="console-lake-sharing-edit"),
    path(f"{ONE}offer/", offer, name="console-lake-sharing-offer"),
    path(f"{ONE}return/", send_back, name="console-lake-sharing-return"),
    path(f"{ONE}sign/", sign, name="console-lake-sharing-sign"),
    path(f"{ONE}end/", end, name="console-lake-sharing-end"),
    path(f"{ONE}renew/", renew, name="console-lake-sharing-renew"),
    path(f"{ONE}uses/", uses, name="console-lake-sharing-uses"),
    path(f"{ONE}files/<slug:dataset>/<slug:kind>/", fetch, name="console-lake-sharing-file"),
]
