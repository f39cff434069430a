"""The rules: what each asks, in which dimension of GB/T 36344-2018, and what a breach leads to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from xueqiao.lake.contracts.contract import ERROR, WARNING, Contract, Measure

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Dimension(Enum):
    """The six indicators of GB/T 36344-2018, in its order; values as in addresses."""

    CONFORMITY = "conformity"
    COMPLETENESS = "completeness"
    ACCURACY = "accuracy"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    ACCESSIBILITY = "accessibility"


DIMENSIONS: dict[Dimension, StrPromise] = {
    Dimension.CONFORMITY: _("Conformity"),
    Dimension.COMPLETENESS: _("Completeness of data"),
    Dimension.ACCURACY: _("Accuracy"),
    Dimension.CONSISTENCY: _("Consistency"),
    Dimension.TIMELINESS: _("Timeliness"),
    Dimension.ACCESSIBILITY: _("Accessibility of data"),
}


@dataclass(frozen=True)
class Rule:
    """One thing that a row can keep or break; ``code`` is a column of ``statement.sql``."""

    code: str
    dimension: Dimension
    title: StrPromise
    measure: Measure


VERB_AGREED, VOLUME = "verb_agreed", "volume"
FLOOD = 20
"""Rows of a batch, of a source without a contract, that have to be broken before it is held: silver
leaves single ones out by itself, each with its reason."""
D = Dimension
RULES = (
    Rule("identifier_formed", D.CONFORMITY, _("The identifier has the form of a UUID"),
         Measure(0, ERROR)),
    Rule(VERB_AGREED, D.CONFORMITY, _("The verb is among those agreed with the source"),
         Measure(5, ERROR)),
    Rule("activity_given", D.COMPLETENESS, _("It says with what was learnt"), Measure(5, ERROR)),
    Rule("actor_given", D.COMPLETENESS, _("It says who learnt"), Measure(5, ERROR)),
    Rule("not_in_future", D.ACCURACY, _("It happened before it was received"), Measure(5, ERROR)),
    Rule("not_before_2000", D.ACCURACY, _("It happened after the year 1999"), Measure(5, ERROR)),
    Rule("text_sound", D.ACCURACY, _("No character of it was damaged on the way"),
         Measure(5, ERROR)),
    Rule("verb_known", D.CONSISTENCY, _("Its verb stands in the table of verbs"),
         Measure(0, WARNING)),
    Rule("actor_known", D.CONSISTENCY, _("Its actor stands in the table of actors"),
         Measure(0, WARNING)),
    Rule("person_matched", D.CONSISTENCY, _("Its learner is known to the platform"),
         Measure(100, WARNING)),
    Rule("batch_known", D.CONSISTENCY, _("It came from the source of its batch"),
         Measure(0, WARNING)),
    Rule("received_in_a_day", D.TIMELINESS, _("It was received within a day"),
         Measure(100, WARNING)),
    Rule("copied_in_a_day", D.TIMELINESS, _("It was in the lake a day after it was received"),
         Measure(100, WARNING)),
    Rule("text_readable", D.ACCESSIBILITY, _("Its original text is there and can be opened"),
         Measure(5, ERROR)),
)  # fmt: skip
BY_CODE = {each.code: each for each in RULES}
# What is asked of tables that come from the platform's own rooms, by the breach that answers it.
TABLE_RULES = {
    "column_gone": Dimension.CONFORMITY,
    "type_changed": Dimension.CONFORMITY,
    "code_unknown": Dimension.CONFORMITY,
    "null": Dimension.COMPLETENESS,
    "few": Dimension.COMPLETENESS,
    "in_future": Dimension.ACCURACY,
    "twice": Dimension.CONSISTENCY,
}


def measure(rule: str, contract: Contract | None) -> Measure:
    """What applies to a rule: as the contract says, else as the rule says itself."""
    own = contract.measures.get(rule) if contract else None
    return own or BY_CODE[rule].measure


def breaks(found: Measure, *, checked: int, failed: int, at_least: int = 1) -> bool:
    """Whether so many rows of a batch are more than may break a rule.

    Args:
        at_least: so few rows are no flood, whatever their share.

    >>> [breaks(Measure(5), checked=100, failed=n) for n in (0, 5, 6)]
    [False, False, True]
    >>> breaks(Measure(0, WARNING), checked=100, failed=100)
    False
    """
    is_above = failed * 100 > checked * found.at_most_percent
    return found.severity == ERROR and failed >= at_least and is_above


def usual(days: dict[int, list[int]], weekday: int, every: list[int]) -> int:
    """Rows on a usual day: the middle of the same day of the week, of all days where too few.

    >>> usual({5: [10, 30, 20]}, 5, [900] * 9), usual({}, 5, [900, 100, 300])
    (20, 300)
    """
    same = sorted(days.get(weekday, []))
    found = same if len(same) > 1 else sorted(every)
    return found[len(found) // 2] if found else 0
