"""Starting the process of a query, and reading how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xueqiao.kernel import lease

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

GRACE_SECONDS = 15
PLACES = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Input:
    """A table for the process.

    Attributes:
        narrowed_by: the column by which rows are taken out; "" where all of them may be read.
        keep: the name in ``Question.keep`` of the keys that are left.
    """

    name: str
    schema: pa.Schema
    files: tuple[str, ...]
    root: str
    is_parted: bool
    row_count: int
    narrowed_by: str = ""
    keep: str = ""

    def order(self) -> dict[str, Any]:
        return {
            "name": self.name, "schema": self.schema.serialize().to_pybytes().hex(),
            "files": list(self.files), "root": self.root, "is_parted": self.is_parted,
            "row_count": self.row_count, "narrowed_by": self.narrowed_by, "keep": self.keep,
        }  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What one query may use.

    Attributes:
        memory, spill: as DuckDB writes them, such as 1GB.
        bytes: of the largest file.
        rows: of the result.
    """

    seconds: float = 60
    memory: str = "1GB"
    memory_bytes: int = 1_000_000_000
    spill: str = "4GB"
    bytes: int = 4_000_000_000
    rows: int = 1_000_000
    threads: int = 2


@dataclass(frozen=True)
class Question:
    """A query with the tables that it may see.

    Attributes:
        keep: name → SQL over ``helpers`` that gives the keys that are left.
        shape: "rows", or "counts" of persons without small cells.
        least: the smallest count that is shown.
        is_strict: whether a sum that fewer persons have a part in hides its cell too.
    """

    sql: str
    tables: Sequence[Input]
    keep: Mapping[str, str] = field(default_factory=dict)
    helpers: Sequence[Input] = ()
    shape: str = "rows"
    least: int = 0
    is_strict: bool = False


def start(*, folder: Path, what: str, question: Question, limits: Limits) -> str:
    """Start the process in a folder of its own. Returns its name, as ``lease`` knows it.

    Args:
        what: "plan" tells what would be read; "run" writes the rows.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    order = {
        "what": what, "sql": question.sql, "shape": question.shape, "least": question.least,
        "is_strict": question.is_strict,
        "tables": [table.order() for table in question.tables], "keep": dict(question.keep),
        "helpers": [table.order() for table in question.helpers], **asdict(limits),
    }  # fmt: skip
    (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
    with (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "xueqiao.lake.sandbox.process", str(folder)],
            env=_environment(),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
    name = lease.of(process.pid)
    threading.Thread(target=_wait, args=(process, limits.seconds), daemon=True).start()
    return name


def _environment() -> dict[str, str]:
    """Neither addresses of databases nor keys: only what Python needs to start."""
    return {"PATH": os.defpath, "PYTHONPATH": str(PLACES), "ARROW_DEFAULT_MEMORY_POOL": "system"}


def outcome(folder: Path) -> dict[str, Any] | None:
    """How the process ended; None while it has not said so."""
    try:
        found: dict[str, Any] = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def cancel(folder: Path) -> None:
    """Ask the process to end; it hears within a second."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cancel").touch()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Take the ended process off the system; one that does not end is killed."""
    try:
        process.wait(timeout=seconds + GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def awaited(folder: Path, seconds: float) -> dict[str, Any]:
    """The outcome of a process, waited for; "died" when it leaves none."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := outcome(folder):
            return found
        time.sleep(0.02)
    return {"state": "failed", "code": "died", "milliseconds": 0}
