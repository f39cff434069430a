"""Filters of online courses: texts in several languages, where a learner stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from xueqiao.cmi5 import queries

if TYPE_CHECKING:
    from collections.abc import Mapping

register = template.Library()


@register.filter
def spoken(texts: Mapping[str, str]) -> str:
    """A text in the reader's language, or in the one that is there."""
    return queries.spoken(texts)
