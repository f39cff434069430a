"""Asks for the next while what came is worked on: a query goes on as its rows are written."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

from django.utils import translation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
MOST = 4
"""Of what has come and waits."""
PATIENCE = 0.1
"""Seconds after which who waits looks whether anybody still wants it."""


def ahead(source: Iterable[T]) -> Iterator[T]:
    """The same in the same order, asked for in a thread of its own.

    What the source raises is raised here, behind what came before it. Whoever stops early stops the
    thread too. Not for sources that belong to a thread, as connections of the database do.
    """
    came: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(MOST)
    unwanted, language = threading.Event(), translation.get_language()

    def pull() -> None:
        try:
            # Refusals speak the language of whoever asked.
            with translation.override(language):
                for each in source:
                    if not put((each,)):
                        return
            put(None)
        except BaseException as why:  # noqa: BLE001 - raised in the thread that waits
            put(why)

    def put(found: tuple[T] | BaseException | None) -> bool:
        while not unwanted.is_set():
            try:
                came.put(found, timeout=PATIENCE)
            except queue.Full:
                continue
            return True
        return False

    thread = threading.Thread(target=pull, daemon=True)
    thread.start()
    try:
        while (found := came.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        unwanted.set()
        thread.join()
