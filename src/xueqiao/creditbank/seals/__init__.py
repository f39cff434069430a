"""The sealed ledger: posted transfers under signed roots, proofs that they are there, and checks.

The verbs are re-exported here, so that a call reads ``seals.seal(...)``.
"""

from xueqiao.creditbank.seals.checking import LedgerBroken, check, refuse_findings
from xueqiao.creditbank.seals.proofs import of_lot, of_transfers
from xueqiao.creditbank.seals.sealing import catch_up, seal

__all__ = [
    "LedgerBroken", "catch_up", "check", "of_lot", "of_transfers", "refuse_findings", "seal",
]  # fmt: skip
