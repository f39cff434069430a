"""Published rules for everybody: each as a sentence, its versions, how often it is accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from xueqiao.creditbank import matching
from xueqiao.creditbank.models import ConversionRule, RuleVersion
from xueqiao.creditbank.rulebook import acceptance, texts
from xueqiao.kernel import clock, paging
from xueqiao.people import rights
from xueqiao.web import access, exports

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse

SHOWN = 20
PUBLISHED = ("published", "superseded", "suspended", "retired")


@access.page(rights.PUBLIC)
def index(request: HttpRequest) -> HttpResponse:
    """The rules in force today, each in a sentence, found by words."""
    rows, text = matching.versions_in_force(clock.today()), request.GET.get("q", "").strip()
    if text:
        asked = Q()
        for name in ("title_zh", "title_en", "code", "programme__title_zh", "programme__title_en"):
            asked |= Q(**{f"rule__{name}__icontains": text})
        rows = rows.filter(asked)
    after = request.GET.get("after", "")
    page = paging.page(rows, order=("rule__code", "pk"), after=after, size=SHOWN)
    said = texts.sentences(page.rows, texts.reading())
    context = {
        "rules": [(row, said[row.pk]) for row in page.rows],
        "page": page,
        "text": text,
        "count": rows.count(),
    }
    return render(request, "creditbank/rules.html", context)


@access.page(rights.PUBLIC)
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """One rule: what it says today, every published version, how often it was accepted."""
    rows = ConversionRule.objects.select_related("agreement", "programme__level")
    found = get_object_or_404(rows, code=code)
    related = ("rule__programme__level", "rule__programme__institution", "rule__agreement")
    versions = list(
        RuleVersion.objects.filter(rule=found, state__in=PUBLISHED)
        .select_related(*related)
        .prefetch_related("rule__programme__groups", "signatures")
        .order_by("-number")
    )
    if not versions:
        raise Http404(code)
    holding = set(
        matching.versions_in_force(clock.today()).filter(rule=found).values_list("pk", flat=True)
    )
    said = texts.sentences(versions, texts.reading())
    context = {
        "rule": found,
        "versions": [(row, said[row.pk], row.pk in holding) for row in versions],
        "rate": acceptance.of_rule(code),
    }
    return render(request, "creditbank/rule.html", context)


@access.page(rights.PUBLIC)
def rates(request: HttpRequest) -> HttpResponse:
    """Acceptance rates of every receiving body and rule over some days, as a table or a file."""
    until = _day(request.GET.get("until", ""), clock.today())
    since = _day(request.GET.get("since", ""), until - timedelta(days=365))
    by_rule = acceptance.by_rule(since, until)
    kind = request.GET.get("download")
    if kind in exports.KINDS:
        names = ("code", "asked", "accepted", "refused", "timed_out", "withdrawn", "percent")
        head = [_("Rule"), _("Asked"), _("Accepted"), _("Refused"), _("Not answered in time"),
                _("Taken back"), "%"]  # fmt: skip
        body = ([getattr(rate, name) for name in names] for rate in by_rule)
        return exports.answer(kind, "acceptance", head, body)
    context = {
        "tables": [
            (_("By receiving body"), "body", acceptance.by_institution(since, until)),
            (_("By rule"), "rule", by_rule),
        ],
        "since": since,
        "until": until,
    }
    return render(request, "creditbank/acceptance.html", context)


def _day(text: str, otherwise: date) -> date:
    try:
        return parse_date(text) or otherwise
    except ValueError:
        return otherwise


urlpatterns = [
    path("bank/rules/", index, name="rules"),
    path("bank/rules/acceptance/", rates, name="acceptance"),
    path("bank/rules/<str:code>/", rule, name="rule"),
]
