"""Numbers one can open: indicators, their values, and what pages ask of them.

Owns the definitions (``indicators/``), the stored values and the computation that replaces them.
Promises: every value keeps numerator and denominator as whole numbers, the register and the day it
holds for; rates of places are never averaged, distinct persons are recounted at every level; pages
read stored rows and need no lake.
"""
