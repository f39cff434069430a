"""Keeps a snapshot in bronze: its present rows in one table, every change of them in another.

``bronze.person_change`` is append-only: each version of each row with the number of the commit it
came in (``sequence``), its arrival and digest; a row that is gone leaves a tombstone. The table
``bronze.person`` is those changes folded to the present state. Changes are committed first; a
process killed between the two finds the mark of the present state behind and folds anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.lake import columns, folding, sources, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from xueqiao.lake.sources import Follow, Snapshot

STAMP, UNTIL, SEQUENCE = "stamp", "until", "sequence"
MARKS = (UNTIL, SEQUENCE)
"""Of a table of changes."""
OVERLAP = timedelta(minutes=10)
"""Reads go back so far: a transaction that began earlier may have committed since."""

ARRIVED = [("arrived_at", sources.INSTANT), ("digest", pa.binary())]


class Kept(NamedTuple):
    """What one look at a snapshot wrote: rows new or changed, and rows that are gone."""

    rows: int
    gone: int


def changes_of(source: Snapshot) -> str:
    """The name of the table of a snapshot's changes."""
    return f"{source.table}_change"


def present_schema(source: Snapshot) -> pa.Schema:
    """The columns of the present state."""
    return pa.schema([*source.schema, *ARRIVED])


def change_schema(source: Snapshot) -> pa.Schema:
    """The columns of the changes. Of a row that is gone all but its key are null."""
    return pa.schema([*source.schema, *ARRIVED, ("sequence", pa.int64()), ("is_gone", pa.bool_())])


def keep(root: Path, source: Snapshot, at: datetime) -> Kept | None:
    """Bring a snapshot up to date; None where its stamp has not changed.

    Raises:
        tables.Overtaken: another process has written changes meanwhile.
    """
    present, changes = tables.Table(root, source.table), tables.Table(root, changes_of(source))
    shape(changes, change_schema(source))
    # Read before anything is compared: who has committed since makes the comparison worthless.
    version, sequence = changes.version(), changes.marks([SEQUENCE]).get(SEQUENCE)
    recover(source, present, changes)
    # The stamp is taken first: a change during reading gives another stamp next time.
    stamp = tables.number([source.stamp(), str(present_schema(source))])
    if present.marks([STAMP]).get(STAMP) == stamp:
        return None
    if sequence is None:
        rows = first(source, changes, at, stamp, version)
        return Kept(rows, 0)
    until = reached(source, at)
    changed, gone = differences(source, present, changes.marks([UNTIL])[UNTIL])
    if not changed.num_rows and not len(gone):
        present.mark({STAMP: stamp})
        changes.mark({UNTIL: until})
        return Kept(0, 0)
    changed = stamped(changed, at)
    log = with_change(source, changed, gone, sequence + 1, at)
    changes.commit(
        batches=sources.reader(log.schema, [log]),
        marks={SEQUENCE: sequence + 1, UNTIL: until},
        replace="nothing",
        expect=version,
    )
    folding.fold(present, source.key, changed, gone, marks={STAMP: stamp, SEQUENCE: sequence + 1})
    return Kept(changed.num_rows, len(gone))


def first(source: Snapshot, changes: tables.Table, at: datetime, stamp: int, version: int) -> int:
    """The first reading: every row is a change. Streamed, however many there are.

    Of nothing only the empty present is made. ``version``: of the changes, when there were none.
    """
    present = tables.Table(changes.root, source.table)
    schema, until, found = change_schema(source), reached(source, at), source.read()
    rows = next((rows for rows in found if rows.num_rows), None)
    if rows is None:
        empty = sources.reader(present_schema(source), [])
        return present.commit(batches=empty, marks={STAMP: stamp}, replace="everything")
    changes.make(schema)
    nobody = pa.array([], pa.int64())
    new = (
        with_change(source, stamped(digested(rows), at), nobody, 1, at)
        for rows in chain([rows], found)
    )
    written = changes.commit(
        batches=sources.reader(schema, new),
        marks={SEQUENCE: 1, UNTIL: until},
        replace="nothing",
        expect=version,
    )
    recover(source, present, changes, {STAMP: stamp})
    return written


def reached(source: Snapshot, at: datetime) -> int:
    """Up to when changes are known after a reading that begins now, in microseconds.

    The latest change, so that no clock but the writers' matters; never beyond the reading itself.
    """
    latest = source.follow.latest() if source.follow else None
    return int(min(latest or at, at).timestamp() * 1_000_000)


def shape(changes: tables.Table, wanted: pa.Schema) -> None:
    """Bring a table of changes into the columns of this version."""
    opened = changes.opened()
    if opened is not None and pa.schema(opened.schema().to_arrow()).names != wanted.names:
        folding.reshape(changes, wanted)


def recover(
    source: Snapshot,
    present: tables.Table,
    changes: tables.Table,
    marks: dict[str, int] | None = None,
) -> None:
    """Fold the present state anew where it is not that of the changes, or has other columns.

    ``marks`` are set with it.
    """
    sequence = changes.marks([SEQUENCE])
    wanted, held = present_schema(source), present.opened()
    is_same = held is not None and pa.schema(held.schema().to_arrow()).names == wanted.names
    if not sequence or (is_same and present.marks([SEQUENCE]) == sequence):
        return
    present.commit(
        batches=sources.reader(wanted, folding.folded(changes, source.key, wanted)),
        marks=sequence | (marks or {}),
        replace="everything",
    )


def differences(
    source: Snapshot, present: tables.Table, until: int
) -> tuple[pa.Table, np.ndarray[Any, Any]]:
    """Rows that are new or differ from the present state, and keys that are gone."""
    if source.follow is None:
        known = folding.columns_of(present, [source.key, "digest"])
        here: list[np.ndarray[Any, Any]] = [np.empty(0, np.int64)]
        changed = unlike(source, seen(source, source.read(), here), known)
        return changed, np.setdiff1d(known[source.key].to_numpy(), np.concatenate(here))
    since = datetime.fromtimestamp(until / 1_000_000, UTC) - OVERLAP
    found = gathered(source, source.follow.since(since))
    changed = unlike(source, [found], known_of(present, source.key, found[source.key]))
    return with_unseen(source, source.follow, present, changed)


def with_unseen(
    source: Snapshot, follow: Follow, present: tables.Table, changed: pa.Table
) -> tuple[pa.Table, np.ndarray[Any, Any]]:
    """The same with rows that came or went without telling when, where the counts differ."""
    known = folding.columns_of(present, [source.key])[source.key].to_numpy()
    have = np.union1d(known, changed[source.key].to_numpy())
    if follow.count() == len(have):
        return changed, np.empty(0, np.int64)
    there = np.fromiter(follow.keys(), np.int64)
    missing = np.setdiff1d(there, have)
    late = digested(gathered(source, follow.among(missing.tolist())))
    return pa.concat_tables([changed, late]), np.setdiff1d(known, there)


def seen(
    source: Snapshot, found: Iterable[pa.Table], keys: list[np.ndarray[Any, Any]]
) -> Iterator[pa.Table]:
    """The same rows; their keys are noted."""
    for rows in found:
        keys.append(rows[source.key].to_numpy())
        yield rows


def unlike(source: Snapshot, found: Iterable[pa.Table], known: pa.Table) -> pa.Table:
    """The rows whose key and digest are not among the known ones, with digests."""
    kept = []
    for rows in found:
        with_digest = digested(rows)
        numbered = with_digest.append_column("place", pa.array(np.arange(rows.num_rows)))
        new = numbered.select([source.key, "digest", "place"]).join(
            known, keys=[source.key, "digest"], join_type="left anti"
        )
        kept.append(with_digest.take(np.sort(new["place"].to_numpy())))
    empty = digested(source.schema.empty_table())
    return pa.concat_tables(chain([empty], kept))


def known_of(present: tables.Table, key: str, keys: pa.ChunkedArray) -> pa.Table:
    """Keys and digests of the present rows that have some keys."""
    return folding.columns_of(present, [key, "digest"], where=pc.field(key).isin(keys))


def gathered(source: Snapshot, found: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables(chain([source.schema.empty_table()], found))


def digested(rows: pa.Table) -> pa.Table:
    return rows.append_column("digest", columns.digests(rows))


def stamped(rows: pa.Table, at: datetime) -> pa.Table:
    """Rows with digest in the columns of the present state: with their arrival before it."""
    arrival = pa.array([at] * rows.num_rows, sources.INSTANT)
    return rows.add_column(rows.num_columns - 1, "arrived_at", arrival)


def with_change(
    source: Snapshot, changed: pa.Table, gone: Any, sequence: int, at: datetime
) -> pa.Table:
    """Rows of the table of changes: those that came or changed, then tombstones."""
    schema = change_schema(source)
    graves = pa.Table.from_arrays(
        [
            pa.array(gone, field.type) if field.name == source.key
            else pa.array([at] * len(gone), field.type) if field.name == "arrived_at"
            else pa.nulls(len(gone), field.type)
            for field in present_schema(source)
        ],
        schema=present_schema(source),
    )  # fmt: skip
    rows = pa.concat_tables([changed.cast(graves.schema), graves])
    dead = np.arange(rows.num_rows) >= changed.num_rows
    rows = rows.append_column("sequence", pa.array(np.full(rows.num_rows, sequence)))
    return rows.append_column("is_gone", pa.array(dead)).cast(schema)
