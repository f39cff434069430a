"""Analysis and mining on the board: gold, distinct persons, indicators, queries of analysts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.people import rights
from xueqiao.web.console.board import jobs
from xueqiao.web.console.board import lines as shared
from xueqiao.web.console.board.layers import Kind, Layer, Line, shown_time

if TYPE_CHECKING:
    from xueqiao.web.console.board.reading import Snapshot


def lines_of(seen: Snapshot) -> list[Line]:
    """Tables ready to be counted, indicators, queries and their files."""
    lake = [] if seen.lake.failure else [
        *shared.tables(seen, "marts", _("Ready to be counted (gold)")),
        *shared.tables(seen, "distinct", _("Distinct persons")),
    ]  # fmt: skip
    return [
        *lake,
        indicators(seen),
        *failed_queries(seen),
        *shared.each_queue(
            seen,
            (
                ("queries", _("Queries that run"), "console-lake-queries", rights.LAKE_ANALYSE),
                ("lake_exports", _("Files of query results"), "console-lake-queries",
                 rights.LAKE_ANALYSE),
            ),
        ),
        *jobs.lines(Layer.ANALYSIS, seen.runs, seen.now),
    ]  # fmt: skip


def indicators(seen: Snapshot) -> Line:
    """When the indicators were computed, and whether gold has changed since."""
    name, address = _("Indicators"), reverse("cockpit-indicators")
    run = seen.indicators
    if run is None:
        text = _("None has been computed yet. Run: xueqiao compute_indicators")
        return Line(Kind.TABLE, name, "", _("Not computed yet"), text, address, rights.COCKPIT)
    text = _("Computed {at}, {n} values written").format(
        at=shown_time(run.computed_at), n=f"{run.values_written:,}"
    )
    changed = seen.lake.changed_at("marts")
    if changed and changed > run.computed_at:
        text = _("{text}; gold changed {at}. Run: xueqiao compute_indicators").format(
            text=text, at=shown_time(changed)
        )
        return Line(Kind.TABLE, name, "warn", _("Behind the lake"), text, address, rights.COCKPIT)
    return Line(Kind.TABLE, name, "ok", _("Up to date"), text, address, rights.COCKPIT)


def failed_queries(seen: Snapshot) -> list[Line]:
    failed = seen.waits["queries_failed"]
    if not failed.count:
        return []
    text = _("{n} queries of analysts failed within a day.").format(n=failed.count)
    address, need = reverse("console-lake-queries"), rights.LAKE_ANALYSE
    return [Line(Kind.SERVICE, _("Workbench"), "warn", _("To watch"), text, address, need)]
