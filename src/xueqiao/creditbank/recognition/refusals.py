"""Refusals that several steps of recognition share, each with the check that raises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xueqiao.kernel import credit, errors

if TYPE_CHECKING:
    from xueqiao.creditbank.models import Unit


class AmountTooHigh(errors.Refusal):
    """More credit is asked or proposed than the unit is worth."""

    code = "recognition.amount_too_high"
    status = 422


class NothingAsked(errors.Refusal):
    """An application without a unit, or one unit twice."""

    code = "recognition.nothing_asked"
    status = 422


class ReasonMissing(errors.Refusal):
    """A person who is told no, or is asked for more, is told why."""

    code = "recognition.reason_missing"
    status = 422


def named(unit: Unit) -> str:
    """A unit as its learners know it: by its title in the reader's language."""
    return (unit.title_en if get_language() == "en" else "") or unit.title_zh


def refuse_amount(unit: Unit, amount_hundredths: int, *, least: int) -> None:
    """Raises AmountTooHigh: not between ``least`` and the unit's value, in 1/100 credit."""
    if least <= amount_hundredths <= unit.credit_hundredths:
        return
    text = _("{unit} is worth {value} credits; {asked} were asked. Lower the amount.")
    shown = text.format(
        unit=named(unit),
        value=credit.show(unit.credit_hundredths),
        asked=credit.show(amount_hundredths),
    )
    raise AmountTooHigh(shown, pointer=unit.code)


def refuse_silence(words: str, *, pointer: str = "note") -> None:
    """Raises ReasonMissing: nothing was written."""
    if not words.strip():
        raise ReasonMissing(_("Say why, in words the applicant understands."), pointer=pointer)
