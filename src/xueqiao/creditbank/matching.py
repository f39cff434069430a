"""Which lots fit which conversion rule on a day, and the reason in words where one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import rules
from xueqiao.creditbank.models import CreditLot, RuleVersion
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


class DoesNotCount(errors.Refusal):
    """A lot does not fit the rule; the text says why."""

    code = "conversion.does_not_count"


class RuleNotInForce(errors.Refusal):
    """The version of the rule is not published, not in force, or its agreement is not signed."""

    code = "conversion.rule_not_in_force"


REASONS = {
    "not_active": gettext_lazy("it is frozen, lapsed or reversed"),
    "lapsed": gettext_lazy("its validity is over; it stays in the archive"),
    "too_many_hops": gettext_lazy(
        "it is converted credit, and the rule takes credit at first hand"
    ),
    "other_unit": gettext_lazy("the rule does not name its unit"),
    "other_source": gettext_lazy("the rule takes credit of another kind"),
    "other_field": gettext_lazy("the rule takes credit of another field"),
    "level_too_low": gettext_lazy("its level is too low for the programme"),
    "level_too_high": gettext_lazy("its level is above what the rule takes"),
    "too_old": gettext_lazy("it was obtained too long ago for the rule"),
}


def versions_in_force(day: date) -> QuerySet[RuleVersion]:
    """Published versions in force on a day, of agreements that both sides have signed."""
    agreement = "rule__agreement__"
    rows = RuleVersion.objects.filter(
        _in_force(day), _in_force(day, agreement),
        **{
            "state": RuleVersion.State.PUBLISHED,
            f"{agreement}signed_giving__lte": day,
            f"{agreement}signed_receiving__lte": day,
        },
    )  # fmt: skip
    related = ("rule__agreement", "rule__programme__scope", "rule__programme__level", "target")
    return rows.select_related(*related).order_by("rule__code", "number")


def version_in_force(version_id: int, day: date) -> RuleVersion:
    """One version, when it is in force on a day.

    Raises:
        RuleNotInForce
    """
    found = versions_in_force(day).filter(pk=version_id).first()
    if found is None:
        raise RuleNotInForce(
            _("This rule is not in force on {day}. Choose one of the rules in force.").format(
                day=day
            )
        )
    return found


def misfit(lot: CreditLot, version: RuleVersion, day: date) -> str:
    """The code of the reason why a lot does not count, or ""."""
    facts = rules.LotFacts(
        unit_code=lot.unit.code if lot.unit else "", source_kind=lot.source_kind, field=lot.field,
        level=lot.level.number, obtained=lot.obtained, valid_to=lot.valid_to, hops=lot.hops,
        is_active=lot.state == CreditLot.State.ACTIVE,
    )  # fmt: skip
    asked = rules.RuleFacts(
        pattern=version.pattern, target_level=version.rule.programme.level.number,
        level_gap=version.level_gap, hop_limit=version.hop_limit,
    )  # fmt: skip
    return rules.misfit(facts, asked, day)


def refuse_misfits(lots: Iterable[CreditLot], version: RuleVersion, day: date) -> None:
    """Raises DoesNotCount for the first lot that does not fit."""
    for lot in lots:
        code = misfit(lot, version, day)
        if code:
            text = _(
                "The credit “{title}” does not count here: {reason}. Choose another lot or rule."
            )
            raise DoesNotCount(text.format(title=lot.title_zh, reason=REASONS[code]), pointer=code)


def _in_force(day: date, prefix: str = "") -> Q:
    begun = Q(**{f"{prefix}valid_from__lte": day})
    open_end = Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gt": day})
    return begun & open_end
