"""The arithmetic of the profile: when a unit is satisfied, what follows, which verb may come.

Plain Python, without tables. Source: cmi5 Quartz, sections 9.3, 10 and 13.1.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from xueqiao.cmi5.vocabulary import Verb

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet
    from datetime import datetime

WHOLE = 10_000  # a score of 1, in ten-thousandths


class MoveOn(StrEnum):
    """What makes a unit satisfied."""

    PASSED = "Passed"
    COMPLETED = "Completed"
    BOTH = "CompletedAndPassed"
    EITHER = "CompletedOrPassed"
    ALWAYS = "NotApplicable"


class Mode(StrEnum):
    """How a unit is launched; only in the first is its result written down."""

    NORMAL = "Normal"
    BROWSE = "Browse"
    REVIEW = "Review"


class Breach(StrEnum):
    """Why a statement is not believed. The words are in ``arrival``."""

    ID = "id"
    TIMESTAMP = "timestamp"
    ACTOR = "actor"
    VERB = "verb"
    VOIDING = "voiding"
    OBJECT = "object"
    REGISTRATION = "registration"
    SESSION = "session"
    TEMPLATE = "template"
    CATEGORY = "category"
    SCORE = "score"
    MASTERY = "mastery"
    SUCCESS = "success"
    COMPLETION = "completion"
    DURATION = "duration"
    PROGRESS = "progress"
    MODE = "mode"
    NOT_INITIALIZED = "not_initialized"
    TERMINATED = "terminated"
    ORDER = "order"
    TWICE = "twice"
    JUDGED = "judged"
    ALREADY = "already"
    FAILED_AFTER_PASSED = "failed_after_passed"


def is_met(move_on: str, *, completed: bool, passed: bool, waived: bool) -> bool:
    """Whether a unit is satisfied.

    >>> is_met("CompletedAndPassed", completed=True, passed=False, waived=False)
    False
    """
    if waived:
        return True
    return {
        MoveOn.PASSED: passed,
        MoveOn.COMPLETED: completed,
        MoveOn.BOTH: completed and passed,
        MoveOn.EITHER: completed or passed,
        MoveOn.ALWAYS: True,
    }[MoveOn(move_on)]


class Branch(NamedTuple):
    """A part of a course as the roll-up sees it: its number and that of the block it lies in."""

    number: int
    parent: int | None
    is_block: bool


def satisfied(branches: Iterable[Branch], met: AbstractSet[int]) -> tuple[list[int], bool]:
    """The blocks of which every part is satisfied, innermost first, and whether the course is.

    Args:
        branches: every block before what lies in it.
        met: the numbers of the units that are satisfied.
    """
    rows = list(branches)
    open_parts: dict[int | None, int] = {}
    done: list[int] = []
    for each in reversed(rows):
        is_done = not open_parts.get(each.number) if each.is_block else each.number in met
        if is_done and each.is_block:
            done.append(each.number)
        if not is_done:
            open_parts[each.parent] = open_parts.get(each.parent, 0) + 1
    return done, bool(rows) and not open_parts.get(None)


@dataclass(frozen=True)
class Run:
    """Where a session stands, and its unit in the registration.

    Attributes:
        used: verbs of the profile that the session has said.
        first_at: timestamp of its initialized statement.
        last_at: latest timestamp of any statement.
        completed, passed: whether the unit has said so in the registration, in any session.
    """

    mode: Mode = Mode.NORMAL
    used: frozenset[str] = frozenset()
    first_at: datetime | None = None
    last_at: datetime | None = None
    completed: bool = False
    passed: bool = False


def admit(run: Run, verb: str, at: datetime) -> Breach | None:
    """Why the next statement may not come now, or None.

    Args:
        verb: one that a unit may say in the profile; "" for a statement of its own kind.
        at: its timestamp, by which the profile orders.
    """
    if Verb.TERMINATED in run.used:
        return Breach.TERMINATED
    if (verb == Verb.INITIALIZED) == (Verb.INITIALIZED in run.used):
        return Breach.TWICE if verb == Verb.INITIALIZED else Breach.NOT_INITIALIZED
    if run.first_at is not None and at < run.first_at:
        return Breach.ORDER
    if verb == Verb.TERMINATED:
        return Breach.ORDER if run.last_at is not None and at < run.last_at else None
    return _result(run, verb) if verb and verb != Verb.INITIALIZED else None


def _result(run: Run, verb: str) -> Breach | None:
    """Why completed, passed or failed may not be said."""
    if run.mode is not Mode.NORMAL:
        return Breach.MODE
    if verb in run.used:
        return Breach.TWICE
    if verb == Verb.COMPLETED:
        return Breach.ALREADY if run.completed else None
    if verb == Verb.FAILED and run.passed:
        return Breach.FAILED_AFTER_PASSED
    if run.used & {Verb.PASSED, Verb.FAILED}:
        return Breach.JUDGED
    return Breach.ALREADY if verb == Verb.PASSED and run.passed else None


def after(run: Run, verb: str, at: datetime) -> Run:
    """Where a session stands after a statement that was admitted."""
    return replace(
        run,
        used=run.used | {verb} if verb else run.used,
        first_at=at if verb == Verb.INITIALIZED else run.first_at,
        last_at=at if run.last_at is None else max(run.last_at, at),
        completed=run.completed or verb == Verb.COMPLETED,
        passed=run.passed or verb == Verb.PASSED,
    )
