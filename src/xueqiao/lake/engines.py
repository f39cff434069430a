"""Opens the engine that the settings name."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake.duckdb import DuckDB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xueqiao.lake.engine import Engine


class UnknownEngine(errors.Refusal):
    """The settings name an engine that does not exist."""

    code = "lake.unknown_engine"


ENGINES = ("duckdb",)


def configured() -> AbstractContextManager[Engine]:
    """The engine of the settings, for one job."""
    return opened(name=settings.LAKE_ENGINE, memory=settings.LAKE_MEMORY, root=settings.LAKE)


@contextmanager
def opened(*, name: str, memory: str, root: Path) -> Iterator[Engine]:
    """An engine for one job; closed at its end.

    Raises:
        UnknownEngine: there is none of that name.
    """
    if name not in ENGINES:
        text = _("There is no lake engine {name}. Set XUEQIAO_LAKE_ENGINE to one of: {names}.")
        raise UnknownEngine(text.format(name=name, names=", ".join(ENGINES)))
    engine: Engine = DuckDB(memory=memory, scratch=root / ".scratch")
    try:
        yield engine
    finally:
        engine.close()
