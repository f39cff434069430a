"""Rows of persons made so alike that nobody stands alone in them.

What others may know of somebody (age, sex, home, months) climbs ladders that take detail away,
until everybody shares it with k persons; whoever still stands alone is left out. Plain Arrow in and
out: who asked, who allowed it and where files go is in ``governance.extracts``.

``ladders`` has the steps, ``lattice`` finds the best ones, ``capping`` treats numbers, ``checking``
looks at finished rows with code of its own.
"""
