"""Personas: the identifiers of one human being, joined and split by somebody, never guessed.

``membership`` joins, splits and renames; ``reading`` says who belongs together; ``proposals`` finds
mailboxes and their hashes; ``sheets`` takes tables of many.
"""
