"""Erasure: asked by one person, allowed by another, done in batches, and it stays done.

``requests`` asks and decides, ``execution`` works, ``receipt`` says what was done, ``gate`` keeps
what was erased from coming back, ``holds`` and ``retention`` say what must stay and for how long.
"""
