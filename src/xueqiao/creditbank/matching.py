"""Which lots fit which conversion rule on a day, and the reason in words where one does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import rules
from xueqiao.creditbank.models import CreditGroup, CreditLot, RuleVersion
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from xueqiao.people.models import Person

# What ``facts`` reads of a lot: one query with these.
LOT_RELATED = ("unit", "level", "institution", "decision__outcome")


class DoesNotCount(errors.Refusal):
    """A lot does not fit the rule, or the rule is not for this learner; the text says why."""

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
    "other_version": gettext_lazy("the rule takes another version of its unit"),
    "other_source": gettext_lazy("the rule takes credit of another kind"),
    "other_certificate": gettext_lazy("the rule takes certificates of another kind"),
    "other_issuer": gettext_lazy("the rule takes credit of other issuers"),
    "other_field": gettext_lazy("the rule takes credit of another field"),
    "certificate_too_low": gettext_lazy("its certificate is of too low a level"),
    "level_too_low": gettext_lazy("its level is too low for the programme"),
    "level_too_high": gettext_lazy("its level is above what the rule takes"),
    "score_too_low": gettext_lazy("its score is below what the rule asks"),
    "too_old": gettext_lazy("it was obtained too long ago for the rule"),
    "age_unknown": gettext_lazy("the rule is for an age, and your year of birth is not known"),
    "too_young": gettext_lazy("the rule is for older learners"),
    "too_aged": gettext_lazy("the rule is for younger learners"),
}


@dataclass(frozen=True)
class Applicable:
    """A version of a rule, read: its body and the parts of the programme by code."""

    version: RuleVersion
    body: rules.Body
    parts: dict[str, CreditGroup]

    @property
    def targets(self) -> list[CreditGroup]:
        """The parts of the programme that it gives credit in, in the rule's order."""
        return [self.parts[target.code] for target in self.body.targets]

    @property
    def destination(self) -> rules.Destination:
        fields = frozenset(target.field for target in self.targets)
        return rules.Destination(self.version.rule.programme.level.number, fields)

    @property
    def worth(self) -> dict[str, int]:
        """What each part of the programme is worth, in 1/100 credit."""
        return {code: part.credit_hundredths for code, part in self.parts.items()}

    @property
    def room_hundredths(self) -> int:
        """What its targets take together at most, in 1/100 credit."""
        count = len(self.body.targets)
        return sum(rules.target_limit(self.body, number, self.worth) for number in range(count))


def applicable(version: RuleVersion) -> Applicable:
    """Read a version; its programme's parts are fetched unless they were prefetched."""
    parts = {part.code: part for part in version.rule.programme.groups.all()}
    return Applicable(version, rules.read(version.body), parts)


# A superseded version still holds until the day on which the next one begins.
HOLDING = (RuleVersion.State.PUBLISHED, RuleVersion.State.SUPERSEDED)


def versions_in_force(day: date) -> QuerySet[RuleVersion]:
    """Published versions in force on a day, of agreements that both sides have signed.

    Two queries: the versions, and the parts of their programmes.
    """
    agreement = "rule__agreement__"
    rows = RuleVersion.objects.filter(
        _in_force(day), _in_force(day, agreement),
        **{
            "state__in": HOLDING,
            f"{agreement}signed_giving__lte": day,
            f"{agreement}signed_receiving__lte": day,
        },
    )  # fmt: skip
    related = (
        "rule__agreement",
        "rule__programme__scope",
        "rule__programme__level",
        "rule__programme__institution",
    )
    rows = rows.select_related(*related).prefetch_related("rule__programme__groups")
    return rows.order_by("rule__code", "number")


def version_in_force(version_id: int, day: date) -> RuleVersion:
    """One version, when it is in force on a day.

    Raises:
        RuleNotInForce
    """
    found = versions_in_force(day).filter(pk=version_id).first()
    if found is None:
        raise RuleNotInForce(
            _("This rule is not in force on {day}. Choose one of the rules in force.").format(
                day=clock.written(day)
            )
        )
    return found


def facts(lot: CreditLot) -> rules.LotFacts:
    """What rules look at in a lot, read with ``LOT_RELATED``."""
    unit, outcome = lot.unit, lot.decision.outcome if lot.decision else None
    institution = lot.institution.code if lot.institution else ""
    return rules.LotFacts(
        unit_code=unit.code if unit else "", unit_version=unit.version if unit else "",
        source_kind=lot.source_kind, field=lot.field, level=lot.level.number,
        obtained=lot.obtained, valid_to=lot.valid_to, hops=lot.hops,
        is_active=lot.state == CreditLot.State.ACTIVE,
        issuer=outcome.issuer if outcome else institution,
        certificate_type=outcome.certificate_type if outcome else "",
        certificate_level=outcome.certificate_level if outcome else None,
        score_hundredths=outcome.score_hundredths if outcome else None,
    )  # fmt: skip


def misfit(lot: CreditLot, rule: Applicable, day: date) -> str:
    """The code of the reason why a lot does not count, or ""."""
    return rules.misfit(facts(lot), rule.body, rule.destination, day)


def refuse_misfits(lots: Iterable[CreditLot], rule: Applicable, person: Person, day: date) -> None:
    """Raises DoesNotCount: the rule is not for the learner, or not for one of the lots."""
    code = rules.age_misfit(rule.body, person.birth_year, day)
    if code:
        text = _("This conversion is not open to you: {reason}. Choose another rule.")
        raise DoesNotCount(text.format(reason=REASONS[code]), pointer=code)
    for lot in lots:
        code = misfit(lot, rule, day)
        if code:
            text = _(
                "The credit “{title}” does not count here: {reason}. Choose another lot or rule."
            )
            raise DoesNotCount(text.format(title=lot.title_zh, reason=REASONS[code]), pointer=code)


def _in_force(day: date, prefix: str = "") -> Q:
    begun = Q(**{f"{prefix}valid_from__lte": day})
    open_end = Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gt": day})
    return begun & open_end
