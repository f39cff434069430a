"""Shares an engine's memory among queries that run at once."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SPREAD = 8
"""Bytes of memory that a query takes for each compressed byte it reads: measured on stage.event."""
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BINARY = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


class Memory:
    """Lets queries begin while their shares fit beside one another; one that is too large, alone.

    ``size``: bytes; 0 where the engine's server looks after that itself. ``working``: tables being
    made; ``holding``: those of them that hold a share, together ``taken`` bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = self.holding = self.working = 0
        self.is_closed = False
        self.change = threading.Condition()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Make a table beside others, unless one has asked to be alone."""
        with self.change:
            self.change.wait_for(lambda: not self.is_closed)
            self.working += 1
        try:
            yield
        finally:
            with self.change:
                self.working -= 1
                self.change.notify_all()

    @contextmanager
    def room(self, stored: int) -> Iterator[None]:
        """Wait for the memory to read so many stored bytes, and hold it meanwhile."""
        share = min(stored * SPREAD, self.size)
        with self.change:
            self.change.wait_for(lambda: not self.holding or self.taken + share <= self.size)
            self.taken += share
            self.holding += 1
        try:
            yield
        finally:
            with self.change:
                self.taken -= share
                self.holding -= 1
                self.change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other table begin, wait until those at work have ended, and hold all of it."""
        with self.change:
            self.change.wait_for(lambda: not self.is_closed)
            self.is_closed = True
            self.change.wait_for(lambda: not self.working)
        try:
            yield
        finally:
            with self.change:
                self.is_closed = False
                self.change.notify_all()


def in_bytes(text: str) -> int:
    """A size as DuckDB writes it, in bytes; 0 for an empty text.

    >>> in_bytes("1GB"), in_bytes("512 MiB"), in_bytes("")
    (1000000000, 536870912, 0)
    """
    found = re.fullmatch(r"([0-9.]+)\s*([kmgt]?)(i?)b?", text.strip().lower())
    if not found:
        return 0
    return int(float(found[1]) * (BINARY if found[3] else UNITS)[found[2]])
