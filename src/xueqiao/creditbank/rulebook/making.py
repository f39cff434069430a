"""Making a conversion rule: opened under an agreement, drafted as a version, revised, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import rulebodies
from xueqiao.creditbank.models import ConversionRule, Programme, RuleVersion, TransferAgreement
from xueqiao.creditbank.rulebook import lint, rules, steps
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.creditbank.rulebook.rules_lint import Finding
    from xueqiao.people.models import Person

State = RuleVersion.State


class CodeTaken(errors.Refusal):
    """Another rule has this code."""

    code = "rule.code_taken"


class InMaking(errors.Refusal):
    """The rule has a version in the making already; there is one at a time."""

    code = "rule.in_making"


class DaysImpossible(errors.Refusal):
    """A version that would end before it begins."""

    code = "rule.days_impossible"
    status = 422


class CheckFailed(errors.Refusal):
    """The checks found something for which the rule may not go on.

    ``findings`` has all of it; the text is the first.
    """

    code = "rule.check_failed"
    status = 422
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Says:
    """What a version is to say: its body as JSON, its days, how long a reservation waits.

    ``valid_from``: the first day, or that of the publication if it is later.
    """

    body: dict[str, Any]
    reserve_days: int
    valid_from: date
    valid_to: date | None
    source: str


@transaction.atomic
def open_rule(
    *, code: str, agreement: TransferAgreement, programme: Programme, title_zh: str, title_en: str,
    by: Person, at: datetime,
) -> ConversionRule:  # fmt: skip
    """Open a rule under an agreement; called again with the same code and place, it is the same.

    Raises:
        CodeTaken; steps.Incomplete; rights.NotAllowed: the agreement is not one's own to work on.
    """
    day = clock.local_date(at)
    if not TransferAgreement.objects.kept_by(by, day).filter(pk=agreement.pk).exists():
        raise rights.NotAllowed(rights.not_allowed_text())
    if not (title_zh.strip() and title_en.strip()):
        raise steps.Incomplete(_("Write the title in Chinese and in English."), pointer="title_zh")
    try:
        with transaction.atomic():
            return ConversionRule.objects.create(
                code=code, agreement=agreement, programme=programme, title_zh=title_zh.strip(),
                title_en=title_en.strip(),
            )  # fmt: skip
    except IntegrityError as why:
        found = ConversionRule.objects.get(code=code)
        if (found.agreement_id, found.programme_id) == (agreement.pk, programme.pk):
            return found
        words = _("There is a rule with the code {code} already. Choose another one.")
        raise CodeTaken(words.format(code=code), pointer="code") from why


@transaction.atomic
def draft(*, rule: ConversionRule, says: Says, by: Person, at: datetime) -> RuleVersion:
    """Begin the next version of a rule. With the same words, called again, it is the same version.

    Raises:
        InMaking: another version is not published yet.
        rulebodies.RuleBodyWrong, DaysImpossible, steps.Incomplete, rights.NotAllowed.
    """
    locked = ConversionRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    day = clock.local_date(at)
    if not TransferAgreement.objects.kept_by(by, day).filter(pk=locked.agreement_id).exists():
        raise rights.NotAllowed(rights.not_allowed_text())
    facts = _facts(says, locked.programme)
    last = locked.versions.order_by("number").last()
    if last is not None and last.state in rules.IN_MAKING:
        if all(getattr(last, name) == value for name, value in facts.items()):
            return last
        words = _("Version {number} is in the making. Revise it, or publish it first.")
        raise InMaking(words.format(number=last.number))
    made = RuleVersion.objects.create(
        rule=locked, number=last.number + 1 if last else 1, state=State.DRAFT, **facts
    )
    steps.note(made, "draft", by=by, at=at)
    return made


@transaction.atomic
def revise(
    *, version: RuleVersion, says: Says, by: Person, at: datetime, note: str = ""
) -> RuleVersion:
    """Change what an unpublished version says; it is a draft again, to be checked anew.

    Saying the same again changes nothing. Raises as ``draft``, and steps.WrongState.
    """
    locked = steps.lock(version, "revise", by=by, at=at, policy=rights.RULES_EDIT)
    facts = _facts(says, locked.rule.programme)
    if all(getattr(locked, name) == value for name, value in facts.items()):
        return locked
    for name, value in facts.items():
        setattr(locked, name, value)
    locked.state = State.DRAFT
    locked.save(update_fields=[*facts, "state"])
    steps.note(locked, "revise", by=by, at=at, text=note)
    return locked


@transaction.atomic
def check(*, version: RuleVersion, by: Person, at: datetime) -> RuleVersion:
    """Run the checks; without an error the version may be consulted on.

    Raises:
        CheckFailed, steps.WrongState, rights.NotAllowed.
    """
    locked = steps.lock(version, "check", by=by, at=at, policy=rights.RULES_EDIT)
    refuse_errors(locked)
    if locked.state == State.LINTED:
        return locked
    return steps.move(locked, "check", State.LINTED, by=by, at=at)


def refuse_errors(version: RuleVersion) -> None:
    """Raises CheckFailed where the checks find an error."""
    found = [each for each in lint.findings(version) if each.is_error]
    if found:
        refusal = CheckFailed(lint.describe(found[0]), pointer=found[0].path)
        refusal.findings = found
        raise refusal


def _facts(says: Says, programme: Programme) -> dict[str, Any]:
    if says.valid_to is not None and says.valid_to <= says.valid_from:
        raise DaysImpossible(_("Choose an end after the start."), pointer="valid_to")
    if not says.source.strip():
        words = _("Say where ratio and caps come from: measure, decision or minutes.")
        raise steps.Incomplete(words, pointer="source")
    return {
        "body": rulebodies.rule(says.body, programme), "reserve_days": says.reserve_days,
        "valid_from": says.valid_from, "valid_to": says.valid_to, "source": says.source.strip(),
    }  # fmt: skip
