"""The arithmetic of money for learning. Plain Python, whole fen."""

from __future__ import annotations

from xueqiao.kernel import ids

FEN_PER_YUAN = 100
# What a provincial measure asks for; shown beside the number, never used to judge a row.
FLOOR_FEN_PER_RESIDENT = 500


def sample_fen(place_code: str, residents: int) -> int:
    """A made-up approved budget (示例): 3.5 to 6.5 yuan a resident, in whole ten thousand yuan.

    >>> sample_fen("320924", 759_662) % 1_000_000
    0
    """
    each = 350 + ids.spread(f"budget:{place_code}", 301)
    return round(residents * each / 1_000_000) * 1_000_000
