"""How busy this process is with taking in: the sign by which storing gives way."""

from __future__ import annotations


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
