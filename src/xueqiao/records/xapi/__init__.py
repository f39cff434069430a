"""The standard itself: structure of statements, what is read out of one, when two are the same.

Versions 1.0.3 and 2.0.0 (IEEE 9274.1.1). Plain functions over decoded JSON; no tables.
"""
