"""Erasure in the lake: follows what was erased from the records, and keeps the receipt.

``looking`` is the dry run, ``following`` takes out what the log announces, ``receipt`` says what
went where and what stays, ``returning`` looks whether anything came back.
"""
