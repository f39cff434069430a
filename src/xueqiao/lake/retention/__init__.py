"""Giving up what was kept long enough: months of tables, superseded rows, old records of runs.

``scope`` says what can be given up and what goes with it, ``lines`` from when on each table is
kept, ``held`` which rows stay although they lie before the line, ``looking`` counts what would go,
``carrying`` takes it out. Promise: what lies before a line never comes back, is never counted
again, and what was counted of it stays as it was counted.
"""
