"""Filters for classes: when they meet, what a seat's state is called. ``{% load study %}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from datetime import date

register = template.Library()


def clock_time(minutes: int) -> str:
    """Minutes after midnight as hours and minutes.

    >>> clock_time(1140)
    '19:00'
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@register.filter
def hours(offering: Any) -> str:
    """When a class meets: its weekday and hours, or that it has no fixed ones."""
    if offering.weekday is None:
        return _("No fixed hours")
    return _("Every {weekday}, {start} to {end}").format(
        weekday=WEEKDAYS[offering.weekday - 1],
        start=clock_time(offering.from_minute),
        end=clock_time(offering.to_minute),
    )


@register.filter
def fee(offering: Any) -> str:
    """What a class costs."""
    if offering.fee_fen == 0:
        return _("Free")
    return _("{yuan} yuan").format(yuan=f"{offering.fee_fen / 100:g}")


@register.filter
def days_until(day: date, today: date) -> str:
    """How far a day lies ahead, in words; nothing for a day that is past."""
    days = (day - today).days
    if days < 0:
        return ""
    if days == 0:
        return _("today")
    return _("tomorrow") if days == 1 else _("in {n} days").format(n=days)


@register.filter
def result_level(result: str) -> str:
    """The badge level of a result."""
    return {"distinction": "ok", "pass": "ok", "fail": "bad"}.get(result, "")
