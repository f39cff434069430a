"""Nobody gets more for a unit than it is worth, however many cases ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils.translation import gettext as _

from xueqiao.creditbank import holders
from xueqiao.creditbank.models import CreditLot, Unit
from xueqiao.creditbank.recognition import refusals
from xueqiao.kernel import credit, errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xueqiao.creditbank.models import Application

# Credit that was undone or has run out does not stand in the way of new learning.
STANDING = (CreditLot.State.ACTIVE, CreditLot.State.FROZEN)


class UnitHeld(errors.Refusal):
    """The learner already holds credit for the unit, and more would exceed its value."""

    code = "recognition.unit_held"


def refuse_held(application: Application, amounts: Mapping[int, int]) -> None:
    """Refuse credit for a unit on top of what stands in the learner's account. Three queries.

    All versions of a unit count together, and accounts that were merged into the learner's.

    Args:
        amounts: unit id to what is asked or proposed, in 1/100 credit.

    Raises:
        UnitHeld.
    """
    units = Unit.objects.in_bulk([unit for unit, amount in amounts.items() if amount])
    people = {application.applicant_id, *holders.persons(application.applicant_id)}
    lots = CreditLot.objects.filter(
        person_id__in=people, state__in=STANDING, unit__code__in=[u.code for u in units.values()]
    )
    held = dict(lots.values_list("unit__code").annotate(total=Sum("amount_hundredths")))
    for pk, unit in units.items():
        standing = held.get(unit.code, 0)
        if standing and standing + amounts[pk] > unit.credit_hundredths:
            text = _(
                "Your account already holds {held} credits for {unit}, which is worth {value}. "
                "Leave it out, or ask for what is missing."
            )
            shown = text.format(
                held=credit.show(standing),
                unit=refusals.named(unit),
                value=credit.show(unit.credit_hundredths),
            )
            raise UnitHeld(shown, pointer=unit.code)
