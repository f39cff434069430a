"""Runs a feed: files in batches, each batch once, however often the run is stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from xueqiao.intake import connections, running
from xueqiao.intake.kinds import File, Portion
from xueqiao.intake.models import RunState
from xueqiao.kernel import clock, errors
from xueqiao.records import deliveries, sources, statements

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.intake.models import Run
    from xueqiao.records.checking import Incoming, Refused
    from xueqiao.records.deliveries import Delivery, Source
    from xueqiao.records.statements import BatchResult

ROWS_A_BATCH = 1000
# Told after each batch: rows done, rows in all.
Progress = Callable[[int, int], None]


class FeedUnknown(errors.Refusal):
    """No feed has this code."""

    code = "records.feed_unknown"
    status = 404


class Repeat(NamedTuple):
    """A row that equals an earlier one of its file: held until somebody takes it for a real one.

    Attributes:
        made: its statement, as which it counts once it was taken.
        held: how it is held until then.
    """

    made: Incoming
    held: Refused


@dataclass(frozen=True)
class Handed:
    """A file that was handed over, not yet read.

    Attributes:
        name: for people.
        data: every byte that the result depends on.
        rows: reads it; may refuse the file. Always the same rows in the same order.
        items: one row as statements and refused items, at least one.
    """

    name: str
    data: bytes
    rows: Callable[[], Sequence[Any]]
    items: Callable[[Any], Iterable[Incoming | Refused | Repeat]]


@dataclass(frozen=True)
class Feed:
    """A platform whose files are taken in.

    Attributes:
        version: of the mapping; a higher one takes every file in again, and what comes out equal is
            a duplicate.
        files: the files of a folder.
    """

    code: str
    name: str
    version: int
    files: Callable[[Path], list[Handed]]


def run(*, feed: Feed, folder: Path, progress: Progress | None = None) -> BatchResult:
    """Take in every file of a folder that is not yet in.

    Safe to stop at any moment and to run again: a batch is one transaction and is keyed by the
    content of its file and its place in it.

    Returns:
        What became of everything these files hold, earlier runs included.

    Raises:
        FileUnreadable: a file is damaged; nothing of this run is stored.
    """
    source = sources.open_source(code=feed.code, name=feed.name, at=clock.now(), is_sample=True)
    connection = connections.of_feed(source=source, at=clock.now())
    begun = running.begin(connection=connection, at=clock.now())
    try:
        taken = _take_in(begun, feed, folder, progress)
    except BaseException as why:
        running.end(run=begun, state=RunState.FAILED, reason=str(why), at=clock.now())
        raise
    running.end(run=begun, state=RunState.DONE, at=clock.now())
    return deliveries.outcome(taken)


def _take_in(begun: Run, feed: Feed, folder: Path, progress: Progress | None) -> list[Delivery]:
    handed = feed.files(folder)
    taken = [_delivery(begun.connection.source, feed, each) for each in handed]
    waiting = [
        (delivery, each, each.rows())
        for delivery, each in zip(taken, handed, strict=True)
        if delivery.finished_at is None
    ]
    done, total = 0, sum(len(rows) for _delivery_row, _handed, rows in waiting)
    for delivery, each, rows in waiting:
        stored = deliveries.stored_keys(delivery)
        for start in range(0, len(rows), ROWS_A_BATCH):
            key, part = f"{delivery.digest}:{start}", rows[start : start + ROWS_A_BATCH]
            if key not in stored:
                items = _told([item for row in part for item in each.items(row)])
                come = {"file": each.name, "rows": start + len(part)}
                file = File(each.name, delivery.digest, is_last=start + len(part) == len(rows))
                running.take(run=begun, portion=Portion(key, items, come, file), at=clock.now())
            done += len(part)
            if progress:
                progress(done, total)
        deliveries.finish(delivery)
    if waiting:
        deliveries.count_anew()
    return taken


def _told(items: Sequence[Incoming | Refused | Repeat]) -> list[Incoming | Refused]:
    """What is stored of some items: a repeat that was taken before comes as its statement."""
    repeats = [each for each in items if isinstance(each, Repeat)]
    taken = statements.settled(UUID(each.made.statement["id"]) for each in repeats)
    return [
        (each.made if UUID(each.made.statement["id"]) in taken else each.held)
        if isinstance(each, Repeat)
        else each
        for each in items
    ]


def _delivery(source: Source, feed: Feed, handed: Handed) -> Delivery:
    digest = hashlib.sha256(f"{feed.code}\x1f{feed.version}\x1f".encode() + handed.data)
    return deliveries.open_(
        source=source, name=handed.name, digest=digest.hexdigest(), at=clock.now()
    )


def chosen(feeds: Sequence[Feed], only: Sequence[str]) -> list[Feed]:
    """The feeds of some codes; all where none is named.

    Raises:
        FeedUnknown: a code is no feed's.
    """
    known = {feed.code: feed for feed in feeds}
    for code in only:
        if code not in known:
            text = _("There is no feed “{code}”. Choose from: {all}.")
            raise FeedUnknown(text.format(code=code, all=", ".join(known)))
    return [known[code] for code in only or known]
