"""The list of requirements, and the mark of a test that holds one."""

from __future__ import annotations

import ast
import csv
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).resolve().parent
VERSIONS = ("1.0.3", "2.0.0")


class Requirement(NamedTuple):
    """A row of ``requirements.tsv``; ``not_a_servers`` says why no server can fail it, if so."""

    code: str
    versions: tuple[str, ...]
    part: str
    words: str
    not_a_servers: str


class Held(NamedTuple):
    """A test that holds a requirement: its name, and the versions it runs in."""

    name: str
    versions: tuple[str, ...]


def requirement(
    code: str, words: str, versions: tuple[str, ...] = VERSIONS
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a test as the one that holds a requirement; may be repeated for several.

    The test runs once for each version of its marks with the fixture ``lrs``, a client that speaks
    it. Code, words and versions are written as literals: the table is made without running tests.

    Args:
        code: as in ``requirements.tsv``.
        words: what this test shows, in a few words.
        versions: in which it is shown; those of the requirement that it covers.
    """
    return pytest.mark.requirement(code, words, versions)


def listed() -> list[Requirement]:
    """Every requirement, in the order of the texts."""
    with (HERE / "requirements.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Requirement(
                row["code"], tuple(row["versions"].split()), row["part"], row["words"],
                row["not_a_servers"] or "",
            )
            for row in rows
        ]  # fmt: skip


def held() -> dict[str, list[Held]]:
    """The tests of each requirement by its code, read from the test files without running them."""
    found: dict[str, list[Held]] = defaultdict(list)
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for code, versions in _marks(node):
                    found[code].append(Held(f"{path.name}::{node.name}", versions))
    return dict(found)


def _marks(node: ast.FunctionDef) -> list[tuple[str, tuple[str, ...]]]:
    marks = []
    for each in node.decorator_list:
        if isinstance(each, ast.Call) and getattr(each.func, "id", "") == "requirement":
            given = {word.arg: ast.literal_eval(word.value) for word in each.keywords}
            values = [ast.literal_eval(value) for value in each.args]
            code = values[0] if values else given["code"]
            late = values[2] if len(values) > 2 else given.get("versions", VERSIONS)
            marks.append((code, tuple(late)))
    return marks


def missing(row: Requirement, tests: list[Held]) -> tuple[str, ...]:
    """The versions of a requirement that no test runs in; none where no server can fail it."""
    if row.not_a_servers:
        return ()
    covered = {version for test in tests for version in test.versions}
    return tuple(version for version in row.versions if version not in covered)
