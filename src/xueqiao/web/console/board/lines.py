"""Lines that several layers have: alarms, queues, and how long something may wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from xueqiao.web.console import alarms as alarm_rows
from xueqiao.web.console import lake_tables
from xueqiao.web.console.board.layers import Kind, Line, shown_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from xueqiao.people import rights
    from xueqiao.web.console.board.reading import Snapshot
    from xueqiao.web.console.board.waiting import Waits

A_WHILE, TOO_LONG = timedelta(minutes=5), timedelta(minutes=30)


def alarms(name: str, open_: Waits, origin: str, need: rights.Policy) -> list[Line]:
    if not open_.count or open_.since is None:
        return []
    word = ngettext("{n} open", "{n} open", open_.count).format(n=open_.count)
    text = _("The oldest since {at}.").format(at=shown_time(open_.since))
    return [Line(Kind.SERVICE, name, "bad", word, text, alarm_rows.address(origin), need)]


def queue(name: str, kind: Kind, waits: Waits, now: datetime) -> Line:
    """What waits in a queue and since when: a while is to be watched, long is bad."""
    assert waits.since is not None
    level, word = aged(now - waits.since)
    text = _("{n} wait, the oldest since {at}").format(n=waits.count, at=shown_time(waits.since))
    return Line(kind, name, level, word, text)


def aged(age: timedelta) -> tuple[str, str]:
    """The level and word of something that has waited so long."""
    if age > TOO_LONG:
        return "bad", _("Waits too long")
    return ("warn", _("Waits")) if age > A_WHILE else ("now", _("Waits"))


def each_queue(seen: Snapshot, names: Iterable[tuple[str, str, str, rights.Policy]]) -> list[Line]:
    """A line for each of these queues in which something waits: its key, name, page, policy."""
    lines = []
    for key, name, page, need in names:
        waits = seen.waits[key]
        if waits.count and waits.since is not None:
            line = queue(name, Kind.SERVICE, waits, seen.now)
            lines.append(replace(line, address=reverse(page), need=need))
    return lines


def tables(seen: Snapshot, floor: str, name: str) -> list[Line]:
    """All tables of a floor in one line: how many, how large, when one of them last changed."""
    address = reverse("console-lake-tables") + f"?layer={floor}"
    found, changed = seen.lake.of(floor), seen.lake.changed_at(floor)
    if not found or changed is None:
        text = _("Nothing is in these tables yet.")
        return [Line(Kind.TABLE, name, "", _("Not filled yet"), text, address)]
    text = _("{n} tables, {rows} rows, {size}; last changed {at}").format(
        n=len(found), rows=f"{sum(each.rows for each in found):,}",
        size=lake_tables.size(sum(each.size for each in found)), at=shown_time(changed),
    )  # fmt: skip
    return [Line(Kind.TABLE, name, "ok", _("Filled"), text, address)]
