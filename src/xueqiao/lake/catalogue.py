"""Every bronze table: from which export it comes, and by which names the lake knows its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from xueqiao.creditbank import exports as creditbank
from xueqiao.funds import exports as funds
from xueqiao.hall import exports as hall
from xueqiao.kernel import clock, cursor
from xueqiao.lake import codes, schemas
from xueqiao.lake.sources import Log, Snapshot, stamp_of
from xueqiao.network import exports as network
from xueqiao.people import exports as people
from xueqiao.records import actors, rules
from xueqiao.records import exports as records

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Iterable[dict[str, Any]]
Export = Callable[[], Rows]


def sources() -> list[Snapshot | Log]:
    """All bronze tables, in the order in which they are extracted.

    What refers comes before what it refers to: statements before actors, completions before
    enrolments, so that a row written during the extraction is not without its other half for long.
    """
    return [*logs(), *places(), *learning(), *snapshots(), *codes.sources()]


def logs() -> list[Snapshot | Log]:
    """Tables that only grow."""
    return [
        Log(
            "bronze.statement", schemas.STATEMENT, statements,
            waiting=counted("records.Statement"), instant="event_at",
        ),
        Log("bronze.completion", schemas.COMPLETION, completions, counted("hall.Completion")),
        Log("bronze.lot", schemas.LOT, lots, waiting=creditbank.lots_waiting),
        Log(
            "bronze.transfer", schemas.TRANSFER, creditbank.transfers_after,
            waiting=creditbank.transfers_waiting,
        ),
    ]  # fmt: skip


def places() -> list[Snapshot | Log]:
    """Registers, trees, census, institutions."""
    return [
        few("bronze.register", schemas.REGISTER, network.registers),
        Snapshot(
            "bronze.listing", schemas.LISTING, named(network.listings, register="register_id"),
            stamp_of("network.Listing"),
        ),
        Snapshot(
            "bronze.closure", schemas.CLOSURE, named(network.closure, register="register_id"),
            stamp_of("network.Closure"),
        ),
        Snapshot(
            "bronze.population", schemas.POPULATION, network.population,
            stamp_of("network.PopulationCell"),
        ),
        Snapshot(
            "bronze.institution", schemas.INSTITUTION, network.institutions,
            stamp_of("network.Institution"),
        ),
        Snapshot(
            "bronze.seat", schemas.SEAT, named(network.seats, register="register_id"),
            stamp_of("network.Seat"),
        ),
    ]  # fmt: skip


def learning() -> list[Snapshot | Log]:
    """What statements refer to."""
    return [
        few("bronze.source", schemas.SOURCE, records.sources),
        few("bronze.verb", schemas.VERB, records.verbs),
        Snapshot("bronze.batch", schemas.BATCH, records.batches, stamp_of("records.Batch")),
        Snapshot(
            "bronze.activity", schemas.ACTIVITY, records.activities, stamp_of("records.Activity")
        ),
        Snapshot("bronze.actor", schemas.ACTOR, records.actors, actor_stamp),
    ]


def snapshots() -> list[Snapshot | Log]:
    """People, classes, accounts, money."""
    return [
        Snapshot(
            "bronze.offering", schemas.OFFERING, hall.offerings, stamp_of("hall.Offering"),
        ),
        Snapshot(
            "bronze.enrolment", schemas.ENROLMENT, of_learner(hall.enrolments),
            stamp_of("hall.Enrolment"),
        ),
        Snapshot(
            "bronze.account", schemas.ACCOUNT, of_learner(creditbank.learning_accounts),
            stamp_of("creditbank.LearningAccount"),
        ),
        Snapshot(
            "bronze.budget", schemas.BUDGET, funds.budgets, stamp_of("funds.ApprovedBudget")
        ),
        Snapshot(
            "bronze.person", schemas.PERSON, of_learner(people.persons), stamp_of("people.Person")
        ),
        Snapshot(
            "bronze.former_home", schemas.FORMER_HOME, of_learner(people.former_homes),
            stamp_of("people.PersonChange"),
        ),
    ]  # fmt: skip


def named(export: Export, **names: str) -> Export:
    """An export with some columns under the lake's names: ``register="register_id"``."""

    def rows() -> Iterator[dict[str, Any]]:
        for row in export():
            yield {**row, **{ours: row[theirs] for ours, theirs in names.items()}}

    return rows


def of_learner(export: Export) -> Export:
    """An export with ``learner_id`` for its ``person_id``."""

    def rows() -> Iterator[dict[str, Any]]:
        for row in export():
            yield {**row, "learner_id": rules.learner_id(0, row["person_id"])}

    return rows


def few(table: str, schema: pa.Schema, export: Export) -> Snapshot:
    """A table of so few rows that they are their own stamp."""
    return Snapshot(table, schema, export, lambda: [list(row.items()) for row in export()])


def counted(label: str) -> Callable[[cursor.Position], int]:
    """How many rows of a model lie behind a position; for progress."""

    def waiting(position: cursor.Position) -> int:
        return cursor.after(_model(label)._default_manager.all(), position).count()

    return waiting


def _model(label: str) -> Any:
    # Named by label: only their own room imports models, and nothing but a count is read.
    from django.apps import apps  # noqa: PLC0415 - needs Django's registry

    return apps.get_model(label)


def statements(position: cursor.Position, limit: int) -> list[dict[str, Any]]:
    """Statements with identifiers as text."""
    names = ["statement_id" if name == "uuid" else name for name in records.STATEMENT_COLUMNS]
    found = []
    for values in records.statements(position, limit):
        row = dict(zip(names, values, strict=True))
        for name in ("statement_id", "registration", "voids"):
            row[name] = str(row[name]) if row[name] else None
        found.append(row)
    return found


def completions(position: cursor.Position, limit: int) -> list[dict[str, Any]]:
    rows = named(lambda: hall.completions(position), id="completion_id")()
    return list(islice(rows, limit))


def lots(position: cursor.Position, limit: int) -> list[dict[str, Any]]:
    return list(of_learner(lambda: creditbank.lots_after(position, limit))())


def actor_stamp() -> Any:
    """The stamp of actors, after they were brought up to what people knows."""
    actors.resolve(at=clock.now())
    return stamp_of("records.Actor")()
