"""The arithmetic and the tables of moves of the credit bank. Plain Python, whole numbers only."""

from xueqiao.creditbank.rules.amounts import needed, scaled, split
from xueqiao.creditbank.rules.body import (
    Body,
    BodyWrong,
    Cardinality,
    Limit,
    Pattern,
    Target,
    Value,
    read,
    write,
)
from xueqiao.creditbank.rules.cases import (
    EVIDENCE_BYTES,
    EVIDENCE_TYPES,
    PASSED,
)
from xueqiao.creditbank.rules.days import working_days_later, years_later
from xueqiao.creditbank.rules.filling import Filled, Offer, Unfilled, fill, met, target_limit
from xueqiao.creditbank.rules.identity import ACCOUNT_DIGITS, account_number, canonical_hash
from xueqiao.creditbank.rules.patterns import (
    Destination,
    LotFacts,
    age_misfit,
    misfit,
    patterns_met,
)
from xueqiao.creditbank.rules.requirements import (
    Counted,
    GroupRequirement,
    KindLimit,
    LevelFloor,
    Requirements,
    Unmet,
    read_requirements,
    unmet,
)

__all__ = [
    "ACCOUNT_DIGITS",
    "EVIDENCE_BYTES",
    "EVIDENCE_TYPES",
    "PASSED",
    "Body",
    "BodyWrong",
    "Cardinality",
    "Counted",
    "Destination",
    "Filled",
    "GroupRequirement",
    "KindLimit",
    "LevelFloor",
    "Limit",
    "LotFacts",
    "Offer",
    "Pattern",
    "Requirements",
    "Target",
    "Unfilled",
    "Unmet",
    "Value",
    "account_number",
    "age_misfit",
    "canonical_hash",
    "fill",
    "met",
    "misfit",
    "needed",
    "patterns_met",
    "read",
    "read_requirements",
    "scaled",
    "split",
    "target_limit",
    "unmet",
    "working_days_later",
    "write",
    "years_later",
]
