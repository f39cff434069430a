"""Exact distinct persons of any place, period and kind, without reading facts again.

A learner has one home in a register's tree, so persons of a place in a period are the learners who
were there in the period *and* live in the place. Both sets are kept as roaring bitmaps of learner
numbers, in three small Delta tables beside the marts:

=====================  =============================================================
``distinct.presence``  who was there: one row for each kind and day, and each month
``distinct.home``      who lives there: one row for each place of each register
``distinct.trait``     who is what: one row for each year of birth and each sex
=====================  =============================================================

A new day replaces the presence of its month and nothing else; a question unites at most 62 days and
the whole months between them, and meets them with one home (docs/decisions/0126).
"""
