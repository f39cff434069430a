"""Installs with pip and turns its failures into one sentence."""

from __future__ import annotations

import subprocess
import sys


def main(what: list[str]) -> int:
    """Run pip; its whole output is kept in the log beside the environment."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what],
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode == 0:
        return 0
    tail = "\n".join(done.stderr.strip().splitlines()[-15:])
    print(tail, file=sys.stderr)
    if any(
        sign in done.stderr for sign in ("Temporary failure", "NewConnectionError", "Max retries")
    ):
        say = "The packages could not be fetched: no network, or no package index behind it."
    elif "web assets" in done.stderr:
        say = "The web assets could not be built (see above)."
    else:
        say = "The installation did not finish (see above)."
    print(f"{say} Put that right and run the same command again; nothing is lost.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
