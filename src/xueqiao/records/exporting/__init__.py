"""Exports of large results: asked for, written in parts by a job that may be killed, then fetched.

``jobs`` asks, cancels, hands out and removes; ``writing`` writes the parts; ``rows`` says what a
row of each kind holds.
"""
