"""Opening accounts by roster: a workbook is read, previewed with its faults by cell, then opened.

``workbook`` makes the empty table, ``reading`` says what is wrong with a filled one, ``sheets``
keeps and opens it. Nothing of a sheet is opened while one of its cells is wrong.
"""
