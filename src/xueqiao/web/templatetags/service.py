"""What shared pages say about service points, read here so that they need one line only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from xueqiao.kernel import clock
from xueqiao.service import appointments

if TYPE_CHECKING:
    from django.template import Context

register = template.Library()


@register.inclusion_tag("service/_account.html", takes_context=True)
def service_notes(context: Context) -> dict[str, Any]:
    """Appointments of today and tomorrow, a merge, the way to visits and data. 1 query.

    The page has read the learner's ``account`` before.
    """
    me, now = context["person"], clock.now()
    return {
        "visits_soon": list(appointments.soon(me, at=now)),
        "merged_into": context["account"] and context["account"].merged_into,
    }
