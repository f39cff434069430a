"""``{% figure it %}`` draws a figure; the page adds ``{% chart_scripts %}`` once, in its scripts block."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from xueqiao.web.figure import Figure

register = template.Library()
SCRIPTS = ("vendor/echarts.min.js", "web/charts.js")


@register.inclusion_tag("web/_figure.html")
def figure(figure: Figure, layout: str = "") -> dict[str, Any]:
    """One figure. ``layout``: "" above each other, "beside" with the table at the side."""
    return {"figure": figure, "layout": layout}


@register.simple_tag
def chart_scripts() -> SafeString:
    """The two scripts of pages with charts; no other page loads them."""
    return format_html_join("", '<script src="{}" defer></script>', ((static(name),) for name in SCRIPTS))
