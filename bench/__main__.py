"""``make bench``: every bar in a process of its own, one table out.

A bar is a module of this folder with ``run()``, which gives rows ``{"what", "value", "unit"}``.
Each runs with a scratch home, on SQLite unless XUEQIAO_DATABASE_URL says otherwise; its peak
memory is that of its whole process. Figures are ratios to a bar or a limit of the same run; no
test depends on them.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "docs/reference/performance.md"


def bars() -> list[str]:
    """Names of the bars, in order."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def rows_of(answer: dict | Iterable[dict]) -> list[dict]:
    return [answer] if isinstance(answer, dict) else list(answer)


def child(name: str) -> None:
    """Run one bar and print its rows as JSON."""
    import django  # noqa: PLC0415 - the parent needs no Django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
    django.setup()
    rows = rows_of(import_module(f"bench.{name}").run())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print("\n" + json.dumps([{**row, "bar": name, "peak_mib": peak} for row in rows]))


def measure(name: str) -> list[dict]:
    with tempfile.TemporaryDirectory(prefix="xueqiao-bench-") as home:
        done = subprocess.run(
            [sys.executable, "-m", "bench", "--child", name],
            cwd=HERE.parent,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "XUEQIAO_HOME": home, "XUEQIAO_DEMO": "1"},
        )
    if done.returncode:
        sys.exit(f"The bar {name} did not finish; see above.")
    return json.loads(done.stdout.strip().splitlines()[-1])


def text_of(rows: list[dict]) -> str:
    day = datetime.now(UTC).date()
    database = "PostgreSQL" if os.environ.get("XUEQIAO_DATABASE_URL") else "SQLite"
    lines = [
        "# Performance",
        "",
        "Written by `make bench`. Figures of one run on one machine: read ratios, not promises.",
        "",
        f"{day}, {database}, Python {platform.python_version()}, {os.cpu_count()} cores",
        "",
        "| bar | what | value | unit | limit | peak memory |",
        "| --- | --- | ---: | --- | --- | ---: |",
    ]
    for row in rows:
        value = row["value"]
        shown = f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
        lines.append(
            f"| {row['bar']} | {row['what']} | {shown} | {row['unit']} | {row.get('limit', '')} "
            f"| {row['peak_mib']} MiB |"
        )
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> None:
    rows = []
    for name in names or bars():
        print(f"measuring {name} ...", flush=True)
        rows += measure(name)
    text = text_of(rows)
    print(text)
    if not names:
        TABLE.write_text(text)


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[-1])
    else:
        main(sys.argv[1:])
