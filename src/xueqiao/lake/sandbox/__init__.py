"""A query of a stranger, run in a process of its own that can reach nothing but some tables.

``starting`` writes an order and starts the process, ``process`` is what runs there, ``cells``
leaves small counts out. Promises: the process gets no address of a database and no secret; its
DuckDB has no network and may open the files of tables that may be read whole, and no other file;
of a table that is narrowed it sees the rows that are left and never the files. Time, memory, spill
and result have limits, and an end that is written down.
"""
