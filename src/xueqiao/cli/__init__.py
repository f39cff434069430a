"""The command line: ``xueqiao <command>``. Each command names its policy and calls one verb."""

from __future__ import annotations

import os
import sys

OLDEST = (3, 11)


def main() -> None:
    """Run a command. Refusals end with one sentence and exit status 2."""
    if sys.version_info < OLDEST:
        sys.exit(
            f"Xueqiao needs Python 3.11 or newer; this is {sys.version.split()[0]}. Install a "
            "newer Python and make the environment again."
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ.setdefault("XUEQIAO_DEMO", "1")
    from xueqiao.cli import run  # noqa: PLC0415 - needs the version check and the settings first

    sys.exit(run.execute(sys.argv))
