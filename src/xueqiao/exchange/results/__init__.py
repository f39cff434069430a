"""Results of schools in the three column sets of China's credit banks: taken in and given out.

``columns`` says what the sets are, ``reading`` what is wrong with a filled table, ``sheets`` keeps
and decides it, ``writing`` gives out what this bank holds. Nothing of a table counts while one of
its cells is wrong, and nobody accepts the table that they sent.
"""
