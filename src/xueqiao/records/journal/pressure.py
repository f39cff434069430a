"""How busy this process is with taking in: the sign by which storing gives way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xueqiao.records.journal.writer import Journal

# In a burst, while there is room, taking in goes before storing.
_BURST = 2.0
_ROOM = 0.75
_FAST_BYTES_A_SECOND = 500_000
_LOOK_SECONDS = 0.05


class Pressure:
    """How many requests are taken in at a time, lately. More than two are a burst.

    Senders that together ask for less than the processors can do are seldom here at once, even
    many of them; those that ask for more fill every thread.
    """

    _LATELY = 0.05

    def __init__(self) -> None:
        self._inside, self.mean = 0, 0.0

    # A count that is off by one for a moment, between two threads, does no harm.
    def __enter__(self) -> None:
        self._inside += 1
        self.mean += self._LATELY * (self._inside - self.mean)

    def __exit__(self, *_why: object) -> None:
        self._inside -= 1


TAKING_IN = Pressure()


class Pace:
    """How fast batches come into a journal, and whether storing them gives way.

    Attributes:
        is_fast: whether so many come that they should share a transaction.
    """

    def __init__(self, journal: Journal, most_bytes: int, *, now: float) -> None:
        self._journal, self._most_bytes = journal, most_bytes
        self._seen, self._seen_at, self.is_fast = 0, now, False

    def gives_way(self, now: float) -> bool:
        """Whether a burst lasts and the journal has room, and nobody waits for it to be empty.

        Args:
            now: seconds of a clock that never goes back.
        """
        taken, seconds = self._journal.taken_bytes, now - self._seen_at
        if seconds >= _LOOK_SECONDS:
            self.is_fast = taken - self._seen > _FAST_BYTES_A_SECOND * seconds
            self._seen, self._seen_at = taken, now
        has_room = self._journal.bytes < self._most_bytes * _ROOM
        is_burst = self.is_fast and TAKING_IN.mean > _BURST
        return is_burst and has_room and not self._journal.awaited
