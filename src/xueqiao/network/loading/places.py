"""``load_places``: both registers, their history, the census and the outlines, in four steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.network.loading import boundaries, census, closure, registers, steps

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.network.loading.steps import Done, Report


def load_places(*, folder: Path, at: datetime, report: Report = steps.silent) -> list[Done]:
    """Load the places of two provinces from a folder, each step once.

    Args:
        folder: holds the files named in ``registers``, ``census`` and ``boundaries``.
        at: noted as the time of loading.
        report: told the name of a part, rows done and rows in all, after each batch.

    Returns:
        The four steps with their rows; ``is_new`` tells what this run wrote.

    Raises:
        FileMissing, WrongEncoding, FileDamaged, PlaceCodeUnknown: nothing of the step was written.
        LoadedOtherwise: the step was done before from other files.
    """
    first = registers.sources(folder)
    people = census.sources(folder)
    maps = boundaries.sources(folder)
    return [
        steps.run(name="places", sources=first, at=at, work=lambda: registers.load(folder, report)),
        steps.run(name="closure", sources=first, at=at, work=lambda: closure.load(report)),
        steps.run(name="census", sources=people, at=at, work=lambda: census.load(folder, report)),
        steps.run(
            name="outlines", sources=maps, at=at, work=lambda: boundaries.load(folder, report)
        ),
    ]
