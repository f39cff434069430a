"""Conversion of credit into a programme: reserve, review, then approve, refuse, withdraw or lapse.

A conversion never moves the credit of a lot; it uses the lot's right to count in a scope, of which
the database holds one account for each lot and scope, and it grants a new lot in each part of the
programme that the rule names. Caps are accounts too, so that two approvals at the same instant
cannot pass together (docs/decisions/0022-rights-and-caps-are-accounts.md). The verbs are
re-exported here, so that a call reads ``conversion.request(...)``.
"""

from xueqiao.creditbank.conversion.answering import (
    OwnConversion,
    WrongState,
    approve,
    expire_due,
    mark_reversed,
    reject,
    take_up,
    withdraw,
)
from xueqiao.creditbank.conversion.asking import (
    LeftSideUnmet,
    NothingToConvert,
    Request,
    RequestReused,
    Use,
    asked_with,
    lock_learner,
    lock_lots,
    request,
    request_all,
)

__all__ = [
    "LeftSideUnmet",
    "NothingToConvert",
    "OwnConversion",
    "Request",
    "RequestReused",
    "Use",
    "WrongState",
    "approve",
    "asked_with",
    "expire_due",
    "lock_learner",
    "lock_lots",
    "mark_reversed",
    "reject",
    "request",
    "request_all",
    "take_up",
    "withdraw",
]
