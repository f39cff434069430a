"""Counts again, from the raw files and in plain Python, what ``make demo`` says that it did.

Shares no code with the product: it reads the sample files with the csv module and compares with the
account in ``demo.json``. Ends with status 1 when a number differs.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

try:
    from tools import recount_silver
except ModuleNotFoundError:  # started as a script: its own folder is the first to be searched
    import recount_silver  # type: ignore[no-redef]

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "src/xueqiao/sample"
PROVINCES = ("32", "43")

# What `xueqiao demo_chain` adds beside the raw files: two passed classes of the demo's learner, one
# of them a module of 60 credits.
DEMO_PASSES, DEMO_FORMAL_HUNDREDTHS = 2, 6000


def rows(name: str) -> list[dict[str, str]]:
    """A CSV file of the sample, packed or not."""
    data = (SAMPLE / name).read_bytes()
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def places() -> Iterator[tuple[str, int]]:
    """Units by register and level, as the two registers list them."""
    upper = Counter(
        row["level"]
        for row in rows("regions/divisions_cn_l1_l4.csv")
        if row["code"][:2] in PROVINCES
    )
    villages = len(rows("regions/divisions_js_l5.csv")) + len(rows("regions/divisions_hn_l5.csv"))
    civil = Counter(
        row["level"]
        for row in rows("regions/divisions_mca2025_l1_l4.csv")
        if row["code"][:2] in PROVINCES
    )
    for level in "1234":
        yield f"places.nbs.{level}", upper[level]
        yield f"places.mca.{level}", civil[level]
    yield "places.nbs.5", villages


def funmooc() -> Iterator[tuple[str, int]]:
    """Statements by whether their id came before."""
    with gzip.open(SAMPLE / "funmooc/statements.jsonl.gz", "rt", encoding="utf-8") as lines:
        seen = Counter(json.loads(line)["id"] for line in lines)
    yield "records.funmooc.received", sum(seen.values())
    yield "records.funmooc.accepted", len(seen)
    yield "records.funmooc.duplicate", sum(seen.values()) - len(seen)


def exists(text: str) -> bool:
    """Whether a day as Moodle writes it (d/mm/yy, HH:MM) is in the calendar."""
    found = re.match(r"(\d+)/(\d+)/(\d+), ", text)
    if not found:
        return False
    day, month, year = map(int, found.groups())
    try:
        date(2000 + year, month, day)
    except ValueError:
        return False
    return True


def moodle() -> Iterator[tuple[str, int]]:
    """Rows, and those set apart for a reason that the raw row shows, the first one that holds."""
    count: Counter[str] = Counter()
    for path in sorted((SAMPLE / "moodle").glob("*.csv.gz")):
        before: set[tuple[str, ...]] = set()
        for row in rows(f"moodle/{path.name}"):
            count["received"] += 1
            cells = tuple(row.values())
            is_repeat = cells in before
            before.add(cells)
            if not exists(row["Time"]):
                count["reasons.time_impossible"] += 1
            elif row["Origin"] in {"cli", "restore"}:
                count["reasons.not_a_learner"] += 1
            elif row["Event name"] == "Log report viewed":
                count["reasons.export"] += 1
            elif not row["Description"]:
                count["reasons.description_empty"] += 1
            elif row["Description"].startswith("??"):
                count["reasons.text_damaged"] += 1
            elif not re.match(r"(The user|User) with id '?\d", row["Description"]):
                count["reasons.nobody"] += 1
            else:
                count["reasons.row_repeated" if is_repeat else "accepted"] += 1
    yield "records.moodle.duplicate", 0
    for name, n in count.items():
        yield f"records.moodle.{name}", n


def oulad() -> Iterator[tuple[str, int]]:
    """Statements, results and credits of the Open University's tables."""
    registered = rows("oulad/studentRegistration.csv.gz")
    results = rows("oulad/studentAssessment.csv.gz")
    info = rows("oulad/studentInfo.csv.gz")
    facts = len(registered) + sum(1 for row in registered if row["date_unregistration"])
    no_day = sum(1 for row in registered if not row["date_registration"])
    no_score = sum(1 for row in results if not row["score"])
    yield "records.oulad.received", facts + len(results)
    yield "records.oulad.accepted", facts + len(results) - no_day - no_score
    yield "records.oulad.duplicate", 0
    yield "records.oulad.reasons.time_missing", no_day
    yield "records.oulad.reasons.score_missing", no_score
    for result, n in Counter(row["final_result"] for row in info).items():
        yield f"hall.results.{result.lower()}", n + (DEMO_PASSES if result == "Pass" else 0)
    passed = [row for row in info if row["final_result"] in {"Pass", "Distinction"}]
    # The rule: a passed registration is worth its studied credits, once.
    yield (
        "credit.by_source_hundredths.formal",
        100 * sum(int(row["studied_credits"]) for row in passed) + DEMO_FORMAL_HUNDREDTHS,
    )


def published() -> Iterator[tuple[str, int]]:
    """Numbers that the requirements state."""
    towns = {
        "mca": [
            1234,
            sum(
                1
                for r in rows("regions/divisions_mca2025_l1_l4.csv")
                if r["level"] == "4" and r["code"].startswith("32")
            ),
        ],
        "nbs": [
            1234,
            sum(
                1
                for r in rows("regions/divisions_cn_l1_l4.csv")
                if r["level"] == "4" and r["code"].startswith("32")
            ),
        ],
    }
    for register, pair in towns.items():
        yield f"indicators.N02.{register}.0", pair[0]
        yield f"indicators.N02.{register}.1", pair[1]
    yield "catalogue.courses", len(rows("mooccube/course_descriptions_zh.csv"))


def said(account: dict, path: str) -> int | None:
    value: object = account
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
    return value if isinstance(value, int) else None


def differences(account: dict) -> tuple[int, list[str]]:
    """How many numbers were compared, and a line for each that differs."""
    compared, wrong = 0, []
    for part in (places, funmooc, moodle, oulad, published, *recount_silver.PARTS):
        for path, counted in part():
            compared += 1
            if said(account, path) != counted:
                wrong.append(
                    f"{path}: the account says {said(account, path)}, the raw files say {counted}"
                )
    for source, found in account["records"].items():
        compared += 1
        if found["received"] != found["accepted"] + found["duplicate"] + found["quarantined"]:
            wrong.append(f"records.{source} does not add up: {found}")
        if found["quarantined"] != sum(found["reasons"].values()):
            wrong.append(f"records.{source}: reasons do not add up to the quarantined")
    return compared, wrong


def main() -> int:
    home = Path(os.environ.get("XUEQIAO_HOME") or "var")
    account = json.loads((home / "demo.json").read_text())["account"]
    compared, wrong = differences(account)
    print(
        "\n".join(wrong)
        if wrong
        else f"{compared} numbers of the account, counted again: all equal"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
