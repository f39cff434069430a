"""Persons, how they sign in, and what they may do where.

Owns persons, sign-ins, the accounts that other platforms know them by, and roles held for a place
and below with dates. ``rights.py`` is the one module that decides; everything else asks it.
Promises: no identity number is stored in clear; unknown accounts stay apart until someone links
them; a role ends, it is never deleted.
"""
