"""Writes the reference pages from the code; ``--check`` fails when one is out of date.

Settings, error codes, indicators, addresses and commands: what the code knows is not written twice.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
os.environ.setdefault("XUEQIAO_HOME", tempfile.mkdtemp())

import django

django.setup()

from django.core.management import get_commands, load_command_class  # noqa: E402
from django.urls import URLPattern, URLResolver, get_resolver  # noqa: E402
from django.utils import translation  # noqa: E402

import xueqiao  # noqa: E402
from xueqiao import config  # noqa: E402
from xueqiao.kernel import errors  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conformance import requirement  # noqa: E402 - found below the folder of the project

PAGES = ROOT / "docs/reference"
HEAD = "<!-- Written by `make docs` from the code. Do not edit. -->\n"


def cell(text: object) -> str:
    """Text that stays in one table cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(*rows: tuple[object, ...]) -> str:
    head, *rest = rows
    lines = [head, tuple("---" for _ in head), *rest]
    return "\n".join("| " + " | ".join(cell(part) for part in line) + " |" for line in lines) + "\n"


def load_everything() -> None:
    """Import every module, so that every refusal is known."""
    for module in pkgutil.walk_packages(xueqiao.__path__, "xueqiao."):
        if ".migrations" not in module.name and ".management" not in module.name:
            importlib.import_module(module.name)


def settings_page() -> str:
    rows = [
        (f"`{row['env']}`", f"`{row['default']}`", row["meaning"]) for row in config.described()
    ]
    return f"{HEAD}# Settings\n\nRead once, at start, from the environment.\n\n" + table(
        ("variable", "default", "meaning"), *rows
    )


def said(kind: type, code: str) -> str:
    """The first line of a refusal's own docstring, or its code in words."""
    own = (kind.__dict__.get("__doc__") or "").strip()
    return (
        own.splitlines()[0] if own else code.rpartition(".")[2].replace("_", " ").capitalize() + "."
    )


def errors_page() -> str:
    rows = [
        (f"`{code}`", kind.status, said(kind, code))
        for code, kind in sorted(errors.REGISTRY.items())
        if kind.__module__.startswith("xueqiao.")
    ]
    return (
        f"{HEAD}# Refusals\n\nEach has a code, a sentence that says what to do, and an HTTP "
        "status; a command ends with status 2.\n\n" + table(("code", "status", "when"), *rows)
    )


def commands_page() -> str:
    rows = []
    for name in sorted(n for n, app in get_commands().items() if app == "xueqiao.cli"):
        command = load_command_class("xueqiao.cli", name)
        rows.append((f"`xueqiao {name}`", command.help, f"`{command.policy.code}`"))
    return f"{HEAD}# Commands\n\n" + table(("command", "what it does", "policy"), *rows)


def views(
    patterns: list[URLPattern | URLResolver], before: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for each in patterns:
        here = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from views(each.url_patterns, here)
        else:
            yield here, each


def addresses_page() -> str:
    rows = []
    for address, each in views(get_resolver().url_patterns):
        policy = getattr(each.callback, "policy", None)
        doc = (each.callback.__doc__ or "").strip().splitlines() or [""]
        rows.append((f"`/{address}`", f"`{policy.code}`" if policy else "", doc[0]))
    return f"{HEAD}# Addresses\n\n" + table(("address", "policy", "what it answers"), *sorted(rows))


def indicators_page() -> str:
    from xueqiao.monitor import indicators  # noqa: PLC0415 - heavy, and only needed here

    parts = [f"{HEAD}# Indicators\n"]
    for each in indicators.ALL:
        target = each.target
        rows = [
            ("meaning", each.meaning),
            ("version", each.version),
            ("unit", each.unit.value),
            ("registers", ", ".join(each.registers)),
            ("clock", "the whole year" if each.clock.value == "during" else "the last day covered"),
            ("better", each.better.value),
            (
                "target",
                f"{'>' if target.strictly else '≥'} {target.value} ({target.basis})"
                if target
                else "none",
            ),
            ("source", each.source),
        ]
        parts.append(f"\n## {each.code} {cell(each.title)}\n\n" + table(("what", "value"), *rows))
        for name, measure in (("Numerator", each.numerator), ("Denominator", each.denominator)):
            if measure is not None:
                parts.append(
                    f"\n{name}: {measure.counts.value}, roll-up {measure.rolls_up.value}\n\n"
                    f"```sql\n{measure.sql.strip()}\n```\n"
                )
    return "".join(parts)


def xapi_page() -> str:
    """Every requirement of xAPI with the tests that hold it, read from the tests."""
    rows, tests = requirement.listed(), requirement.held()
    lead = (
        "The numbers are those of ADL's list for learning record stores; what 2.0.0 adds has "
        "names of our own. The tests are in `tests/conformance`; they run on both databases."
    )
    parts = [f"{HEAD}# xAPI, requirement by requirement\n\n{lead}\n"]
    for part in dict.fromkeys(row.part for row in rows):
        lines = [_requirement(row, tests) for row in rows if row.part == part]
        parts.append(
            f"\n## {part}\n\n"
            + table(("requirement", "words", "versions", "tests", "status"), *lines)
        )
    return "".join(parts)


def _requirement(
    row: requirement.Requirement, tests: dict[str, list[requirement.Held]]
) -> tuple[str, ...]:
    found = tests.get(row.code, [])
    left = requirement.missing(row, found)
    status = f"no test in {' and '.join(left)}" if left else "held by a test"
    if row.not_a_servers:
        status = f"not a server's to fail: {row.not_a_servers}"
    names = ", ".join(f"`{test.name}`" for test in found)
    return row.code, row.words, ", ".join(row.versions), names, status


WRITERS = {
    "xapi.md": xapi_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "commands.md": commands_page,
    "addresses.md": addresses_page,
    "indicators.md": indicators_page,
}


def main(check: bool) -> int:
    """Write the pages, or say which differ."""
    load_everything()
    stale = []
    with translation.override("en"):
        for name, write in WRITERS.items():
            text, path = write(), PAGES / name
            if check and (not path.exists() or path.read_text() != text):
                stale.append(name)
            elif not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run: make docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
