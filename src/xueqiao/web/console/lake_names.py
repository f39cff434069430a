"""What people call the tables and columns on the way of the data, from database to chart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.lake import facts, meanings
from xueqiao.lake.lineage.columns import ROWS, Kind
from xueqiao.monitor import lineage as monitor
from xueqiao.monitor import queries
from xueqiao.web.cockpit import lineage as cockpit

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from xueqiao.lake.lineage.columns import Column

ASIDE = re.compile(r"[（(：:,，;；].*")
FLOORS = {
    "database": gettext_lazy("Database"),
    "bronze": gettext_lazy("Bronze: copied as it is"),
    "stage": gettext_lazy("Silver: one form for all"),
    "marts": gettext_lazy("Gold: ready to be counted"),
    "distinct": gettext_lazy("Distinct persons"),
    "runs": gettext_lazy("Records of runs"),
    "quality": gettext_lazy("Quality"),
    "indicator": gettext_lazy("Indicators"),
    "chart": gettext_lazy("Charts"),
}
_SHORT = {
    "bronze": gettext_lazy("Bronze"),
    "stage": gettext_lazy("Silver"),
    "marts": gettext_lazy("Gold"),
}
_CHARTS = {
    cockpit.TILES: gettext_lazy("Tiles of the cockpit"),
    cockpit.PLACES: gettext_lazy("Map and table of places"),
    cockpit.YEARS: gettext_lazy("Line over the years"),
}
_PARTS = {
    "register": gettext_lazy("Register"),
    "place_id": gettext_lazy("Place"),
    "parent_id": gettext_lazy("Place above"),
    "period": gettext_lazy("Year"),
    "numerator": gettext_lazy("Numerator"),
    "denominator": gettext_lazy("Denominator"),
    "samples": gettext_lazy("How much of it is sample data"),
    "expected": gettext_lazy("What a complete value would rest on"),
    "reported": gettext_lazy("What it does rest on"),
}
_KINDS = {
    Kind.IDENTITY: gettext_lazy("taken over"),
    Kind.TRANSFORMATION: gettext_lazy("computed"),
    Kind.AGGREGATION: gettext_lazy("counted or summed"),
    Kind.FILTER: gettext_lazy("decides which rows there are"),
    Kind.JOIN: gettext_lazy("joins rows"),
    Kind.GROUP_BY: gettext_lazy("groups rows"),
    Kind.SORT: gettext_lazy("orders rows"),
    Kind.WINDOW: gettext_lazy("orders rows for a choice"),
    Kind.CONDITIONAL: gettext_lazy("is a condition"),
}


def floor(table: str) -> str:
    """The key of ``FLOORS`` that a table of the whole graph lies on."""
    first = table.partition(".")[0]
    if f"{first}." in {monitor.PREFIX, cockpit.PREFIX}:
        return first
    return facts.floor(table) if "." in table or table in facts.names() else "database"


def layers() -> list[tuple[str, StrPromise]]:
    """The layers of the lake's tables as a choice, from below."""
    return [(key, FLOORS[key]) for key in facts.FLOORS]


def short_floor(key: str) -> str:
    """A floor in one word, for tables of many rows."""
    return str(_SHORT.get(key, FLOORS[key]))


def title(table: str) -> str:
    """What a table is called by people."""
    kind, rest = floor(table), table.partition(".")[2]
    if kind == "indicator":
        return f"{rest} {queries.definition(rest).title}"
    if kind == "chart":
        return str(_CHARTS[rest])
    if kind == "database":
        return _("Table of the database: {app}").format(app=_app(table))
    return meanings.described(table, facts.columns(table)).text


def known_title(table: str) -> str:
    """What people call a table that the program may not know any more; its name then."""
    return title(table) if table in facts.names() else table


def meaning(column: Column) -> str:
    """What a column means."""
    if column.name == ROWS:
        return _("its rows")
    kind = floor(column.table)
    if kind == "indicator":
        return str(_PARTS.get(column.name, column.name))
    if kind == "chart":
        return str(queries.definition(column.name).title)
    if kind == "database":
        return column.name
    described = meanings.described(column.table, facts.columns(column.table))
    return described.columns[column.name].text


def plain(meaning: str) -> str:
    """The first words of a meaning, without what stands aside.

    >>> plain("学习时长（秒）"), plain("learner, as numbered in the lake")
    ('学习时长', 'learner')
    """
    return ASIDE.sub("", meaning).strip() or meaning


def step(kind: Kind) -> str:
    """How a column gets into another, in words."""
    return str(_KINDS[kind])


def address(table: str) -> str:
    """The page of a table; "" for what has none."""
    kind, rest = floor(table), table.partition(".")[2]
    if kind == "indicator":
        return reverse("cockpit-indicator", args=[rest])
    if kind == "chart":
        return reverse("cockpit")
    return "" if kind == "database" else reverse("console-lake-table", args=[table])


def _app(table: str) -> str:
    found = (config.label for config in apps.get_app_configs() if table.startswith(config.label))
    return next(found, table)
