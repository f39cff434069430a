"""Runs a command and turns refusals into one sentence."""

from __future__ import annotations

import sys

from django.core.management import ManagementUtility

from xueqiao.kernel import errors


def execute(argv: list[str]) -> int:
    """Run; 0 when done, 2 when refused (the reason on standard error)."""
    try:
        ManagementUtility(argv).execute()
    except errors.Refusal as why:
        print(f"{why.code}: {why}", file=sys.stderr)
        return 2
    return 0
