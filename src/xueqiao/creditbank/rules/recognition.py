"""The moves of a recognition case and the arithmetic of what it rests on. Plain Python."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

FULL_WEEK_HOURS: Final = 40
# A year of work has this many days when months are counted from days.
DAYS_OF_TWELVE_MONTHS: Final = 365
LEGAL_FORMS: Final = ("股份有限公司", "有限责任公司", "有限公司", "公司")


class Move(NamedTuple):
    """From which states, to which one, in which stage. An empty target: the state stays."""

    froms: frozenset[str]
    to: str
    stage: str


def _move(froms: str, to: str, stage: str) -> Move:
    return Move(frozenset(froms.split(",")), to, stage)


# Nobody acts in two stages of one case. "asking" is the applicant's side, "calendar" nobody's.
MOVES: Final[Mapping[str, Move]] = {
    "apply": _move("", "draft", "asking"),
    "edit": _move("draft,returned", "", "asking"),
    "submit": _move("draft,returned", "submitted", "asking"),
    "withdraw": _move(
        "draft,returned,submitted,accepted,screening,assessing,proposed,public_notice",
        "withdrawn",
        "asking",
    ),
    "accept": _move("submitted", "accepted", "accepting"),
    "return_for_more": _move("submitted", "returned", "accepting"),
    "screen": _move("accepted", "screening", "screening"),
    "screen_back": _move("accepted", "returned", "screening"),
    "convene": _move("accepted,screening", "", "screening"),
    "assess": _move("accepted,screening", "assessing", "assessing"),
    "assess_too": _move("assessing", "", "assessing"),
    "vote": _move("assessing", "", "assessing"),
    "propose": _move("assessing", "proposed", "assessing"),
    "publish": _move("assessing", "public_notice", "assessing"),
    "rule_on": _move("public_notice", "", "deciding"),
    "send_back": _move("proposed,public_notice", "screening", "deciding"),
    "approve": _move("proposed,public_notice", "approved", "deciding"),
    "post": _move("approved", "posted", "deciding"),
    "reject": _move("proposed,public_notice", "rejected", "deciding"),
    "appeal": _move("rejected,posted", "appealed", "asking"),
    "take_up": _move("appealed", "reviewing", "reviewing"),
    "uphold": _move("reviewing", "upheld", "reviewing"),
    "change": _move("reviewing", "changed", "reviewing"),
    "ask_revocation": _move("posted,upheld,changed", "", "revoking"),
    "keep": _move("posted,upheld,changed", "", "revoking"),
    "revoke": _move("posted,upheld,changed", "revoked", "revoking"),
    "lapse": _move("draft,returned", "lapsed", "calendar"),
}
STATES: Final = frozenset(each.to for each in MOVES.values() if each.to)
# Nothing waits in these; some can still be appealed against or undone.
CLOSED_STATES: Final = frozenset(
    {"posted", "rejected", "withdrawn", "lapsed", "upheld", "changed", "revoked"}
)
# In these a case no longer holds its certificates: they may stand behind another one.
DEAD_STATES: Final = frozenset({"rejected", "withdrawn", "lapsed", "revoked"})


def may_move(verb: str, state: str) -> bool:
    """Whether an application in this state takes the verb."""
    return state in MOVES[verb].froms


def passes_two_steps(stage: str, earlier: Collection[str]) -> bool:
    """Whether somebody who acted in the earlier stages would act in another one now."""
    return any(before != stage for before in earlier)


def name_key(name: str) -> str:
    """A name of a body as it is compared: no spaces, marks, width or legal form.

    >>> name_key("射阳县 幸福养老院（有限公司）") == name_key("射阳县幸福养老院")
    True
    """
    bare = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).casefold()
    for form in LEGAL_FORMS:
        if bare.endswith(form) and bare != form:
            return bare.removesuffix(form)
    return bare


def number_key(number: str) -> str:
    """A certificate's number as it is compared: no spaces, marks, width or case.

    >>> number_key("１Ｘ-2024 / 000017")
    '1X2024000017'
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", number)).upper()


def masked(name: str) -> str:
    """A name as a public notice shows it: the first character, the rest hidden.

    >>> masked("王秀英")
    '王**'
    """
    return name[:1] + "*" * max(len(name) - 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of work; both days count."""

    began: date
    ended: date
    weekly_hours: int


def months_worked(periods: Iterable[Period]) -> int:
    """Whole months of full-time work, whatever the order; no day counts more than one full day.

    A week of ``FULL_WEEK_HOURS`` is full time, fewer hours count in proportion, and two jobs at one
    time add up to full time at most.

    >>> half = Period(date(2020, 1, 1), date(2021, 12, 30), 20)
    >>> months_worked([half]), months_worked([half, half])
    (12, 24)
    """
    edges: list[tuple[date, int]] = []
    for each in periods:
        edges.append((each.began, each.weekly_hours))
        edges.append((each.ended + timedelta(days=1), -each.weekly_hours))
    edges.sort()
    full_days_times_hours, hours, since = 0, 0, None
    for day, change in edges:
        if since is not None:
            full_days_times_hours += (day - since).days * min(hours, FULL_WEEK_HOURS)
        hours, since = hours + change, day
    return full_days_times_hours * 12 // (FULL_WEEK_HOURS * DAYS_OF_TWELVE_MONTHS)


def work_value(months: int, months_needed: int, unit_hundredths: int, least_percent: int) -> int:
    """What months of work are worth of a unit, in 1/100 credit; never more than the unit.

    Args:
        months_needed: for the whole unit.
        least_percent: below this share of it nothing is given.

    >>> work_value(30, 60, 300, 50), work_value(29, 60, 300, 50), work_value(99, 60, 300, 50)
    (150, 0, 300)
    """
    if months * 100 < months_needed * least_percent:
        return 0
    return min(unit_hundredths * months // months_needed, unit_hundredths)


def missing_of_panel(
    rule: Mapping[str, int], members: Collection[tuple[str, str, str]]
) -> list[tuple[str, int, int]]:
    """What a panel lacks, as (what, needed, there); empty: it may start.

    Args:
        rule: whole numbers by name: ``members``, each of the four teams, each of the three bodies,
            ``of_one_organisation_at_most``. What it does not name, it does not ask.
        members: (team, body, organisation) of each.
    """
    found = []
    if len(members) < rule.get("members", 0):
        found.append(("members", rule["members"], len(members)))
    for place, names in ((0, TEAMS), (1, BODIES)):
        for name in names:
            there = sum(each[place] == name for each in members)
            if there < rule.get(name, 0):
                found.append((name, rule[name], there))
    most = rule.get("of_one_organisation_at_most", len(members))
    keys = [name_key(each[2]) for each in members]
    crowd = max((keys.count(key) for key in keys), default=0)
    if crowd > most:
        found.append(("of_one_organisation_at_most", most, crowd))
    return found


TEAMS: Final = ("academic", "labour", "evaluation", "administration")
BODIES: Final = ("decision", "management", "certifying")


def carries(in_favour: int, against: int, members: int, rule: Mapping[str, int]) -> str:
    """Where a vote stands: "open", "carried" or "lost". The quorum is a share of all members.

    >>> carries(3, 1, 5, {"quorum_percent": 80, "favour_percent": 60})
    'carried'
    """
    cast = in_favour + against
    if cast * 100 < members * rule["quorum_percent"]:
        return "open"
    return "carried" if in_favour * 100 >= cast * rule["favour_percent"] else "lost"
