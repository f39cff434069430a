"""Cells of files that a spreadsheet opens."""

from __future__ import annotations

import re
from typing import Any

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML, and so a workbook, cannot hold."""


def plain(cell: Any) -> Any:
    """A value that no spreadsheet runs: text that begins like a formula gets an apostrophe.

    >>> plain("=1+1"), plain("wei"), plain(-3), plain(None)
    ("'=1+1", 'wei', -3, None)
    """
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def in_workbook(cell: Any) -> Any:
    r"""The same for a workbook: characters that it cannot hold become the sign for a lost one.

    >>> in_workbook("bell\x07"), in_workbook("=1+1"), in_workbook(3)
    ('bell\ufffd', "'=1+1", 3)
    """
    value = plain(cell)
    return UNSPEAKABLE.sub("\ufffd", value) if isinstance(value, str) else value
