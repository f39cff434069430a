"""Data contracts: what a table of bronze or a source promises, and what happens when it does not.

A contract travels as a document of the Open Data Contract Standard (ODCS 3). Those that are shipped
lie in ``shipped/``; what people approved afterwards stands in ``quality.contract`` and goes before
them. ``checked`` holds what arrived against them before stage reads it.
"""

from xueqiao.lake.contracts.gate import NothingGood, checked, pins

__all__ = ["NothingGood", "checked", "pins"]
