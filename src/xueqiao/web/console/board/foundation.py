"""The foundation on the board: database, disk, worker, queue of jobs, journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.web.console import lake_tables
from xueqiao.web.console.board import jobs
from xueqiao.web.console.board import lines as shared
from xueqiao.web.console.board.layers import Kind, Layer, Line, shown_time

if TYPE_CHECKING:
    from xueqiao.web.console.board.reading import Snapshot

# Free room on the disk, in per cent of all of it.
LITTLE_ROOM, NO_ROOM = 15, 5


def lines_of(seen: Snapshot) -> list[Line]:
    """Database, disk, worker, queue of jobs, journal."""
    lines = [database(), disk(seen), worker(seen)]
    if seen.waits["jobs"].count:
        lines.append(shared.queue(_("Queue of jobs"), Kind.JOB, seen.waits["jobs"], seen.now))
    if seen.journal.oldest:
        text = _("{size} of statements are written down and not stored yet, the oldest of {at}.")
        text = text.format(
            size=lake_tables.size(seen.journal.bytes), at=shown_time(seen.journal.oldest)
        )
        level, word = shared.aged(seen.now - seen.journal.oldest)
        lines.append(Line(Kind.SERVICE, _("Journal of arrivals"), level, word, text))
    return [*lines, *jobs.lines(Layer.SUPPORT, seen.runs, seen.now)]


def database() -> Line:
    """The database; it has just answered for all other lines."""
    text = str(connection.display_name)
    file = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite" and Path(str(file)).is_file():
        text = f"{text} · {lake_tables.size(Path(str(file)).stat().st_size)}"
    return Line(Kind.SERVICE, _("Database"), "ok", _("Answers"), text)


def disk(seen: Snapshot) -> Line:
    free = 100 * seen.disk.free // seen.disk.total
    level = "bad" if free < NO_ROOM else "warn" if free < LITTLE_ROOM else "ok"
    word = {"bad": _("Nearly full"), "warn": _("Getting full"), "ok": _("Room enough")}[level]
    text = _("{free} of {whole} are free ({percent} %); the lake takes {lake}.").format(
        free=lake_tables.size(seen.disk.free),
        whole=lake_tables.size(seen.disk.total),
        percent=free,
        lake=lake_tables.size(sum(each.size for each in seen.lake.facts.values())),
    )
    return Line(Kind.SERVICE, _("Disk"), level, word, text, reverse("console-lake-costs"))


def worker(seen: Snapshot) -> Line:
    """Whether somebody runs the jobs."""
    last = jobs.last_sign(seen.runs)
    name = _("Worker")
    if last is None:
        text = _("No job has run in the last days. Start a worker: xueqiao work")
        return Line(Kind.SERVICE, name, "bad", _("Not running"), text)
    if not jobs.is_at_work(seen.runs, seen.now):
        text = _("The last job that is known ran {at}. Start a worker: xueqiao work")
        text = text.format(at=shown_time(last))
        return Line(Kind.SERVICE, name, "bad", _("Not running"), text)
    text = _("{n} jobs ran in time; last: {at}").format(n=len(seen.runs), at=shown_time(last))
    return Line(Kind.SERVICE, name, "ok", _("At work"), text)
