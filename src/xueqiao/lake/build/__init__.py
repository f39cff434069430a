"""Building: stage and marts from bronze, doing only what their inputs changed.

A table remembers, in marks of its own last commit, the SQL it was made by and the version of each
table it was made from. What is stale follows from that alone, so a build that was killed goes on
where it was, and one with nothing to do ends at once. Each table is replaced in one commit: readers
see it before or after, never between, and whatever fails leaves the last good one.

``running`` makes all tables, several at once; ``planning`` says beforehand what it would make,
``going`` meanwhile how far it is, ``history`` afterwards what it made; ``staleness`` decides what
is stale; ``making`` makes one table; ``reading`` pins versions.
"""

from xueqiao.lake.build.making import Built, refresh
from xueqiao.lake.build.planning import Planned, plan
from xueqiao.lake.build.reading import (
    EVERYTHING,
    PARTED_BRONZE,
    NotExtracted,
    Reading,
    gated,
    identity,
    schema_of,
)
from xueqiao.lake.build.running import Failed, Incomplete, Outcome, build, incomplete_text, run
from xueqiao.lake.build.staleness import Unbuilt, ready, wanted_marks

__all__ = [
    "EVERYTHING",
    "PARTED_BRONZE",
    "Built",
    "Failed",
    "Incomplete",
    "NotExtracted",
    "Outcome",
    "Planned",
    "Reading",
    "Unbuilt",
    "build",
    "gated",
    "identity",
    "incomplete_text",
    "plan",
    "ready",
    "refresh",
    "run",
    "schema_of",
    "wanted_marks",
]
