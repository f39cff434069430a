"""Files of other platforms become statements: one feed a platform, one mapping a feed.

A mapping turns each row into statements or into a refused item with a reason; nothing is left out.
``feed.run`` stores them in batches that are keyed by the file's content, so that a run which was
stopped goes on where it was and a run which was finished has nothing to do.
"""
