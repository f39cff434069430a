"""Makes every stale table: those that do not wait for one another at once, within the memory."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import commits, contracts, tables
from xueqiao.lake.build import going, history, making
from xueqiao.lake.build.memory import Memory, in_bytes
from xueqiao.lake.build.reading import gated
from xueqiao.lake.engine import OutOfMemory
from xueqiao.lake.recipes import recipes

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.lake.build.making import Built
    from xueqiao.lake.build.reading import Reading
    from xueqiao.lake.engine import Engine

Progress = Callable[[str, int, int], None]
"""Called with table, tables done, tables in all."""

AT_ONCE = 4
log = logging.getLogger(__name__)


class Incomplete(errors.Refusal):
    """Some tables could not be made; they and what reads them stay as they last were."""

    code = "lake.build_incomplete"


@dataclass(frozen=True)
class Failed:
    """Why a table could not be made. ``code``: of the refusal; "" for an error of the program."""

    table: str
    code: str
    why: str
    milliseconds: int


@dataclass
class Outcome:
    """What became of each table that was stale.

    Attributes:
        skipped: tables that read one which failed, with its name.
        left: tables for which the time was up; the next build makes them.
        told: the days that the run changed, for what is made after it; see ``Reading``.
    """

    run: str
    built: list[Built] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    told: commits.Told = field(default_factory=dict)

    def refuse_failures(self) -> None:
        """Raise ``Incomplete`` if a table could not be made."""
        if self.failed:
            raise Incomplete(incomplete_text(self))


def build(
    *, root: Path, engine: Engine, at: datetime, progress: Progress | None = None
) -> list[Built]:
    """Bring stage and marts up to date. Safe to stop at any moment and to run again.

    Args:
        root: the lake's folder.
        engine: runs the SQL; see ``engines``.
        at: written into the record of runs.
        progress: told after each table.

    Returns:
        What was built, in the order in which it was ready; empty when nothing was stale.

    Raises:
        tables.LakeBusy: another build runs.
        tables.LakeFull: the disk is full; each table is as before or as after.
        NotExtracted: bronze is missing.
        Incomplete: some tables could not be made; all others were.
    """
    outcome = run(root=root, engine=engine, at=at, progress=progress)
    outcome.refuse_failures()
    return outcome.built


def run(
    *,
    root: Path,
    engine: Engine,
    at: datetime,
    progress: Progress | None = None,
    name: str = "",
    seconds: float = float("inf"),
    told: commits.Told | None = None,
) -> Outcome:
    """As ``build``; says what failed instead of refusing, and may stop when its time is up.

    Args:
        name: of this run in the history; made where none is given.
        seconds: after so long no further table is begun.
        told: days that an erasure changed, which stand in no log.
    """
    outcome = Outcome(name or str(uuid.uuid4()))
    with tables.locked(root, "build"):
        with engine.job() as job:
            reading = gated(root, contracts.checked(root=root, engine=job, at=at), told)
        outcome.told = reading.told
        reading.pin_extracted()
        sign = going.Sign(root, outcome.run, at)
        course = Course(reading, engine, outcome, sign, ends=time.monotonic() + seconds)
        try:
            course.go(progress or (lambda *_facts: None))
        finally:
            sign.take_down()
        with history.as_far_as_there_is_room(course.full):
            history.record(course.reading, outcome, at=at, engine=engine.name)
    if course.full:
        raise course.full
    return outcome


class Course:
    """One build on its way."""

    def __init__(
        self,
        reading: Reading,
        engine: Engine,
        outcome: Outcome,
        sign: going.Sign,
        *,
        ends: float,
    ) -> None:
        self.reading, self.engine, self.outcome = reading, engine, outcome
        self.sign, self.ends = sign, ends
        self.memory = Memory(in_bytes(engine.memory))
        self.full: tables.LakeFull | None = None
        self.language = translation.get_language()
        self.done = 0
        known = recipes()
        self.order = TopologicalSorter(
            {name: [read for read in each.reads if read in known] for name, each in known.items()}
        )
        self.order.prepare()

    def go(self, told: Progress) -> None:
        """Begin what waits for nothing, go on with what waited for it, until nothing is left."""
        running: dict[Future[Built | None], str] = {}
        with ThreadPoolExecutor(min(AT_ONCE, (os.cpu_count() or 1) + 1)) as pool:
            while self.order.is_active():
                for name in sorted(self.order.get_ready()):
                    if self.may_begin(name):
                        running[pool.submit(self.make, name)] = name
                    else:
                        self.end(name, told)
                if running:
                    self.sign.show(
                        done=self.done, total=len(recipes()), tables=list(running.values())
                    )
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        name = running.pop(future)
                        if made := future.result():
                            self.outcome.built.append(made)
                        self.end(name, told)

    def may_begin(self, name: str) -> bool:
        """Whether a table can be made now; where not, the outcome says why."""
        undone = {each.table for each in self.outcome.failed} | self.outcome.skipped.keys()
        reads = recipes()[name].reads
        if hindrances := [read for read in reads if read in undone]:
            self.outcome.skipped[name] = hindrances[0]
        elif self.full or time.monotonic() > self.ends or set(reads) & set(self.outcome.left):
            self.outcome.left.append(name)
        else:
            return True
        return False

    def end(self, name: str, told: Progress) -> None:
        self.order.done(name)
        self.done += 1
        told(name, self.done, len(recipes()))

    def make(self, name: str) -> Built | None:
        """Make one table in a thread of its own; a failure is written down, not raised."""
        begun = time.monotonic()
        try:
            with translation.override(self.language):
                return self.tried(name)
        except tables.LakeFull as why:
            self.full = why
            failed = Failed(name, why.code, str(why), passed(begun))
        except errors.Refusal as why:
            failed = Failed(name, why.code, str(why), passed(begun))
        except Exception as why:
            log.exception("The table %s could not be made", name)
            failed = Failed(name, "", f"{type(why).__name__}: {why}"[:1000], passed(begun))
        self.outcome.failed.append(failed)
        return None

    def tried(self, name: str) -> Built | None:
        """Make a table beside others; one that did not fit beside them, once more alone."""
        recipe = recipes()[name]
        try:
            with self.memory.beside(), self.engine.job() as job:
                return making.refresh(self.reading, recipe, job, self.memory.room)
        except OutOfMemory:
            log.info("The table %s did not fit beside others", name)
        with self.memory.alone(), self.engine.job() as job:
            return making.refresh(self.reading, recipe, job, lambda _stored: nullcontext())


def passed(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)


def incomplete_text(outcome: Outcome) -> str:
    """Which tables failed, each with its reason, and which stay as they were because of them."""
    reasons = "; ".join(f"{each.table}: {each.why}" for each in outcome.failed)
    text = _(
        "Tables that could not be made: {reasons}. They stay as they last were, and so do the "
        "tables that read them ({others}). Mend the cause and run the command build_lake again."
    )
    return text.format(reasons=reasons, others=", ".join(outcome.skipped) or "–")
