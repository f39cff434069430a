"""What every room needs and none owns: clock, credit arithmetic, errors, ids, cursors, paging.

No tables and no domain. Imports nothing of the project but ``config``.
"""
