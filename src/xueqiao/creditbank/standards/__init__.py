"""Frameworks, standards and units 框架+标准+单元: loaded, drafted, published, replaced, exchanged.

A version is drafted by one person and published by another; from then on it is a fact, and a change
is a new version (docs/decisions/0116-standards-are-published-by-two.md).
"""

from xueqiao.creditbank.standards.loading import (
    FILES,
    SAMPLE,
    FileDamaged,
    Loaded,
    NoSource,
    VersionChanged,
    load,
)
from xueqiao.creditbank.standards.looking_up import (
    NoRule,
    claimable,
    in_force,
    rule,
    units_by_module,
)

__all__ = [
    "FILES",
    "SAMPLE",
    "FileDamaged",
    "Loaded",
    "NoRule",
    "NoSource",
    "VersionChanged",
    "claimable",
    "in_force",
    "load",
    "rule",
    "units_by_module",
]
