"""Processing and storage on the board: the lake from bronze to silver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.lake.build import history
from xueqiao.lake.quality import rules
from xueqiao.people import rights
from xueqiao.web.console import alarms
from xueqiao.web.console.board import jobs
from xueqiao.web.console.board import lines as shared
from xueqiao.web.console.board.layers import Kind, Layer, Line, shown_time

if TYPE_CHECKING:
    from xueqiao.web.console.board.reading import Snapshot

LEAST_SCORE = 9500
"""In hundredths of a per cent: below it a dimension of quality is one to watch."""


def lines_of(seen: Snapshot) -> list[Line]:
    """Alarms of the data, what contracts stopped, held batches, builds, tables, quality."""
    if seen.lake.failure:
        line = Line(Kind.TABLE, _("The lake"), "bad", _("Cannot be read"), seen.lake.failure)
        return [line, *jobs.lines(Layer.STORAGE, seen.runs, seen.now)]
    return [
        *shared.alarms(
            _("Alarms of the data"), seen.waits["data_alarms"], alarms.DATA, rights.LAKE_SEE,
        ),
        *stopped(seen),
        *held(seen),
        *builds(seen),
        *erasures(seen),
        *scores(seen),
        *shared.tables(seen, "bronze", _("Copied as it came (bronze)")),
        *shared.tables(seen, "stage", _("One form for all (silver)")),
        *jobs.lines(Layer.STORAGE, seen.runs, seen.now),
    ]  # fmt: skip


def stopped(seen: Snapshot) -> list[Line]:
    """Tables that broke their contract: the last good version is served."""
    lines = []
    for each in seen.lake.verdicts:
        if not each.is_stopped:
            continue
        text = _("Not built upon since {since}").format(
            since=shown_time(each.since or each.checked_at)
        )
        if each.good_at:
            text = _("{text}; what is served is of {at}").format(
                text=text, at=shown_time(each.good_at)
            )
        address = reverse("console-lake-contract", args=[each.table])
        word = _("Breaks its contract")
        lines.append(Line(Kind.TABLE, each.table, "bad", word, text, address))
    return lines


def held(seen: Snapshot) -> list[Line]:
    waiting = [row for row in seen.lake.held if not row["verdict"]]
    if not waiting:
        return []
    text = _("{n} batches with {rows} rows that break a rule, the oldest since {at}.").format(
        n=len(waiting),
        rows=f"{sum(row['failed'] for row in waiting):,}",
        at=shown_time(min(row["since"] for row in waiting)),
    )
    address = reverse("console-lake-quality") + "#held"
    return [Line(Kind.TABLE, _("Batches held back"), "bad", _("Wait for a steward"), text, address)]


def builds(seen: Snapshot) -> list[Line]:
    """The build that runs, what was asked for, and how the last one ended."""
    address, name = reverse("console-lake-runs"), _("Build of the lake")
    lines, going = [], seen.lake.going
    if going:
        text = _("{done} of {total} tables, begun {at}").format(
            done=going.done, total=going.total, at=shown_time(going.began_at)
        )
        lines.append(Line(Kind.JOB, name, "now", _("At work"), text, address))
    elif seen.waits["builds"].count:
        asked = shared.queue(
            _("Build that was asked for"), Kind.JOB, seen.waits["builds"], seen.now
        )
        lines.append(replace(asked, address=address))
    if seen.lake.build:
        lines.append(_last_build(seen.lake.build, address))
    elif not lines:
        text = _("Nothing was built yet. Ask for a build.")
        lines.append(Line(Kind.JOB, name, "", _("Not built yet"), text, address))
    return lines


def _last_build(rows: list[dict[str, Any]], address: str) -> Line:
    outcomes = [row["outcome"] or history.MADE for row in rows]
    failed = outcomes.count(history.FAILED)
    text = _("{at}: {made} tables made, {failed} failed, {skipped} left as they were").format(
        at=shown_time(rows[0]["started_at"]), made=outcomes.count(history.MADE), failed=failed,
        skipped=outcomes.count(history.SKIPPED),
    )  # fmt: skip
    level, word = ("bad", _("Failed in part")) if failed else ("ok", _("Everything made"))
    return Line(Kind.JOB, _("Last build of the lake"), level, word, text, address)


def erasures(seen: Snapshot) -> list[Line]:
    stuck, open_ = seen.waits["erasures_held_up"], seen.waits["erasures"]
    if not open_.count or open_.since is None:
        return []
    text = _("{n} under way, {stuck} held up; the oldest since {at}").format(
        n=open_.count, stuck=stuck.count, at=shown_time(open_.since)
    )
    level, word = ("bad", _("Held up")) if stuck.count else ("now", _("Under way"))
    address, need = reverse("console-lake-erasures"), rights.LAKE_PRIVACY
    return [Line(Kind.JOB, _("Erasure in the lake"), level, word, text, address, need)]


def scores(seen: Snapshot) -> list[Line]:
    """The lowest of the six scores of what arrived in the last days."""
    found = {
        dimension: score.hundredths
        for dimension, score in seen.lake.scores.items()
        if score.hundredths is not None
    }
    if not found:
        return []
    worst = min(found, key=lambda each: found[each])
    share = found[worst]
    text = _("Lowest of the last 7 days: {dimension} {share} %").format(
        dimension=rules.DIMENSIONS[worst], share=f"{share // 100}.{share % 100:02d}"
    )
    level, word = ("ok", _("In order")) if share >= LEAST_SCORE else ("warn", _("To watch"))
    address = reverse("console-lake-quality")
    return [Line(Kind.TABLE, _("Quality of the data"), level, word, text, address)]
