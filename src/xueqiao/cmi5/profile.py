"""What a statement of a unit has to hold, looked at by itself. Its order is ``rules.admit``.

Plain Python. The statement is already one of xAPI. Source: cmi5 Quartz, sections 7.1.3, 9 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from xueqiao.cmi5.rules import WHOLE, Breach
from xueqiao.cmi5.vocabulary import (
    CATEGORY,
    MASTERY_SCORE,
    MOVE_ON_CATEGORY,
    OF_UNITS,
    PROGRESS,
    SESSION_ID,
    VOIDED,
    Verb,
)

_SUCCESS = {Verb.PASSED: True, Verb.FAILED: False}
_COMPLETION = {Verb.COMPLETED: True}
_TIMED = frozenset({Verb.COMPLETED, Verb.PASSED, Verb.FAILED, Verb.TERMINATED})
_UTC = ("Z", "z", "+00:00", "+0000", "+00")
_FULL = 100


class Fault(NamedTuple):
    """What is wrong, and where: a JSON pointer into the statement."""

    breach: Breach
    pointer: str


@dataclass(frozen=True)
class Terms:
    """What a session may speak of.

    Attributes:
        home_page: of the learner's account.
        name: of the learner's account.
        grouping: identifiers that every statement has in its context's grouping.
        mastery: the score for passing in ten-thousandths, or None.
    """

    home_page: str
    name: str
    registration: str
    session: str
    activity: str
    grouping: tuple[str, ...]
    mastery: int | None


def is_defined(statement: dict[str, Any]) -> bool:
    """Whether a statement claims to be one that the profile defines."""
    return CATEGORY in _category(statement)


def fault(statement: dict[str, Any], terms: Terms) -> Fault | None:
    """The first thing that keeps a statement from being believed, or None."""
    if statement["verb"]["id"] == VOIDED:
        return Fault(Breach.VOIDING, "/verb/id")
    return _common(statement, terms) or (
        _defined(statement, terms) if is_defined(statement) else _allowed(statement)
    )


def progress(statement: dict[str, Any]) -> int | None:
    """How far the learner is, 0 to 100, where the statement says so."""
    given = _result(statement).get("extensions", {}).get(PROGRESS)
    return int(given) if _is_whole(given) and 0 <= given <= _FULL else None


def scaled(statement: dict[str, Any]) -> int | None:
    """The scaled score in ten-thousandths, rounded down, or None."""
    given = _result(statement).get("score", {}).get("scaled")
    return None if given is None else int(Decimal(str(given)) * WHOLE)


def _common(statement: dict[str, Any], terms: Terms) -> Fault | None:
    context = statement.get("context", {})
    extensions = context.get("extensions", {})
    checks = (
        ("id" in statement, Breach.ID, "/id"),
        (_is_utc(statement.get("timestamp")), Breach.TIMESTAMP, "/timestamp"),
        (_is_learner(statement["actor"], terms), Breach.ACTOR, "/actor"),
        (
            str(context.get("registration", "")).lower() == terms.registration,
            Breach.REGISTRATION,
            "/context/registration",
        ),
        (extensions.get(SESSION_ID) == terms.session, Breach.SESSION, "/context/extensions"),
        (
            set(terms.grouping) <= set(_ids(statement, "grouping")),
            Breach.TEMPLATE,
            "/context/contextActivities/grouping",
        ),
        (_is_progress(statement), Breach.PROGRESS, "/result/extensions"),
    )
    return next((Fault(breach, at) for is_fine, breach, at in checks if not is_fine), None)


def _is_utc(timestamp: Any) -> bool:
    return isinstance(timestamp, str) and timestamp.endswith(_UTC)


def _is_progress(statement: dict[str, Any]) -> bool:
    is_given = PROGRESS in _result(statement).get("extensions", {})
    return not is_given or progress(statement) is not None


def _is_learner(actor: dict[str, Any], terms: Terms) -> bool:
    account = actor.get("account", {})
    return actor.get("objectType", "Agent") == "Agent" and (
        account.get("homePage"),
        account.get("name"),
    ) == (terms.home_page, terms.name)


def _allowed(statement: dict[str, Any]) -> Fault | None:
    if MOVE_ON_CATEGORY in _category(statement):
        return Fault(Breach.CATEGORY, "/context/contextActivities/category")
    return None


def _defined(statement: dict[str, Any], terms: Terms) -> Fault | None:
    verb = statement["verb"]["id"]
    if verb not in OF_UNITS:
        return Fault(Breach.VERB, "/verb/id")
    thing = statement["object"]
    if thing.get("objectType", "Activity") != "Activity" or thing.get("id") != terms.activity:
        return Fault(Breach.OBJECT, "/object/id")
    return _outcome(statement, verb) or _score(statement, verb, terms.mastery)


def _outcome(statement: dict[str, Any], verb: str) -> Fault | None:
    result = _result(statement)
    if result.get("success") is not _SUCCESS.get(Verb(verb)):
        return Fault(Breach.SUCCESS, "/result/success")
    if result.get("completion") is not _COMPLETION.get(Verb(verb)):
        return Fault(Breach.COMPLETION, "/result/completion")
    if verb in _TIMED and "duration" not in result:
        return Fault(Breach.DURATION, "/result/duration")
    decides = verb in _SUCCESS or verb in _COMPLETION
    if decides != (MOVE_ON_CATEGORY in _category(statement)):
        return Fault(Breach.CATEGORY, "/context/contextActivities/category")
    return None


def _score(statement: dict[str, Any], verb: str, mastery: int | None) -> Fault | None:
    score = _result(statement).get("score")
    if score is not None and not (verb in _SUCCESS and _is_score(score)):
        return Fault(Breach.SCORE, "/result/score")
    if mastery is None or verb not in _SUCCESS:
        return None
    found = (score or {}).get("scaled")
    named = statement["context"]["extensions"].get(MASTERY_SCORE)
    is_named = _is_number(named) and Decimal(str(named)) * WHOLE == mastery
    # Judged by a score, the unit says by which; named without a score, it still has to be true.
    if (found is not None or named is not None) and not is_named:
        return Fault(Breach.MASTERY, "/context/extensions")
    if found is not None and (Decimal(str(found)) * WHOLE >= mastery) != _SUCCESS[Verb(verb)]:
        return Fault(Breach.MASTERY, "/result/score/scaled")
    return None


def _is_score(score: dict[str, Any]) -> bool:
    if not 0 <= score.get("scaled", 0) <= 1:
        return False
    raw = score.get("raw")
    if raw is None:
        return all(float(value).is_integer() for key, value in score.items() if key != "scaled")
    low, high = score.get("min"), score.get("max")
    if low is None or high is None:
        return False
    return all(float(each).is_integer() for each in (raw, low, high)) and low <= raw <= high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


def _result(statement: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = statement.get("result", {})
    return found


def _category(statement: dict[str, Any]) -> list[str]:
    return _ids(statement, "category")


def _ids(statement: dict[str, Any], kind: str) -> list[str]:
    """Identifiers of one kind of context activities; 1.0.3 lets one stand without a list."""
    held = statement.get("context", {}).get("contextActivities", {}).get(kind, [])
    rows = [held] if isinstance(held, dict) else held
    return [row["id"] for row in rows]
