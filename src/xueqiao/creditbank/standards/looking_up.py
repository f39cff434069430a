"""What is in force on a day: numbers of measures, units that recognise, units one may claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import RuleTable, Unit
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from datetime import date

Row = TypeVar("Row", bound=models.Model)


class NoRule(errors.Refusal):
    """No rule of this name is in force on the day."""

    code = "standards.no_rule"


def rule(code: str, day: date) -> RuleTable:
    """The version of a number that is in force on a day; the latest, when several are.

    Raises:
        NoRule: none is.
    """
    found = in_force(RuleTable.objects.filter(code=code), day).order_by("valid_from", "pk").last()
    if found is None:
        text = _("No rule {code} is in force on {day}. Load the measure that sets it.")
        raise NoRule(text.format(code=code, day=clock.written(day)))
    return found


def units_by_module(modules: set[str]) -> dict[str, list[Unit]]:
    """The units that recognise the completion of the hall's modules, earliest version first."""
    found: dict[str, list[Unit]] = {}
    units = Unit.objects.filter(module_code__in=modules - {""}, is_draft=False).select_related(
        "level"
    )
    for unit in units.order_by("valid_from", "pk"):
        found.setdefault(unit.module_code, []).append(unit)
    return found


def claimable(day: date) -> models.QuerySet[Unit]:
    """Units for which prior learning may be put forward on a day."""
    units = in_force(Unit.objects.filter(module_code="", is_draft=False), day)
    return units.select_related("level", "standard").order_by("standard__code", "code")


def in_force(rows: models.QuerySet[Row], day: date) -> models.QuerySet[Row]:
    """Of rows with ``valid_from`` and ``valid_to``, those whose time a day lies in."""
    return rows.filter(valid_from__lte=day).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
