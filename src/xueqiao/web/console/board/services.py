"""Service to users on the board: what learners and officers wait for."""

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
    """Certificates to be signed, files to be packed, requests to be answered."""
    return [
        *shared.each_queue(
            seen,
            (
                ("certificates", _("Certificates to be signed"), "console-certificates",
                 rights.CERTIFICATES),
                ("takeouts", _("Files that learners asked for"), "console", rights.CONSOLE),
            ),
        ),
        *decisions(seen),
        *jobs.lines(Layer.SERVICE, seen.runs, seen.now),
    ]  # fmt: skip


def decisions(seen: Snapshot) -> list[Line]:
    """What waits for a person: it takes days, not minutes."""
    found = []
    for key, name, page, need in (
        ("access", _("Requests to read the lake"), "console-lake-access", rights.LAKE_ANALYSE),
        ("contracts", _("Contracts to be answered"), "console-lake-contracts", rights.LAKE_SEE),
    ):
        waits = seen.waits[key]
        if waits.count and waits.since is not None:
            text = _("{n} wait, the oldest since {at}").format(
                n=waits.count, at=shown_time(waits.since)
            )
            word = _("Wait for a decision")
            found.append(Line(Kind.SERVICE, name, "warn", word, text, reverse(page), need))
    return found
