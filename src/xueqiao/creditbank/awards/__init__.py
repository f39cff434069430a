"""Awards of qualifications 资历授予: asked for, and decided by another person.

An award uses up the right of the credit behind it to count in its scope, through the same accounts
that conversions use, so that nothing stands behind two awards of one scope. The verbs are
re-exported here, so that a call reads ``awards.award(...)``.
"""

from xueqiao.creditbank.awards.asking import (
    NotInForce,
    RequestReused,
    RequirementsUnmet,
    ask,
)
from xueqiao.creditbank.awards.deciding import (
    CreditInDoubt,
    NoReason,
    OwnAward,
    WrongState,
    award,
    expire_due,
    refuse,
    withdraw,
)
from xueqiao.creditbank.awards.queries import supporting, waiting

__all__ = [
    "CreditInDoubt",
    "NoReason",
    "NotInForce",
    "OwnAward",
    "RequestReused",
    "RequirementsUnmet",
    "WrongState",
    "ask",
    "award",
    "expire_due",
    "refuse",
    "supporting",
    "waiting",
    "withdraw",
]
