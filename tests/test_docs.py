"""The documents: every link leads somewhere, every decision says what checks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs/decisions").glob("*.md")), ids=lambda p: p.stem
)
def test_a_decision_says_why_and_what_checks_it(page):
    text = page.read_text()
    number = int(page.stem.split("-")[0])
    assert re.match(rf"#\s*{number}\.\s", text)
    for part in ("Context", "Decision", "Checked by"):
        assert part in text, part


def test_decision_numbers_are_given_once():
    numbers = [page.stem.split("-")[0] for page in (ROOT / "docs/decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))


def test_the_files_that_a_record_names_exist():
    """What a decision says checks it is there."""
    pattern = r"\b((?:tests|tools|src|bench|docs)/[\w./-]+\.(?:py|md|sql|mjs))"
    missing = [
        f"{page.name}: {name}"
        for page in (ROOT / "docs/decisions").glob("*.md")
        for name in re.findall(pattern, page.read_text())
        if not (ROOT / name).exists()
    ]
    assert missing == []


def test_the_readme_names_every_target_of_make():
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    text = (ROOT / "README.md").read_text()
    assert [
        t
        for t in ("demo", "test", "test-postgres", "check", "bench", "docs")
        if f"make {t}" not in text
    ] == []
    assert set(targets) >= {"demo", "test", "test-postgres", "check", "bench", "docs", "clean"}


def test_the_feature_table_of_the_credit_bank_names_tests_that_are_there():
    page = (ROOT / "docs/reference/credit-bank.md").read_text()
    rows = {int(n) for n in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert rows == set(range(1, 36))
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?", page)
    assert len(named) > 60
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or (name and f"def {name}(" not in (ROOT / path).read_text())
    ]
    assert missing == []
