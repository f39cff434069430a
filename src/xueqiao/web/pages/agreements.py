"""Published agreements: what two bodies have signed about credit, for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import matching
from xueqiao.creditbank.models import TransferAgreement
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.console import agreements as shown
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


LISTING = lists.Listing(
    code="agreements",
    columns=(
        lists.Column(
            gettext_lazy("Agreement"),
            titled,
            head=True,
            link=lambda row: reverse("agreement", args=[row.code]),
        ),
        lists.Column(gettext_lazy("Giving side"), lambda row: row.giving, sort="giving"),
        lists.Column(gettext_lazy("Receiving side"), lambda row: row.receiving, sort="receiving"),
        lists.Column(gettext_lazy("Stands"), shown.standing, state=shown.level),
        lists.Column(gettext_lazy("Holds from"), lambda row: row.valid_from, sort="from"),
        lists.Column(gettext_lazy("Data"), lambda row: _("sample") if row.is_sample else "–"),
    ),
    sorts={
        "from": ("-valid_from", "-id"),
        "giving": ("giving", "id"),
        "receiving": ("receiving", "id"),
    },
    filters=(
        lists.Filter(
            "show",
            gettext_lazy("Show"),
            lambda: [("now", _("In force today")), ("past", _("Ended"))],
            shown.narrowed,
        ),
    ),
    search=shown.found,
    search_hint=gettext_lazy("title, number or body"),
)


@access.page(rights.PUBLIC)
def index(request: HttpRequest) -> HttpResponse:
    """Every agreement that both sides have signed."""
    rows = TransferAgreement.objects.public()
    return lists.answer(request, LISTING, rows, "creditbank/agreements.html")


@access.page(rights.PUBLIC)
def agreement(request: HttpRequest, code: str) -> HttpResponse:
    """One agreement: its terms, who signed it, the rules in force under it."""
    row = get_object_or_404(TransferAgreement.objects.public(), code=code)
    context = {
        "agreement": row,
        "standing": shown.standing(row),
        "level": shown.level(row),
        "signatures": row.signatures.filter(revision=row.revision).order_by("side"),
        "notice": row.steps.filter(verb="give_notice").first(),
        "versions": matching.versions_in_force(clock.today()).filter(rule__agreement=row),
    }
    return render(request, "creditbank/agreement.html", context)


urlpatterns = [
    path("bank/agreements/", index, name="agreements"),
    path("bank/agreements/<str:code>/", agreement, name="agreement"),
]
