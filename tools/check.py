"""Everything that is checked without running the product. Each line says what it found."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS: dict[str, list[str]] = {
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "types": [str(BIN / "mypy")],
    "imports": [str(BIN / "lint-imports"), "--no-cache"],
    "migrations": [str(BIN / "xueqiao"), "makemigrations", "--check", "--dry-run"],
    "translations": [sys.executable, "-m", "tools.messages", "--check"],
    "docs": [sys.executable, "-m", "tools.reference", "--check"],
    "licences": [sys.executable, "-m", "tools.licences"],
}


def main(names: list[str]) -> int:
    """Run the named checks, or all; 1 when one found something."""
    unknown = set(names) - set(CHECKS)
    if unknown:
        sys.exit(f"No check is named {', '.join(sorted(unknown))}. There are: {', '.join(CHECKS)}.")
    failed = []
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "XUEQIAO_HOME": home, "XUEQIAO_DATABASE_URL": ""}
        for name in names or CHECKS:
            start = time.monotonic()
            done = subprocess.run(
                CHECKS[name],
                cwd=ROOT,
                env=env,
                check=False,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            word = "ok" if done.returncode == 0 else "FOUND SOMETHING"
            print(f"{name:14}{word}  ({time.monotonic() - start:.0f} s)", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout)
    if failed:
        print(f"To mend: {', '.join(failed)}. `make format` and `make messages` do part of it.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
