"""Retention of the lake: how long, what is held, what goes, who allowed it, what went.

``terms`` are the rules by table, class and level; ``holding`` what nobody gives up; ``planning``
the dry run; ``runs`` a plan from its approval to its end; ``receipt`` what it says afterwards.
"""
