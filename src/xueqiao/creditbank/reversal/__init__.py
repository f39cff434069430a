"""Reversals 冲正: a lot that was wrong is undone, with everything that was made from it.

One person asks, which freezes the lot and all that was made from it; another looks at the dry run
and approves. Where a qualification rests on it, that is reviewed first 资历复核. What is posted is
the exact opposite of what was posted, newest voucher first, each line naming the transfer that it
reverses (docs/decisions/0090-reversal-cascade.md).
"""

from xueqiao.creditbank.reversal.cases import approve, ask, refuse, review, withdraw
from xueqiao.creditbank.reversal.downstream import Plan, look

__all__ = ["Plan", "approve", "ask", "look", "refuse", "review", "withdraw"]
