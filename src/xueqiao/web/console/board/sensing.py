"""Sensing and collection on the board: alarms, connections, sources, quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.people import rights
from xueqiao.web.console import alarms, lake_quality
from xueqiao.web.console import connections as intake
from xueqiao.web.console.board import jobs
from xueqiao.web.console.board import lines as shared
from xueqiao.web.console.board.layers import Kind, Layer, Line, shown_time
from xueqiao.web.console.board.reading import MOST_COUNTED

if TYPE_CHECKING:
    from xueqiao.records.models import Source
    from xueqiao.web.console.board.reading import Snapshot


def lines_of(seen: Snapshot) -> list[Line]:
    """Alarms of sources, connections, sources, quarantine."""
    return [
        *shared.alarms(
            _("Alarms of sources"), seen.waits["intake_alarms"], alarms.SOURCES,
            rights.RECORDS_OPERATE,
        ),
        *connections(seen.connections),
        *sources(seen),
        *quarantine(seen.quarantined),
        *jobs.lines(Layer.SENSING, seen.runs, seen.now),
    ]  # fmt: skip


def connections(rows: list[Any]) -> list[Line]:
    """Each connection that is not well, and all others in one line."""
    lines, well = [], []
    for row in rows:
        word, level = intake.state(row)
        if level in {"bad", "warn"}:
            last = _("Last run: {at}").format(at=shown_time(row.last_at)) if row.last_at else ""
            text = " · ".join(filter(None, (intake.kind_label(row), intake.schedule(row), last)))
            address = reverse("console-connection", args=[row.pk])
            lines.append(
                Line(Kind.CONNECTION, row.name, level, word, text, address, rights.RECORDS_OPERATE)
            )
        else:
            well.append(row)
    return [*lines, *_well(well)]


def _well(rows: list[Any]) -> list[Line]:
    if not rows:
        return []
    last = max((row.last_at for row in rows if row.last_at), default=None)
    text = _("Last run: {at}").format(at=shown_time(last)) if last else _("None has run yet.")
    name = _("Connections: {n}").format(n=len(rows))
    address = reverse("console-connections")
    level, word = ("ok", _("In order")) if last else ("", _("Not run yet"))
    return [Line(Kind.CONNECTION, name, level, word, text, address, rights.RECORDS_OPERATE)]


def sources(seen: Snapshot) -> list[Line]:
    """Each source that is paused or silent for too long, and all others in one line."""
    lines: list[Line] = []
    well: list[Source] = []
    for row in seen.sources:
        _hours, is_late = lake_quality.lag(row, seen.lake.hours.get(row.code, 0), seen.now)
        last = row.last_received_at
        address = reverse("console-lake-sources") + f"?q={row.code}&care="
        if row.paused_at:
            text = _("Nothing is taken since {at}.").format(at=shown_time(row.paused_at))
            line = Line(Kind.CONNECTION, row.name, "warn", _("Paused"), text, address + "paused")
            lines.append(line)
        elif is_late and last:
            text = _("Nothing has come since {since}.").format(since=shown_time(last))
            line = Line(Kind.CONNECTION, row.name, "bad", _("Silent"), text, address + "late")
            lines.append(line)
        else:
            well.append(row)
    return [*lines, *_sending(well)]


def _sending(rows: list[Source]) -> list[Line]:
    if not rows:
        return []
    arrived = [row.last_received_at for row in rows if row.last_received_at]
    text = _("{n} of them have sent something").format(n=len(arrived))
    if arrived:
        text = _("{text}; last: {at}").format(text=text, at=shown_time(max(arrived)))
    name = _("Sources: {n}").format(n=len(rows))
    level, word = ("ok", _("In order")) if arrived else ("", _("Nothing sent yet"))
    return [Line(Kind.CONNECTION, name, level, word, text, reverse("console-lake-sources"))]


def quarantine(count: int) -> list[Line]:
    if not count:
        return []
    shown = f"{count:,}" if count < MOST_COUNTED else f"{count:,}+"
    text = _("{n} records were received and not believed; each with its reason.").format(n=shown)
    address = reverse("console-quarantine")
    return [
        Line(
            Kind.TABLE, _("Quarantine"), "warn", _("Wait for repair"), text, address,
            rights.RECORDS_OPERATE,
        )
    ]  # fmt: skip
