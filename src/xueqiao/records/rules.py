"""The arithmetic of records: plain Python, no Django."""

from __future__ import annotations

import re
from datetime import date, timedelta

# OULAD names a presentation by its year and the month it starts in: B is February, J is October.
_PRESENTATION = re.compile(r"([12]\d{3})([BJ])")
_START_MONTHS = {"B": 2, "J": 10}


def presentation_start(code: str) -> date:
    """The first day of an OULAD presentation; day ``n`` of its tables is this day plus ``n`` days.

    >>> presentation_start("2013J"), presentation_start("2014B")
    (datetime.date(2013, 10, 1), datetime.date(2014, 2, 1))

    Raises:
        ValueError: the code is not a year followed by B or J.
    Source: Kuzilek et al., Scientific Data 4, 170171 (2017): the month; the day is ours.
    """
    found = _PRESENTATION.fullmatch(code)
    if not found:
        raise ValueError(f"{code!r} is not a presentation such as 2013J")
    return date(int(found[1]), _START_MONTHS[found[2]], 1)


def is_presentation(code: str) -> bool:
    """Whether ``presentation_start`` knows the code.

    >>> is_presentation("2013J"), is_presentation("2013K")
    (True, False)
    """
    return bool(_PRESENTATION.fullmatch(code))


def score(text: str) -> int | None:
    """A score of whole points from 0 to 100, or None where the text is none.

    >>> score("78"), score(""), score("101"), score("7.5")
    (78, None, None, None)
    """
    found = int(text) if text.isdecimal() and len(text) <= len("100") else None
    return found if found is not None and found <= 100 else None  # noqa: PLR2004 - the range


_ADL = "http://adlnet.gov/expapi/verbs/"
_VIDEO = "https://w3id.org/xapi/video/verbs/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"
_TINCAN = "http://id.tincanapi.com/verb/"

# Which verbs say that somebody learnt, for the indicators of participation, and why. A verb that is
# not in this table does not count: a new one is looked at before it makes a number grow.
COUNTED_VERBS: dict[str, str] = {
    f"{_ADL}experienced": "took something in",
    f"{_ADL}attended": "was there",
    f"{_ADL}attempted": "worked at a task",
    f"{_ADL}answered": "answered a question",
    f"{_ADL}completed": "worked something through to its end",
    f"{_ADL}passed": "worked something through to its end",
    f"{_ADL}failed": "worked something through to its end",
    f"{_ADL}mastered": "worked something through to its end",
    f"{_ADL}progressed": "went on with something",
    f"{_ADL}asked": "took part in a discussion",
    f"{_ADL}commented": "took part in a discussion",
    f"{_ADL}responded": "took part in a discussion",
    f"{_VIDEO}played": "watched",
    f"{_TINCAN}viewed": "looked at material",
    f"{_TINCAN}downloaded": "took material along",
    f"{_STREAMS}submit": "handed work in",
    f"{_STREAMS}attach": "handed work in",
    f"{_STREAMS}join": "took part in a meeting",
}
NOT_COUNTED_VERBS: dict[str, str] = {
    f"{_ADL}registered": "a place was taken; nothing was learnt yet",
    f"{_TINCAN}unregistered": "a place was given back",
    f"{_ADL}initialized": "a player opened; what was watched says so itself",
    f"{_ADL}launched": "a player opened; what was done says so itself",
    f"{_ADL}terminated": "a player closed",
    f"{_ADL}exited": "a player closed",
    f"{_ADL}suspended": "a player closed",
    f"{_ADL}resumed": "a player opened again",
    f"{_ADL}interacted": "a control of a player was touched",
    f"{_VIDEO}paused": "follows something played, which counts already",
    f"{_VIDEO}seeked": "follows something played, which counts already",
    f"{_ADL}scored": "somebody gave a mark, or a mark was brought over from an earlier year",
    f"{_ADL}voided": "takes another statement back",
    f"{_STREAMS}accept": "agreed to terms",
    f"{_STREAMS}create": "work on the platform, most often a teacher's",
    f"{_STREAMS}update": "work on the platform, most often a teacher's",
    f"{_STREAMS}delete": "work on the platform",
    f"{_STREAMS}add": "work on the platform",
    f"{_STREAMS}remove": "work on the platform",
    f"{_STREAMS}assign": "work on the platform",
}


def counts_as_activity(verb: str) -> bool:
    """Whether a statement with this verb is a counted learning activity.

    >>> counts_as_activity("http://adlnet.gov/expapi/verbs/completed")
    True
    >>> counts_as_activity("http://adlnet.gov/expapi/verbs/registered")
    False
    """
    return verb in COUNTED_VERBS


def learner_id(actor_id: int, person_id: int | None) -> int:
    """One number for each learner: even for a known person, odd for an actor whom nobody linked.

    >>> learner_id(7, 4), learner_id(7, None)
    (8, 15)
    """
    return 2 * person_id if person_id else 2 * actor_id + 1


# A bucket is counted in thousandths of a statement, so that filling it often loses nothing.
PARTS = 1000


def filled(left: int, limit: int, elapsed: timedelta) -> int:
    """What a bucket holds after a while, in 1/1000 statement: never more than a minute's limit.

    >>> filled(0, 60, timedelta(seconds=2)), filled(0, 60, timedelta(hours=2))
    (2000, 60000)
    >>> filled(-1000, 60, timedelta(seconds=-5))
    -1000

    Args:
        limit: statements a minute.
    """
    gained = max(elapsed, timedelta(0)) // timedelta(microseconds=1) * limit * PARTS // 60_000_000
    return min(limit * PARTS, left + gained)


def portion(left: int, limit: int, most: int) -> tuple[int, int]:
    """What is taken out of a bucket at once, in statements, and else the seconds to wait.

    >>> portion(2500, 60, 5), portion(9000, 60, 5), portion(0, 60, 5), portion(-59_000, 60, 5)
    ((2, 0), (5, 0), (0, 1), (0, 60))
    """
    whole = left // PARTS
    if whole > 0:
        return min(whole, most), 0
    return 0, -(-(PARTS - left) * 60 // (limit * PARTS))
