"""Tags and filters of every template: credits, places, components."""

from __future__ import annotations

from django import template

from xueqiao.kernel import credit

register = template.Library()


@register.filter
def credits(hundredths: int) -> str:  # noqa: A001 - the word people read
    """Whole hundredths as credits: 150 is shown as 1.5."""
    return credit.show(hundredths)
