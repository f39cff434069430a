"""Application and display on the board: pages, the cockpit, interfaces, what is handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

import xueqiao
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web.console.board import jobs
from xueqiao.web.console.board import lines as shared
from xueqiao.web.console.board.layers import Kind, Layer, Line, shown_time

if TYPE_CHECKING:
    from xueqiao.web.console.board.reading import Snapshot


def lines_of(seen: Snapshot) -> list[Line]:
    """What people and other systems look at."""
    return [
        pages(seen),
        cockpit(seen),
        interface(seen),
        *shared.each_queue(
            seen,
            (("exports", _("Exports of records"), "console-exports", rights.RECORDS_EXPORT),),
        ),
        *jobs.lines(Layer.DISPLAY, seen.runs, seen.now),
    ]


def pages(seen: Snapshot) -> Line:
    """The site itself: that the reader sees this is its sign of life."""
    seconds = (clock.now() - seen.now).total_seconds()
    text = _("Version {version}; this board was read in {n} seconds, {at}").format(
        version=xueqiao.__version__, n=f"{seconds:.1f}", at=shown_time(seen.now)
    )
    return Line(Kind.SERVICE, _("Web pages"), "ok", _("Answers"), text, "/", rights.PUBLIC)


def cockpit(seen: Snapshot) -> Line:
    """Which day the cockpit shows."""
    name, address, need = _("Cockpit"), reverse("cockpit"), rights.COCKPIT
    if seen.indicators is None:
        text = _("It shows values as soon as indicators were computed.")
        return Line(Kind.SERVICE, name, "", _("Nothing to show yet"), text, address, need)
    text = _("Standing facts as of {day}").format(day=formats.date_format(seen.indicators.as_of))
    return Line(Kind.SERVICE, name, "ok", _("Answers"), text, address, need)


def interface(seen: Snapshot) -> Line:
    """The statement interface: when it last took something in."""
    last = max((row.last_received_at for row in seen.sources if row.last_received_at), default=None)
    name, address, need = _("Statement interface (xAPI)"), reverse("console-records"), (
        rights.RECORDS_OPERATE
    )  # fmt: skip
    if last is None:
        text = _("No platform has sent anything yet.")
        return Line(Kind.SERVICE, name, "", _("Not in use yet"), text, address, need)
    text = _("Last taken in: {at}").format(at=shown_time(last))
    return Line(Kind.SERVICE, name, "ok", _("Answers"), text, address, need)
