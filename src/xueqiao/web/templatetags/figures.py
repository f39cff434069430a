"""Tags of figures and the cockpit: ``{% figure it %}``, and ``{% chart_scripts %}`` once a page."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html_join
from django.utils.translation import get_language

from xueqiao.web.templatetags import ui

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from xueqiao.network.models import Register
    from xueqiao.web.cockpit.board import Board
    from xueqiao.web.figure import Figure

register = template.Library()
SCRIPTS = ("vendor/echarts.min.js", "web/charts.js")


@register.inclusion_tag("web/_figure.html")
def figure(figure: Figure) -> dict[str, Any]:
    """One figure: title, sentence, chart, table, files, definition."""
    return {"figure": figure}


@register.simple_tag
def chart_scripts() -> SafeString:
    """The two scripts of pages with charts; no other page loads them."""
    return format_html_join(
        "", '<script src="{}" defer></script>', ((ui.asset(name),) for name in SCRIPTS)
    )


@register.simple_tag
def register_name(register: Register) -> str:
    """A register's name in the reader's language."""
    return register.name_zh if (get_language() or "").startswith("zh") else register.name_en


@register.filter
def place_address(board: Board, code: str) -> str:
    """The board of another place with the same choices."""
    return board.address(code, by="")


@register.filter
def dedent(text: str) -> str:
    """SQL without the margin of the file it stands in."""
    return cleandoc(text)
