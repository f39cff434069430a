"""Results that a school reports about its own learners: recognised by rule, or compared.

What a school says of its courses becomes credit as a completed module does, under the same rule.
What it says of conversions makes no credit: it is compared with those of this bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from xueqiao.creditbank import lots, rules
from xueqiao.creditbank.completions import CREDIT_RULE
from xueqiao.creditbank.models import (
    Conversion,
    CreditLot,
    Outcome,
    SourceKind,
    Unit,
)
from xueqiao.kernel import bulk, clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

RECOGNISED, KNOWN, NO_UNIT = "recognised", "known", "no_unit"


@dataclass(frozen=True)
class Result:
    """A passed course of a school. ``number`` is the school's own number of the result."""

    person_id: int
    course: str
    credit_hundredths: int
    score: str
    obtained: date
    number: str
    source: str


class School(NamedTuple):
    """The school that reports."""

    id: int
    code: str


@transaction.atomic
def recognise(
    *, results: Sequence[Result], school: School, decided_by_id: int, now: datetime
) -> list[str]:
    """Recognise results, each once: what became of each, in their order.

    A result is known when the school reported it before, or when the person's account holds live
    credit of the same unit; it then adds nothing. Credit is what the school says, at most the value
    of the unit, under the rule ``completion.credit``.
    """
    units = _units({each.course for each in results})
    known = _known(results, school)
    held = _held(results)
    measures, drafts, answers = lots.Measures(), [], []
    for each in results:
        unit = _unit_of(units.get(each.course, []), each.obtained)
        if each.number in known or (unit and (each.person_id, unit.code) in held):
            answers.append(KNOWN)
        elif unit is None:
            answers.append(NO_UNIT)
        else:
            known.add(each.number)
            held.add((each.person_id, unit.code))
            drafts.append(_draft(each, unit, school, decided_by_id, measures))
            answers.append(RECOGNISED)
    lots.post_recognised(drafts=drafts, now=now)
    return answers


def _units(titles: set[str]) -> dict[str, list[Unit]]:
    """Published units by Chinese title and by module code, the older first."""
    found: dict[str, list[Unit]] = {}
    rows = Unit.objects.filter(is_draft=False).order_by("valid_from", "pk")
    for part in bulk.chunks(sorted(titles)):
        for unit in rows.filter(title_zh__in=part):
            found.setdefault(unit.title_zh, []).append(unit)
        for unit in rows.filter(module_code__in=part).exclude(module_code=""):
            found.setdefault(unit.module_code, []).append(unit)
    return found


def _unit_of(units: list[Unit], day: date) -> Unit | None:
    """The unit that held on a day; None where none did, or where several of other codes did."""
    fitting = [u for u in units if u.valid_from <= day and (u.valid_to is None or day < u.valid_to)]
    return fitting[-1] if len({unit.code for unit in fitting}) == 1 else None


def _known(results: Sequence[Result], school: School) -> set[str]:
    rows = Outcome.objects.filter(issuer=school.code)
    return {
        number
        for part in bulk.chunks(sorted({each.number for each in results}))
        for number in rows.filter(number__in=part).values_list("number", flat=True)
    }


def _held(results: Sequence[Result]) -> set[tuple[int, str]]:
    """Person and unit of every lot that still stands."""
    rows = CreditLot.objects.exclude(state=CreditLot.State.REVERSED).filter(unit__isnull=False)
    return {
        each
        for part in bulk.chunks(sorted({each.person_id for each in results}))
        for each in rows.filter(person_id__in=part).values_list("person_id", "unit__code")
    }


def _draft(
    result: Result, unit: Unit, school: School, decided_by_id: int, measures: lots.Measures
) -> lots.Draft:
    rule = measures.rule(CREDIT_RULE, result.obtained)
    said = rules.scaled(
        result.credit_hundredths, rule.value["numerator"], rule.value["denominator"]
    )
    facts = {"school": school.code, "number": result.number, "course": result.course}
    return lots.Draft(
        key=f"reported:{school.code}:{rules.canonical_hash(facts)[:32]}",
        person_id=result.person_id,
        unit=unit,
        institution_id=school.id,
        issuer=school.code,
        number=result.number,
        result=result.score,
        amount_hundredths=min(said, unit.credit_hundredths),
        source_kind=SourceKind.FORMAL,
        obtained=result.obtained,
        event_at=clock.start_of(result.obtained),
        rule=rule,
        reasons=_reasons(result),
        valid_to=measures.valid_to(SourceKind.FORMAL, result.obtained),
        evidence_sha256=(rules.canonical_hash(facts),),
        source=result.source,
        decided_by_id=decided_by_id,
    )


def _reasons(result: Result) -> str:
    # Kept with the decision for ever, so it is written in the bank's own language, not a reader's.
    with override(settings.LANGUAGE_CODE):
        text = _("Recognised by rule: the school reported the course with the result “{result}”.")
        return text.format(result=result.score)


@dataclass(frozen=True)
class Held:
    """A lot of credit that a school brought into being, as it is given back to the school."""

    person_name: str
    account: str
    title: str
    number: str
    result: str
    amount_hundredths: int
    obtained: date


def of_school(school_id: int, since: date, until: date) -> Iterator[Held]:
    """What stands of a school's courses, obtained from one day to before another."""
    rows = CreditLot.objects.filter(
        institution_id=school_id, source_kind__in=[SourceKind.FORMAL, SourceKind.NONFORMAL],
        obtained__gte=since, obtained__lt=until,
    ).exclude(state=CreditLot.State.REVERSED)  # fmt: skip
    names = (
        "person__name", "person__learning_account__number", "title_zh",
        "decision__outcome__number", "decision__outcome__result", "amount_hundredths", "obtained",
    )  # fmt: skip
    for *texts, amount, obtained in (
        rows.order_by("obtained", "pk").values_list(*names).iterator(2000)
    ):
        person, account, title, number, result = (text or "" for text in texts)
        yield Held(person, account, title, number, result, amount, obtained)


@dataclass(frozen=True)
class Converted:
    """One use of one lot in a conversion, with one result in the programme."""

    person_id: int
    person_name: str
    account: str
    is_certificate: bool
    from_title: str
    from_body: str
    from_hundredths: int
    from_result: str
    obtained: date
    course_code: str
    course: str
    hundredths: int
    converted_on: date
    programme: str


def conversions_into(school_id: int, since: date, until: date) -> Iterator[Converted]:
    """Conversions into a school's programmes that stand, by the day on which they were posted."""
    rows = Conversion.objects.filter(
        version__rule__programme__institution_id=school_id, state=Conversion.State.APPROVED,
        state_since__gte=clock.start_of(since), state_since__lt=clock.start_of(until),
    )  # fmt: skip
    rows = rows.select_related("person__learning_account", "version__rule__programme")
    rows = rows.prefetch_related(
        "results__target", "uses__lot__institution", "uses__lot__decision__outcome"
    )
    for conversion in rows.order_by("state_since", "pk").iterator(500):
        yield from _converted(conversion)


def _converted(conversion: Conversion) -> Iterator[Converted]:
    for use in conversion.uses.all():
        outcome = use.lot.decision.outcome if use.lot.decision else None
        issuer = use.lot.institution.name if use.lot.institution else ""
        for result in conversion.results.all():
            yield Converted(
                person_id=conversion.person_id,
                person_name=conversion.person.name,
                account=conversion.person.learning_account.number,
                is_certificate=bool(outcome and outcome.certificate_type)
                or use.lot.source_kind == SourceKind.CERTIFICATE,
                from_title=use.lot.title_zh,
                from_body=issuer or (outcome.issuer if outcome else ""),
                from_hundredths=use.amount_hundredths,
                from_result=outcome.result if outcome else "",
                obtained=use.lot.obtained,
                course_code=result.target.code,
                course=result.target.title_zh,
                hundredths=result.granted_hundredths,
                converted_on=clock.local_date(conversion.state_since),
                programme=conversion.version.rule.programme.title_zh,
            )


def converted_here(school_id: int, person_ids: Iterable[int]) -> set[tuple[int, str]]:
    """Person and code of the part for every conversion into a school's programmes that stands."""
    rows = Conversion.objects.filter(
        version__rule__programme__institution_id=school_id, state=Conversion.State.APPROVED
    )
    return {
        each
        for part in bulk.chunks(sorted(set(person_ids)))
        for each in rows.filter(person_id__in=part).values_list(
            "person_id", "results__target__code"
        )
    }
