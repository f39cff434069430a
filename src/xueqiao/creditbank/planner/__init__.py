"""The planner: what can I do with this? The best way on towards a qualification, and why not more.

``plan`` reads a learner's case, solves it (docs/decisions/0114-planner-as-integer-programme.md) and
gives a reason for every lot that does not count; ``convert`` asks for all of a plan at once.
"""

from xueqiao.creditbank.planner.plans import (
    SECONDS,
    NothingToDo,
    PartProgress,
    Plan,
    PlanChanged,
    PlannedConversion,
    convert,
    in_force,
    plan,
)
from xueqiao.creditbank.planner.reasons import REASONS, Uncounted

__all__ = [
    "REASONS",
    "SECONDS",
    "NothingToDo",
    "PartProgress",
    "Plan",
    "PlanChanged",
    "PlannedConversion",
    "Uncounted",
    "convert",
    "in_force",
    "plan",
]
