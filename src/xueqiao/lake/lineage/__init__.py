"""Which column comes from which: read out of the SQL that makes the tables, never written by hand.

``columns`` reads one query, ``graph`` joins all of them to the database columns behind bronze,
``kept`` writes what held at a build into ``runs.lineage``, ``openlineage`` tells it to other tools.
"""
