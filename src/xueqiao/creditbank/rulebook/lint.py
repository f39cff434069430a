"""The checks of ``rules_lint`` on the rules that are stored, and what they found in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank import matching, rules
from xueqiao.creditbank.models import RuleVersion, SourceKind, Unit
from xueqiao.creditbank.rulebook import rules_lint
from xueqiao.kernel import credit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from django.db.models import QuerySet

    from xueqiao.creditbank.rulebook.rules_lint import Finding

WORDS = {
    "gaining_cycle": _(
        "Applied one after another, these rules make more credit than goes in: {rules}. Lower a "
        "ratio, or let one of them take no converted credit."
    ),
    "needs_priority": _(
        "{rules} take the same credit into the same programme and give different amounts. Give one "
        "of them a higher priority."
    ),
    "overlap": _("Some credit fits both: {rules}. The planner takes what gives the learner more."),
    "unreachable": _(
        "No credit can meet this: unit, level, field or kind exclude each other. Widen the pattern."
    ),
    "unknown_unit": _("There is no unit {unit}. Choose one of the published units."),
    "retired_unit": _("The unit {unit} is retired. Take it out, or name the one in its place."),
    "cap_too_low": _(
        "At most {allowed} credits are allowed, and the least that the rule gives is {least}. "
        "Raise the limit."
    ),
}


def findings(version: RuleVersion) -> list[Finding]:
    """Everything that the checks say of a version beside the rules that hold when it begins."""
    others = [_rule(each) for each in holding(version.valid_from).exclude(rule=version.rule_id)]
    mine = _rule(version)
    codes = {code for pattern in mine.body.sources for code in pattern.units}
    return rules_lint.check(mine, others, _units(codes, version.valid_from))


def holding(day: date) -> QuerySet[RuleVersion]:
    """Published versions that hold on a day or from a later one on."""
    rows = RuleVersion.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=day), state=RuleVersion.State.PUBLISHED
    )
    related = ("rule__programme__level", "rule__programme__institution")
    return rows.select_related(*related).prefetch_related("rule__programme__groups")


def gaining_in_force(day: date) -> list[str] | None:
    """The law of the rulebook: a circle of rules in force that gains credit, or None."""
    return rules_lint.gaining_cycle([_rule(each) for each in matching.versions_in_force(day)])


def describe(finding: Finding) -> str:
    """A finding as a sentence that says what to do."""
    shown = {
        name: credit.show(int(value)) if name in {"allowed", "least"} else value
        for name, value in finding.values.items()
    }
    return str(WORDS[finding.code]).format(rules=" → ".join(finding.rules), **shown)


def _rule(version: RuleVersion) -> rules_lint.Rule:
    read = matching.applicable(version)
    programme = version.rule.programme
    institution = programme.institution.code if programme.institution else ""
    made = tuple(
        rules.LotFacts(
            unit_code="", source_kind=SourceKind.CONVERTED.value,
            field=target.field or programme.code, level=programme.level.number,
            obtained=rules_lint.SOME_DAY, valid_to=None, hops=1, is_active=True, issuer=institution,
        )
        for target in read.targets
    )  # fmt: skip
    return rules_lint.Rule(
        code=version.rule.code, programme=programme.code, body=read.body,
        destination=read.destination, worth=read.worth,
        total_hundredths=programme.total_hundredths, made=made,
    )  # fmt: skip


def _units(codes: Iterable[str], day: date) -> dict[str, rules_lint.UnitFacts]:
    rows = Unit.objects.filter(code__in=codes, is_draft=False).select_related("level")
    found: dict[str, list[Unit]] = {}
    for row in rows:
        found.setdefault(row.code, []).append(row)
    return {
        code: rules_lint.UnitFacts(
            frozenset(each.level.number for each in versions),
            frozenset(each.field for each in versions),
            any(each.valid_to is None or each.valid_to > day for each in versions),
        )
        for code, versions in found.items()
    }
