"""Leases: who works on a row, so that another takes over when the first has died.

An owner is named by machine, process and the start of the process. On the same machine a dead owner
is recognised at once; of another machine only the end of the lease is known.
"""

from __future__ import annotations

import os
import platform
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SILENT = timedelta(minutes=15)
"""Whoever owns a row on another machine and says nothing for so long is taken to be dead."""
BIRTH_FIELD = 19  # of /proc/<pid>/stat, counted behind the name: start time in ticks


def owner() -> str:
    """This process, ``machine/pid/start``."""
    return of(os.getpid())


def of(pid: int) -> str:
    """Another process of this machine, in the same words."""
    return f"{platform.node()[:60]}/{pid}/{_birth(pid)}"


def is_dead(name: str) -> bool:
    """Whether an owner is known to have ended. False for owners of other machines."""
    machine, _, rest = name.partition("/")
    pid, _, birth = rest.partition("/")
    if machine != platform.node()[:60] or not pid.isdigit():
        return False
    return not _is_alive(int(pid)) or birth != _birth(int(pid))


def is_free(name: str, owned_at: datetime | None, *, at: datetime) -> bool:
    """Whether this process may work on a row: nobody does, it does itself, or who did is dead.

    Args:
        name: the owner of the row; "" for none.
        owned_at: when the owner last said something.
        at: now.
    """
    if name in {"", owner()} or is_dead(name):
        return True
    return owned_at is None or owned_at < at - SILENT


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _birth(pid: int) -> str:
    """When a process began, so that a number given anew is not taken for the old process."""
    return _boot_birth(pid) if Path("/proc/self/stat").exists() else ""


def _boot_birth(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    # A zombie has ended; its parent has only not yet asked.
    return "" if fields[0] == "Z" else fields[BIRTH_FIELD]
