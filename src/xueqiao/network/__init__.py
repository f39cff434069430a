"""Places and institutions: who exists where, in which register, from when to when.

Owns the registers (statistics bureau, civil affairs), places of five levels with dated validity,
the closure of each register's tree, change events, census cells, boundaries and institutions.
Promises: a place is never deleted, only ended; every count names its register and date.
"""
