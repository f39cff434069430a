"""Held batches: those that break more of a rule than their source's contract allows.

``quality.held`` is what stage leaves out. It follows from scores, contracts and decisions, and is
written only when it has changed; a batch that leaves it comes into stage with the next build, which
makes anew exactly the months it touches.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from xueqiao.kernel import clock
from xueqiao.lake import sources, tables
from xueqiao.lake.contracts import decided
from xueqiao.lake.contracts.contract import OF_SOURCE, Contract
from xueqiao.lake.quality import rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

HELD = "quality.held"
DAYS_JUDGED, DAYS_LOOKED_AT, USUAL_AT_LEAST = 14, 28, 100
COLUMNS = sources.columns(
    batch_id=sources.BIG, source_id=sources.BIG, rule=sources.TEXT, value=sources.TEXT,
    checked=sources.BIG, failed=sources.BIG, since=sources.INSTANT, verdict=sources.TEXT,
)  # fmt: skip
Row = dict[str, Any]


def refresh(
    *, root: Path, contracts: Mapping[str, Contract], codes: dict[int, str], at: datetime
) -> int:
    """Bring ``quality.held`` up to date. Returns how many batches are held."""
    scores = tables.Table(root, "quality.score").opened()
    found: dict[int, Row] = {}
    if scores is not None:
        agreed = {
            number: contracts[OF_SOURCE + code]
            for number, code in codes.items()
            if OF_SOURCE + code in contracts
        }
        found = {**of_volume(root, scores, agreed, at), **of_rules(scores, agreed)}
    verdicts = decided.about_batches(root)
    rows = [
        {**row, "verdict": verdicts.get(batch, "")}
        for batch, row in sorted(found.items())
        if verdicts.get(batch) != decided.RELEASE
    ]
    write(root, rows)
    return len(rows)


def write(root: Path, rows: list[Row]) -> None:
    table = tables.Table(root, HELD)
    stamp = tables.number(rows)
    if table.marks(["stamp"]).get("stamp") != stamp:
        table.commit(
            batches=sources.reader(COLUMNS, sources.as_tables(COLUMNS, rows)),
            marks={"stamp": stamp},
            replace="everything",
        )


def of_rules(scores: Any, agreed: Mapping[int, Contract]) -> dict[int, Row]:
    """Batches of which more rows break a rule than may."""
    lines = scores.to_pyarrow_dataset().to_table(filter=ds.field("batch_id").is_valid())
    found: dict[int, Row] = {}
    for line in merged(lines.to_pylist(), agreed):
        contract = agreed.get(line["source_id"])
        if rules.breaks(
            rules.measure(line["rule"], contract),
            checked=line["checked"],
            failed=line["failed"],
            at_least=1 if contract else rules.FLOOD,
        ):
            # The first rule in the order of their names stands for the batch.
            found.setdefault(line["batch_id"], line)
    return found


def merged(lines: list[Row], agreed: Mapping[int, Contract]) -> list[Row]:
    """Scores of batches added up: by rule, without verbs that were agreed to since."""
    found: dict[tuple[int, str], Row] = {}
    for line in sorted(
        lines, key=lambda line: (line["batch_id"], line["rule"], line["value"] or "")
    ):
        contract = agreed.get(line["source_id"])
        if line["rule"] == rules.VERB_AGREED and (
            contract is None or not contract.verbs or line["value"] in contract.verbs
        ):
            continue
        if line["rule"] not in rules.BY_CODE:
            continue
        key = (line["batch_id"], line["rule"])
        known = found.setdefault(
            key,
            {
                "batch_id": line["batch_id"], "source_id": line["source_id"],
                "rule": line["rule"], "value": line["value"], "checked": 0, "failed": 0,
                "since": line["checked_at"],
            },
        )  # fmt: skip
        known["failed"] += line["failed"]
        known["checked"] = max(known["checked"], line["checked"])
        known["since"] = min(known["since"], line["checked_at"])
        if line["value"] and line["value"] not in (known["value"] or ""):
            known["value"] = f"{known['value']} {line['value']}"[:1000]
    return list(found.values())


def of_volume(
    root: Path, scores: Any, agreed: Mapping[int, Contract], at: datetime
) -> dict[int, Row]:
    """Batches of days that brought far less than is usual, for sources with a contract."""
    today = clock.local_date(at)
    since = today - timedelta(days=DAYS_JUDGED + DAYS_LOOKED_AT)
    asked = (
        ds.field("batch_id").is_null() & (ds.field("rule") == "rows") & (ds.field("day") >= since)
    )
    by_source: dict[int, dict[date, int]] = {}
    for line in scores.to_pyarrow_dataset().to_table(filter=asked).to_pylist():
        days = by_source.setdefault(line["source_id"], {})
        days[line["day"]] = days.get(line["day"], 0) + line["checked"]
    fallen = {
        (source, day): (days[day], usual)
        for source, days in by_source.items()
        if source in agreed
        for day, usual in fallen_days(days, today, agreed[source].least_percent)
    }
    return batches_of(root, fallen) if fallen else {}


def fallen_days(days: dict[date, int], today: date, least_percent: int) -> list[tuple[date, int]]:
    """The closed days on which less came than so many percent of the usual, with the usual."""
    found = []
    for day in sorted(days):
        if not today - timedelta(days=DAYS_JUDGED) <= day < today:
            continue
        before = {
            each: rows
            for each, rows in days.items()
            if day - timedelta(days=DAYS_LOOKED_AT) <= each < day
        }
        same: dict[int, list[int]] = {}
        for each, rows in before.items():
            same.setdefault(each.weekday(), []).append(rows)
        usual = rules.usual(same, day.weekday(), list(before.values()))
        if usual >= USUAL_AT_LEAST and days[day] * 100 < usual * least_percent:
            found.append((day, usual))
    return found


def batches_of(root: Path, fallen: dict[tuple[int, date], tuple[int, int]]) -> dict[int, Row]:
    """The batches that came from these sources on these days."""
    opened = tables.Table(root, "bronze.batch").opened()
    days = [day for _source, day in fallen]
    asked = (
        ds.field("source_id").isin(sorted({source for source, _day in fallen}))
        & (ds.field("received_at") >= instant(min(days)))
        & (ds.field("received_at") < instant(max(days) + timedelta(days=1)))
    )
    lines = [] if opened is None else opened.to_pyarrow_dataset().to_table(filter=asked).to_pylist()
    found: dict[int, Row] = {}
    for line in lines:
        day = clock.local_date(line["received_at"])
        if (line["source_id"], day) in fallen:
            received, usual = fallen[line["source_id"], day]
            found[line["batch_id"]] = {
                "batch_id": line["batch_id"], "source_id": line["source_id"],
                "rule": rules.VOLUME, "value": day.isoformat(), "checked": usual,
                "failed": usual - received, "since": clock.start_of(day + timedelta(days=1)),
            }  # fmt: skip
    return found


def instant(day: date) -> pa.Scalar:
    """The beginning of a day in Asia/Shanghai, to compare a column with."""
    return pa.scalar(clock.start_of(day), sources.INSTANT)


def held(root: Path) -> list[Row]:
    """What is held now, by batch."""
    opened = tables.Table(root, HELD).opened()
    rows: list[Row] = [] if opened is None else opened.to_pyarrow_table().to_pylist()
    return sorted(rows, key=lambda row: int(row["batch_id"]))
