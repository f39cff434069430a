"""Opens the engine that the settings name."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import storage
from xueqiao.lake.duckdb import DuckDB
from xueqiao.lake.spark import Sail, Spark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xueqiao.lake.engine import Engine


class UnknownEngine(errors.Refusal):
    """The settings name an engine that does not exist."""

    code = "lake.unknown_engine"


ENGINES = ("duckdb", "sail", "spark")


def configured() -> AbstractContextManager[Engine]:
    """The engine of the settings, for one job."""
    return opened(name=settings.LAKE_ENGINE, memory=settings.LAKE_MEMORY, root=settings.LAKE)


@contextmanager
def opened(*, name: str, memory: str, root: Path, address: str = "") -> Iterator[Engine]:
    """An engine for one job; closed at its end.

    Args:
        name: ``duckdb``, ``sail`` (a server inside this process) or ``spark`` (one elsewhere).
        memory: what DuckDB may use; the others are given theirs where their server is started.
        root: the lake's folder; DuckDB spills beside it.
        address: of the Spark Connect server; the one of the settings when it is left out.

    Raises:
        UnknownEngine: there is none of that name.
        spark.EngineMissing, spark.EngineAway: its packages or its server are not there.
    """
    engine: Engine
    if name == "duckdb":
        engine = DuckDB(memory=memory, scratch=root / ".scratch", store=storage.of(root))
    elif name == "sail":
        engine = Sail()
    elif name == "spark":
        engine = Spark(address=address or settings.LAKE_SPARK)
    else:
        text = _("There is no lake engine {name}. Set XUEQIAO_LAKE_ENGINE to one of: {names}.")
        raise UnknownEngine(text.format(name=name, names=", ".join(ENGINES)))
    try:
        yield engine
    finally:
        engine.close()
