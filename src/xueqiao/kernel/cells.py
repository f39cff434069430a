"""Cells of files that a spreadsheet opens."""

from __future__ import annotations

from typing import Any

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def plain(cell: Any) -> Any:
    """A value that no spreadsheet runs: text that begins like a formula gets an apostrophe.

    >>> plain("=1+1"), plain("wei"), plain(-3), plain(None)
    ("'=1+1", 'wei', -3, None)
    """
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
