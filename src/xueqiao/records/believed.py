"""What a process read a moment ago and believes a moment more, so that it need not ask again."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Value = TypeVar("Value")


class Believed(Generic[Value]):
    """A bounded store of answers by key, each believed for a time. What is not there is asked anew.

    Args:
        life: how long an answer is believed.
        most: how many are held; the oldest gives way.
    """

    def __init__(self, *, life: timedelta, most: int) -> None:
        self._life, self._most = life, most
        self._held: dict[str, tuple[Value, datetime]] = {}
        self._guard = threading.Lock()

    def get(self, key: str, at: datetime, read: Callable[[], Value | None]) -> Value | None:
        """The answer of a key: the one held, or the one that ``read`` finds."""
        held = self._held.get(key)
        # A clock that was set back ends the belief too.
        if held and timedelta(0) <= at - held[1] < self._life:
            return held[0]
        found = read()
        with self._guard:
            self._held.pop(key, None)
            if found is not None:
                if len(self._held) >= self._most:
                    del self._held[next(iter(self._held))]
                self._held[key] = (found, at)
        return found

    def forget(self, key: str) -> None:
        with self._guard:
            self._held.pop(key, None)

    def clear(self) -> None:
        with self._guard:
            self._held.clear()
