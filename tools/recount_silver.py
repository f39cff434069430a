"""Counts the events of silver again from the raw files, in plain Python and without the product.

What an item means is decided here from the file itself, the name of a Moodle event or a column of
OULAD, and not from the verbs and code tables that the lake goes by.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SAMPLE = Path(__file__).resolve().parent.parent / "src/xueqiao/sample"
SHANGHAI, MUSCAT = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Muscat")
LEARNT = {"played", "completed", "downloaded"}
"""Last words of the verbs of FUN-MOOC that count as learning."""
PROGRESS = "https://w3id.org/xapi/video/extensions/progress"
FILM = "https://w3id.org/xapi/video/activity-type/video"

Counted = Iterator[tuple[str, int]]


class Tally:
    """Events by family, sums, and days of learners of one source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.families: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()
        self.days: set[tuple[str, date]] = set()

    def add(self, family: str, who: str, day: date, **sums: int) -> None:
        self.families[family] += 1
        self.sums.update(sums)
        self.days.add((who, day))

    def all(self) -> Counted:
        for family, n in self.families.items():
            yield f"silver.{self.source}.events.{family}", n
        for name in ("counted", "completions", "score_hundredths", "progress_hundredths"):
            yield f"silver.{self.source}.{name}", self.sums[name]
        yield f"silver.{self.source}.learner_days", len(self.days)
        yield f"silver.{self.source}.duplicates", 0


def funmooc() -> Counted:
    """A week of statements as they are: by the object's type and the last word of the verb."""
    tally, seen = Tally("funmooc"), set()
    with gzip.open(SAMPLE / "funmooc/statements.jsonl.gz", "rt", encoding="utf-8") as lines:
        for one in map(json.loads, lines):
            if one["id"] in seen:
                continue
            seen.add(one["id"])
            word = one["verb"]["id"].rsplit("/", 1)[1]
            is_film = one["object"].get("definition", {}).get("type") == FILM
            share = one.get("result", {}).get("extensions", {}).get(PROGRESS)
            tally.add(
                "video" if is_film else "session",
                one["actor"]["account"]["name"],
                datetime.fromisoformat(one["timestamp"]).astimezone(SHANGHAI).date(),
                counted=word in LEARNT,
                completions=word == "completed",
                progress_hundredths=0 if share is None else math.floor(share * 100 + 0.5),
            )
    yield from tally.all()


def moodle() -> Counted:
    """Rows of the logs that name a learner and a day that exists, each once in its file."""
    tally = Tally("moodle")
    for path in sorted((SAMPLE / "moodle").glob("*.csv.gz")):
        before: set[tuple[str, ...]] = set()
        for row in csv.DictReader(io.StringIO(decoded(gzip.decompress(path.read_bytes())))):
            cells = tuple(row.values())
            if cells in before:
                continue
            before.add(cells)
            said, name, at = row["Description"], row["Event name"], minute(row["Time"])
            who = re.match(r"(?:The user|User) with id '?(\d+)", said)
            if at is None or row["Origin"] in {"cli", "restore"} or who is None:
                continue
            if name == "Log report viewed":
                continue
            family, counted = moodle_family(name)
            other = re.search(r" the user with id '(\d+)'", said) if family == "enrolment" else None
            day = at.astimezone(SHANGHAI).date()
            tally.add(family, (other or who)[1], day, counted=counted)
    yield from tally.all()


def moodle_family(name: str) -> tuple[str, bool]:
    """The family of an event, and whether it counts as learning."""
    if name.rstrip(".").endswith("viewed") or "downloaded" in name or name == "Meeting joined":
        return "session", True
    if "been submitted" in name or "been uploaded" in name:
        return "assessment", True
    if name in {"User graded", "The submission has been graded."}:
        return "assessment", False
    if name == "Comment created":
        return "discussion", True
    if name.startswith(("User enrolled", "User unenrolled")):
        return "enrolment", False
    return "other", False


def minute(text: str) -> datetime | None:
    """A local minute of the site; None where the calendar has no such day."""
    day, month, year, hour, minutes = map(int, re.split(r"[/, :]+", text))
    try:
        return datetime(2000 + year, month, day, hour, minutes, tzinfo=MUSCAT)
    except ValueError:
        return None


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def oulad() -> Counted:
    """A registration, and its end; a result with its score, which banked ones do not count."""
    tally = Tally("oulad")
    for row in table("studentRegistration"):
        for column in ("date_registration", "date_unregistration"):
            if row[column]:
                day = start(row["code_presentation"]) + timedelta(days=int(row[column]))
                tally.add("enrolment", row["id_student"], day)
    with (SAMPLE / "oulad/assessments.csv").open(encoding="utf-8") as lines:
        presentation = {
            row["id_assessment"]: row["code_presentation"] for row in csv.DictReader(lines)
        }
    for row in table("studentAssessment"):
        if row["score"]:
            day = start(presentation[row["id_assessment"]])
            is_new = row["is_banked"] != "True"
            tally.add(
                "assessment",
                row["id_student"],
                day + timedelta(days=int(row["date_submitted"])),
                counted=is_new,
                completions=is_new,
                score_hundredths=int(row["score"]),
            )
    yield from tally.all()


def table(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(SAMPLE / f"oulad/{name}.csv.gz", "rt", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def start(presentation: str) -> date:
    """2013J began in October 2013, 2014B in February 2014; the first of the month is ours."""
    return date(int(presentation[:4]), {"B": 2, "J": 10}[presentation[4]], 1)


PARTS = (funmooc, moodle, oulad)
