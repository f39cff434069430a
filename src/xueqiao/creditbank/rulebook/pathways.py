"""Pathways 衔接通道: rules in the order in which a learner uses them, published by a second person.

“1+X”, 中高本贯通, 双证融通 and 专本衔接 are each a set of conversion rules. A pathway adds nothing
to what the rules say; it tells a learner which of them follow one another, and what they are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import matching
from xueqiao.creditbank.models import ConversionRule, Pathway, PathwayRule
from xueqiao.creditbank.rulebook import texts
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from xueqiao.creditbank.models import RuleVersion
    from xueqiao.people.models import Person


class Incomplete(errors.Refusal):
    """A title, a description or the source is missing, or the pathway has no rule."""

    code = "pathway.incomplete"
    status = 422


class CodeTaken(errors.Refusal):
    """Another pathway has this code, or this one is published and stays as it is."""

    code = "pathway.code_taken"


class OwnPathway(errors.Refusal):
    """Nobody publishes what they drafted."""

    code = "pathway.own"
    status = 403


@dataclass(frozen=True, slots=True)
class Says:
    """What a pathway tells a learner."""

    kind: str
    title_zh: str
    title_en: str
    about_zh: str
    about_en: str
    source: str


@dataclass(frozen=True)
class Leg:
    """One rule along the way: its version in force, or None, and its sentence for the reader."""

    number: int
    rule: ConversionRule
    version: RuleVersion | None
    sentence: str


@transaction.atomic
def draft(
    *, code: str, says: Says, rules: Sequence[ConversionRule], by: Person, at: datetime,
    is_sample: bool = False,
) -> Pathway:  # fmt: skip
    """Draft a pathway, or change its draft. With the same words, called again, it is the same.

    Raises:
        Incomplete, CodeTaken, rights.NotAllowed.
    """
    _check(by, at)
    facts = {name: getattr(says, name).strip() for name in Says.__dataclass_fields__}
    missing = next((name for name, value in facts.items() if not value), "")
    if missing or not rules:
        words = _("Write title, description and source in both languages, and choose a rule.")
        raise Incomplete(words, pointer=missing or "rules")
    found = Pathway.objects.select_for_update(no_key=True).filter(code=code).first()
    if found is not None and found.published_at is not None:
        words = _("The pathway {code} is published and stays as it is. Choose another code.")
        raise CodeTaken(words.format(code=code), pointer="code")
    row = found or Pathway(code=code, is_sample=is_sample)
    for name, value in {**facts, "drafted_by": by, "drafted_at": at}.items():
        setattr(row, name, value)
    row.save()
    row.steps.all().delete()
    PathwayRule.objects.bulk_create(
        PathwayRule(pathway=row, number=number, rule=rule) for number, rule in enumerate(rules, 1)
    )
    return row


@transaction.atomic
def publish(*, pathway: Pathway, by: Person, at: datetime) -> Pathway:
    """Publish a pathway that somebody else drafted. Repeated, it changes nothing.

    Raises:
        OwnPathway, rights.NotAllowed.
    """
    _check(by, at)
    row = Pathway.objects.select_for_update(of=("self",), no_key=True).get(pk=pathway.pk)
    if row.published_at is not None:
        return row
    if row.drafted_by_id == by.pk:
        raise OwnPathway(_("You drafted this pathway. Somebody else publishes it."))
    row.published_by, row.published_at = by, at
    row.save(update_fields=["published_by", "published_at"])
    return row


@transaction.atomic
def close(*, pathway: Pathway, by: Person, at: datetime) -> Pathway:
    """Offer a published pathway no longer, from today on; its rules stay as they are.

    Raises:
        rights.NotAllowed.
    """
    _check(by, at)
    row = Pathway.objects.select_for_update(of=("self",), no_key=True).get(pk=pathway.pk)
    if row.closed_on is None:
        row.closed_on = clock.local_date(at)
        row.save(update_fields=["closed_on"])
    return row


def legs(pathway: Pathway, day: date) -> list[Leg]:
    """The way, rule by rule, with what each says on a day."""
    steps = pathway.steps.select_related("rule__programme", "rule__agreement").order_by("number")
    found: list[Any] = list(steps)
    rows = matching.versions_in_force(day).filter(rule__in=[each.rule_id for each in found])
    versions = {row.rule_id: row for row in rows}
    said = texts.sentences(versions.values(), texts.reading())
    return [
        Leg(
            each.number, each.rule, version := versions.get(each.rule_id),
            said[version.pk] if version else "",
        )
        for each in found
    ]  # fmt: skip


def _check(by: Person, at: datetime) -> None:
    if not rights.allows(by, rights.RULES_PUBLISH, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())
