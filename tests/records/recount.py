"""A second count of the sample files, in plain Python and in another way than the mappings'."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

from xueqiao import sample

SAMPLE = Path(sample.__file__).parent
# As the publisher's description of the files says.
WINDOWS = {"module1-f19.csv.gz", "module1-sp20.csv.gz"}


def funmooc(folder=SAMPLE):
    """Received, accepted, duplicate, quarantined by reason."""
    with gzip.open(folder / "funmooc/statements.jsonl.gz", "rt", encoding="utf-8") as lines:
        first: dict[str, str] = {}
        same = other = 0
        for line in lines:
            number = json.loads(line)["id"]
            if number not in first:
                first[number] = line
            elif first[number] == line:
                same += 1
            else:
                other += 1
    reasons = {"conflict": other} if other else {}
    return len(first) + same + other, len(first), same, reasons


def moodle(folder=SAMPLE):
    """Every row is one item; what equals an earlier row of its file is held, if nothing else is."""
    reasons: Counter[str] = Counter()
    received = 0
    for path in sorted((folder / "moodle").iterdir()):
        raw = gzip.decompress(path.read_bytes())
        text = raw.decode("cp1252" if path.name in WINDOWS else "utf-8")
        earlier = set()
        for row in csv.DictReader(text.splitlines(keepends=True)):
            received += 1
            cells = tuple(row.values())
            why = moodle_reason(row) or ("row_repeated" if cells in earlier else "")
            earlier.add(cells)
            if why:
                reasons[why] += 1
    return received, received - sum(reasons.values()), 0, dict(reasons)


def moodle_reason(row):  # noqa: PLR0911 - one line a reason
    day, month, year = map(int, row["Time"].split(",")[0].split("/"))
    said = row["Description"]
    try:
        date(2000 + year, month, day)
    except ValueError:
        return "time_impossible"
    if row["Origin"] not in {"web", "ws"}:
        return "not_a_learner"
    if row["Event name"].startswith("Log report"):
        return "export"
    if said == "":
        return "description_empty"
    if said.startswith("??"):
        return "text_damaged"
    if not re.search(r"^(The user|User) with id '?\d", said):
        return "nobody"
    return ""


def oulad(folder=SAMPLE):
    """A registration is one fact, and one more where it was given back; a result is one."""
    reasons: Counter[str] = Counter()
    received = 0
    with gzip.open(folder / "oulad/studentRegistration.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            received += 1 + bool(row["date_unregistration"])
            reasons["time_missing"] += row["date_registration"] == ""
    with gzip.open(folder / "oulad/studentAssessment.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            received += 1
            if row["score"] == "":
                reasons["score_missing"] += 1
            elif not 0 <= float(row["score"]) <= 100:
                reasons["score_impossible"] += 1
    reasons = Counter({why: n for why, n in reasons.items() if n})
    return received, received - sum(reasons.values()), 0, dict(reasons)
