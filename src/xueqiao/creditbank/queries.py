"""What pages read: a learner's timeline and lots, and what waits for an officer.

Each answers in a number of queries that does not depend on how much there is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xueqiao.creditbank import caps, matching, rules
from xueqiao.creditbank.models import (
    Account,
    AccountKind,
    Conversion,
    CreditLot,
    LearningAccount,
    RuleVersion,
)

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from xueqiao.people.models import Person


@dataclass(frozen=True)
class Counting:
    """Where a lot can count, and for how much; amounts in 1/100 credit.

    ``why_not`` is a code of ``matching.REASONS``, or "" where the lot counts. ``makes_hundredths``
    is what it makes by itself; ``needs_more`` says that the rule asks for other credit with it;
    ``until`` is the first day on which it no longer counts so.
    """

    rule: matching.Applicable
    remaining_hundredths: int
    makes_hundredths: int
    why_not: str
    needs_more: bool = False
    until: date | None = None

    @property
    def version(self) -> RuleVersion:
        return self.rule.version

    @property
    def why_not_text(self) -> str:
        return str(matching.REASONS[self.why_not]) if self.why_not else ""


@dataclass(frozen=True)
class LotRow:
    """A lot, what its account holds, and where it counts."""

    lot: CreditLot
    held_hundredths: int
    counting: list[Counting]

    @property
    def usable(self) -> list[Counting]:
        """The rules under which something of it can be converted now."""
        return [each for each in self.counting if not each.why_not and each.makes_hundredths]


def learning_account(person: Person) -> LearningAccount | None:
    """The learner's lifelong account; None before anything was recognised."""
    return LearningAccount.objects.filter(person=person).select_related("merged_into").first()


def lots(person: Person, day: date) -> list[LotRow]:
    """Every lot of a learner, latest first, with where each counts on a day. 4 queries."""
    related = ("account", "conversion", *matching.LOT_RELATED)
    found = CreditLot.objects.filter(person=person).select_related(*related)
    in_force = [matching.applicable(version) for version in matching.versions_in_force(day)]
    accounts = Account.objects.filter(person=person, kind=AccountKind.CAPACITY)
    capacity = {account.code: account for account in accounts}
    return [
        LotRow(
            lot,
            lot.account.credits - lot.account.debits,
            [_counting(lot, rule, capacity, person, day) for rule in in_force],
        )
        for lot in found.order_by("-obtained", "-pk")
    ]


def _counting(
    lot: CreditLot, rule: matching.Applicable, accounts: dict[str, Account], person: Person,
    day: date,
) -> Counting:  # fmt: skip
    account = accounts.get(caps.capacity_code(lot.pk, rule.version.rule.programme.scope.code))
    left = lot.amount_hundredths if account is None else _free(account)
    why_not = rules.age_misfit(rule.body, person.birth_year, day)
    why_not = why_not or matching.misfit(lot, rule, day)
    if why_not or left <= 0:
        return Counting(rule, left, 0, why_not)
    until = min((day for day in _ends(lot, rule) if day), default=None)
    offer = rules.Offer(lot.pk, left, rules.patterns_met(matching.facts(lot), rule.body, day))
    try:
        makes = rules.fill(rule.body, [offer], rule.worth).total_hundredths
    except rules.Unfilled as why:
        return Counting(rule, left, 0, "", needs_more=why.code != "nothing", until=until)
    return Counting(rule, left, makes, "", until=until)


def _ends(lot: CreditLot, rule: matching.Applicable) -> tuple[date | None, ...]:
    """The first days on which the lot, the rule or its agreement can no longer be used."""
    return (lot.valid_to, rule.version.valid_to, rule.version.rule.agreement.valid_to)


def _free(account: Account) -> int:
    return account.credits - account.debits - account.debits_pending


def conversions(person: Person) -> QuerySet[Conversion]:
    """What a learner asked to have converted, latest first, with its steps."""
    found = Conversion.objects.own(person).select_related("version__rule__programme")
    related = ("steps__actor", "uses__lot", "results__target")
    return found.prefetch_related(*related).order_by("-asked_at", "-pk")


def conversions_waiting(person: Person, day: date) -> QuerySet[Conversion]:
    """Conversions that the person may answer on a day, first to lapse first."""
    rows = Conversion.objects.reviewable_by(person, day).pending()
    rows = rows.exclude(asked_by=person).select_related("person", "version__rule__programme")
    return rows.order_by("reserved_until", "pk")


def totals(person: Person) -> dict[str, int]:
    """Credit held by source kind, in 1/100. One query."""
    found: dict[str, int] = defaultdict(int)
    rows = CreditLot.objects.filter(person=person).select_related("account")
    for lot in rows:
        found[lot.source_kind] += lot.account.credits - lot.account.debits
    return dict(found)
