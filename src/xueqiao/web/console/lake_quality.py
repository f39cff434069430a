"""What the pages of quality and sources show, put together from the small tables of the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.lake import tables
from xueqiao.lake.contracts.contract import OF_SOURCE
from xueqiao.lake.contracts.shipped import in_force
from xueqiao.lake.quality import holding, rules, scoring, summary
from xueqiao.records.models import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DAYS = 30
GOOD, FAIR = 9900, 9500
MATCHED = "person_matched"


@dataclass(frozen=True)
class Cell:
    """One score as it is shown. ``level`` as badges have them."""

    text: str
    level: str
    failed: int


def cell(score: summary.Score) -> Cell:
    """A score in percent with two decimals; a dash where nothing was asked."""
    share = score.hundredths
    if share is None:
        return Cell("–", "", 0)
    level = "ok" if share >= GOOD else "warn" if share >= FAIR else "bad"
    return Cell(f"{share // 100}.{share % 100:02d} %", level, score.failed)


def cells(scores: Mapping[Any, summary.Score], key: Any) -> list[tuple[Any, Cell]]:
    """The six scores of a source or a day, each beside the name of its dimension."""
    return [
        (title, cell(scores.get((key, each), summary.NOTHING)))
        for each, title in rules.DIMENSIONS.items()
    ]


def first_day(today: date) -> date:
    return today - timedelta(days=DAYS)


def by_source(today: date) -> list[dict[str, Any]]:
    """A row for each source that sent something in the last days: its six scores. 1 query."""
    found = summary.lines(settings.LAKE, since=first_day(today))
    scores = summary.added_up(found, "source_id", "dimension")
    codes, names = scoring.source_codes(settings.LAKE), source_names()
    rows = [
        {
            "code": codes.get(number, str(number)),
            "name": names.get(codes.get(number, ""), codes.get(number, str(number))),
            "cells": cells(scores, number),
        }
        for number in {number for number, _dimension in scores}
    ]
    return sorted(rows, key=lambda row: row["name"])


def source_names() -> dict[str, str]:
    return dict(Source.objects.values_list("code", "name"))


def of_source(code: str, today: date) -> dict[str, Any]:
    """One source: its rules with what broke them, and its scores by day, newest first."""
    numbers = {known: number for number, known in scoring.source_codes(settings.LAKE).items()}
    if code not in numbers:
        return {"rules": [], "days": []}
    found = summary.lines(settings.LAKE, since=first_day(today), source=numbers[code])
    by_rule = summary.added_up(found, "rule")
    by_day = summary.added_up(found, "day", "dimension")
    return {
        "rules": [
            {
                "title": each.title,
                "dimension": rules.DIMENSIONS[each.dimension],
                "score": cell(by_rule[each.code,]),
                "checked": by_rule[each.code,].checked,
            }
            for each in rules.RULES
            if (each.code,) in by_rule
        ],
        "days": [
            {"day": day, "cells": cells(by_day, day)}
            for day in sorted({day for day, _dimension in by_day}, reverse=True)
        ],
    }


def held(code: str = "") -> list[dict[str, Any]]:
    """Batches that stage leaves out, of one source or of all. 1 query."""
    codes, names = scoring.source_codes(settings.LAKE), source_names()
    found = []
    for row in holding.held(settings.LAKE):
        own = codes.get(row["source_id"], "")
        if not code or own == code:
            title = _("Far fewer rows than usual")
            if row["rule"] in rules.BY_CODE:
                title = str(rules.BY_CODE[row["rule"]].title)
            found.append({**row, "code": own, "name": names.get(own, own), "title": title})
    return found


def board(now: datetime) -> list[dict[str, Any]]:
    """A row for each source: last arrival, rows, learners known, contract, lag. 1 query."""
    root = settings.LAKE
    arrived, contracts = batches(root), in_force(root)
    numbers = {code: number for number, code in scoring.source_codes(root).items()}
    found = summary.lines(root, since=first_day(clock.local_date(now)))
    matched = summary.added_up(
        (line for line in found if line["rule"] == MATCHED), "source_id"
    )  # fmt: skip
    waiting: dict[int, int] = {}
    for row in holding.held(root):
        waiting[row["source_id"]] = waiting.get(row["source_id"], 0) + (not row["verdict"])
    rows = []
    for source in Source.objects.order_by("name", "pk"):
        number = numbers.get(source.code, 0)
        contract = contracts.get(OF_SOURCE + source.code)
        rows.append(
            {
                "source": source,
                **arrived.get(number, {}),
                "matched": cell(matched.get((number,), summary.NOTHING)).text,
                "held": waiting.get(number, 0),
                "contract": contract.version if contract else 0,
                **lag(source.last_received_at, contract.latest_hours if contract else 0, now),
            }
        )
    return rows


def lag(last: datetime | None, hours: int, now: datetime) -> dict[str, Any]:
    """How long a source has been silent, and whether that is longer than was agreed."""
    if last is None:
        return {"silent_hours": None, "is_late": False}
    silent = int((now - last).total_seconds() // 3600)
    return {"silent_hours": silent, "is_late": bool(hours) and silent >= hours}


def batches(root: Path) -> dict[int, dict[str, Any]]:
    """Source → what all of its batches brought."""
    opened = tables.Table(root, "bronze.batch").opened()
    if opened is None:
        return {}
    sums = ("received", "accepted", "duplicate", "quarantined")
    rows = opened.to_pyarrow_table(columns=["source_id", *sums]).group_by("source_id")
    return {
        row["source_id"]: {name: row[f"{name}_sum"] for name in sums}
        for row in rows.aggregate([(name, "sum") for name in sums]).to_pylist()
    }
