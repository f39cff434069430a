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
    return Cell(percent(share), level, score.failed)


def percent(hundredths: int) -> str:
    """A share for people.

    >>> percent(9905)
    '99.05 %'
    """
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def cells(scores: Mapping[Any, summary.Score], key: Any) -> list[tuple[Any, Cell]]:
    """The six scores of a source or a day, each beside the name of its dimension."""
    return [
        (title, cell(scores.get((key, each), summary.NOTHING)))
        for each, title in rules.DIMENSIONS.items()
    ]


def first_day(today: date) -> date:
    return today - timedelta(days=DAYS)


@dataclass(frozen=True)
class Scored:
    """One source with its six scores. ``pk``: its code."""

    pk: str
    name: str
    cells: dict[rules.Dimension, Cell]
    scores: dict[rules.Dimension, summary.Score]

    @property
    def worst(self) -> int:
        """The lowest score, in hundredths of a per cent."""
        shares = [score.hundredths for score in self.scores.values()]
        return min((share for share in shares if share is not None), default=10_000)

    @property
    def level(self) -> str:
        return "ok" if self.worst >= GOOD else "warn" if self.worst >= FAIR else "bad"


def by_source(today: date) -> list[Scored]:
    """A row for each source that sent something in the last days: its six scores. 1 query."""
    found = summary.lines(settings.LAKE, since=first_day(today))
    scores = summary.added_up(found, "source_id", "dimension")
    codes, names = scoring.source_codes(settings.LAKE), source_names()
    rows = []
    for number in {number for number, _dimension in scores}:
        code = codes.get(number, str(number))
        own = {each: scores.get((number, each), summary.NOTHING) for each in rules.DIMENSIONS}
        rows.append(Scored(code, names.get(code, code), {k: cell(v) for k, v in own.items()}, own))
    return rows


def source_names() -> dict[str, str]:
    return dict(Source.objects.values_list("code", "name"))


@dataclass(frozen=True)
class Kept:
    """One rule and how many rows of a source kept it. ``number``: its place among the rules."""

    pk: str
    number: int
    rule: rules.Rule
    score: summary.Score

    @property
    def title(self) -> str:
        return str(self.rule.title)

    @property
    def share(self) -> int:
        """In hundredths of a per cent; all where nothing was asked."""
        found = self.score.hundredths
        return 10_000 if found is None else found

    @property
    def failed(self) -> int:
        return self.score.failed

    @property
    def checked(self) -> int:
        return self.score.checked


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
            Kept(each.code, number, each, by_rule[each.code,])
            for number, each in enumerate(rules.RULES)
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


@dataclass(frozen=True)
class Sending:
    """One source on the board. ``matched``: share of its rows whose learner is known.

    Attributes:
        sums: received, accepted, duplicate, quarantined over all of its batches; {} without any.
        held: batches that wait for a steward.
        contract: the version in force; 0 without one.
        silent_hours: since the last arrival; None where nothing ever came.
        is_late: silent for longer than was agreed.
    """

    source: Source
    sums: dict[str, int]
    matched: str
    held: int
    contract: int
    silent_hours: int | None
    is_late: bool

    @property
    def pk(self) -> str:
        return self.source.code

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def last_received_at(self) -> datetime | None:
        return self.source.last_received_at

    @property
    def received(self) -> int | None:
        return self.sums.get("received")

    @property
    def words(self) -> str:
        """All that a search looks through."""
        return f"{self.source.code} {self.source.name}".lower()

    @property
    def rank(self) -> int:
        """Sources that somebody has to look at come first."""
        return 0 if self.is_late or self.held else 1 if self.source.paused_at else 2


def board(now: datetime) -> list[Sending]:
    """A row for each source: last arrival, rows, learners known, contract, lag. 1 query."""
    root = settings.LAKE
    arrived, contracts = batches(root), in_force(root)
    numbers = {code: number for number, code in scoring.source_codes(root).items()}
    found = summary.lines(root, since=first_day(clock.local_date(now)))
    matched = summary.added_up((line for line in found if line["rule"] == MATCHED), "source_id")
    waiting: dict[int, int] = {}
    for row in holding.held(root):
        waiting[row["source_id"]] = waiting.get(row["source_id"], 0) + (not row["verdict"])
    rows = []
    for source in Source.objects.order_by("name", "pk"):
        number, contract = numbers.get(source.code, 0), contracts.get(OF_SOURCE + source.code)
        silent, is_late = lag(source, contract.latest_hours if contract else 0, now)
        share = cell(matched.get((number,), summary.NOTHING)).text
        version = contract.version if contract else 0
        held_ = waiting.get(number, 0)
        sums = arrived.get(number, {})
        rows.append(Sending(source, sums, share, held_, version, silent, is_late))
    return rows


def allowed_silence(source: Source, hours: int) -> timedelta | None:
    """How long a source may send nothing: as its contract says, else as its terms say.

    Args:
        hours: of the contract; 0 where it says nothing.
    """
    if hours:
        return timedelta(hours=hours)
    seconds = source.silent_after_seconds
    return timedelta(seconds=seconds) if seconds else None


def lag(source: Source, hours: int, now: datetime) -> tuple[int | None, bool]:
    """How many hours a source has been silent, and whether that is longer than was agreed."""
    if source.last_received_at is None:
        return None, False
    silent, allowed = now - source.last_received_at, allowed_silence(source, hours)
    return int(silent.total_seconds() // 3600), allowed is not None and silent > allowed


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
