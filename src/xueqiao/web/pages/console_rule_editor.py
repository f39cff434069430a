"""Console: the rule editor. A new rule, its draft, a revision, the next version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from xueqiao.creditbank.models import ConversionRule, TransferAgreement
from xueqiao.creditbank.rulebook import making, steps
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, refused
from xueqiao.web.console import rule_form, rules_shown

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from xueqiao.creditbank.models import RuleVersion


@access.page(rights.RULES_EDIT)
def new(request: HttpRequest) -> HttpResponse:
    """Open a rule under an agreement; its draft is written next."""
    me = access.signed_in(request)
    form = rules_shown.RuleForm(request.POST or None, person=me)
    if form.is_bound and form.is_valid():
        try:
            made = making.open_rule(by=me, at=clock.now(), **form.cleaned_data)
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-rule-draft", made.pk)
    status = 422 if form.errors else 200
    return render(request, "console/rule_new.html", {"form": form}, status=status)


@access.page(rights.RULES_EDIT)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the next version of a rule, beginning with what the latest one says."""
    day = clock.today()
    kept = TransferAgreement.objects.kept_by(access.signed_in(request), day)
    rows = ConversionRule.objects.filter(agreement__in=kept.values("pk"))
    rule = get_object_or_404(rows.select_related("programme", "agreement"), pk=pk)
    return _editor(request, rule, rule.versions.order_by("number").last(), is_new=True)


@access.page(rights.RULES_EDIT)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Revise a version that is not published yet."""
    day = clock.today()
    rows = steps.versions_kept_by(access.signed_in(request), day)
    version = get_object_or_404(rows, pk=pk)
    return _editor(request, version.rule, version, is_new=False)


def _editor(
    request: HttpRequest, rule: ConversionRule, version: RuleVersion | None, *, is_new: bool
) -> HttpResponse:
    editor = rule_form.editor(rule.programme, version, request.POST or None)
    why = None
    if request.POST and "more" not in request.POST and editor.is_valid():
        try:
            return redirect("console-rule", _save(request, rule, version, editor, is_new).pk)
        except errors.Refusal as refusal:
            why = refusal
    context = {"editor": editor, "rule": rule, "version": version, "is_new": is_new, "refusal": why}
    wrong = request.POST and "more" not in request.POST
    return render(request, "console/rule_form.html", context, status=422 if wrong else 200)


def _save(
    request: HttpRequest, rule: ConversionRule, version: RuleVersion | None,
    editor: rule_form.Editor, is_new: bool,
) -> RuleVersion:  # fmt: skip
    me, says = access.signed_in(request), editor.says()
    if is_new or version is None:
        return making.draft(rule=rule, says=says, by=me, at=clock.now())
    return making.revise(version=version, says=says, by=me, at=clock.now())


urlpatterns = [
    path("console/rules/new/", new, name="console-rule-new"),
    path("console/rules/of/<int:pk>/", draft, name="console-rule-draft"),
    path("console/rules/<int:pk>/edit/", edit, name="console-rule-edit"),
]
