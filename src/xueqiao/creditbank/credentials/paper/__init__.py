"""Certificates on paper and as pictures: PDF/A-3 with the signed file attached, baked PNG and SVG.

What they show is read from the signed document; only the holder's name comes from beside it.
"""
