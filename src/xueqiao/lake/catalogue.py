"""Every bronze table: from which export it comes, and by which names the lake knows its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.catalog import exports as catalog
from xueqiao.cmi5 import exports as cmi5
from xueqiao.creditbank import exports as creditbank
from xueqiao.exchange import exports as exchange
from xueqiao.funds import exports as funds
from xueqiao.hall import exports as hall
from xueqiao.intake import exports as intake
from xueqiao.kernel import clock
from xueqiao.lake import codes, schemas
from xueqiao.lake.columns import Shape
from xueqiao.lake.sources import (
    BIG,
    Follow,
    Log,
    Snapshot,
    columns,
    followed,
    kept,
    stamp_of,
    whole,
)
from xueqiao.network import exports as network
from xueqiao.people import exports as people
from xueqiao.records import actors
from xueqiao.records import exports as records
from xueqiao.service import exports as service

if TYPE_CHECKING:
    from xueqiao.kernel.flat import Chunk, Export

Rows = Iterable[dict[str, Any]]


def sources() -> list[Snapshot | Log]:
    """All bronze tables, in the order in which they are extracted.

    What refers comes before what it refers to: statements before actors, completions before
    enrolments, so that a row written during the extraction is not without its other half for long.
    """
    return [
        *logs(), *places(), *learning(), *snapshots(), *credit(), *counters(), *operation(),
        *codes.sources(),
    ]  # fmt: skip


def logs() -> list[Snapshot | Log]:
    """Tables that only grow."""
    statement = Shape(
        schemas.STATEMENT, records.STATEMENTS, names=(("statement_id", "uuid"),),
        identifiers=("statement_id", "registration", "voids"),
    )  # fmt: skip
    return [
        followed("bronze.statement", statement, instant="event_at", exact="text"),
        followed("bronze.completion", Shape(schemas.COMPLETION, hall.COMPLETIONS)),
        followed("bronze.seat_move", Shape(schemas.SEAT_MOVE, hall.SEAT_MOVES)),
        followed("bronze.lot", of_learner(schemas.LOT, creditbank.LOTS)),
        followed("bronze.transfer", Shape(schemas.TRANSFER, creditbank.TRANSFERS)),
    ]


def places() -> list[Snapshot | Log]:
    """Registers, trees, census, institutions."""
    listings = Shape(schemas.LISTING, network.LISTINGS)
    return [
        whole("bronze.register", Shape(schemas.REGISTER, network.REGISTERS)),
        whole("bronze.listing", listings),
        # Made out of the listings by the same commands: what changes it changes them.
        whole(
            "bronze.closure",
            Shape(schemas.CLOSURE, network.CLOSURE),
            stamp=lambda: [network.LISTINGS.stamp(), stamp_of("network.Closure")()],
        ),
        whole("bronze.population", Shape(schemas.POPULATION, network.POPULATION)),
        whole("bronze.seat", Shape(schemas.SEAT, network.SEATS)),
        kept("bronze.institution", Shape(schemas.INSTITUTION, network.INSTITUTIONS)),
        kept("bronze.place", Shape(schemas.PLACE, network.PLACES)),
        kept("bronze.succession", Shape(schemas.SUCCESSION, network.SUCCESSIONS)),
        kept("bronze.settlement", Shape(schemas.SETTLEMENT, network.SETTLEMENTS)),
    ]


def learning() -> list[Snapshot | Log]:
    """What statements refer to."""
    return [
        few("bronze.source", schemas.SOURCE, records.sources, key="source_id"),
        few("bronze.verb", schemas.VERB, records.verbs, key="verb_id"),
        kept("bronze.batch", Shape(schemas.BATCH, records.BATCHES)),
        kept("bronze.quarantine", Shape(schemas.QUARANTINE, records.QUARANTINE)),
        Snapshot(
            "bronze.activity", schemas.ACTIVITY, records.activities, records.activity_stamp,
            key="activity_id",
        ),
        actor(),
    ]  # fmt: skip


def snapshots() -> list[Snapshot | Log]:
    """People, courses, classes, money."""
    return [
        kept("bronze.course", Shape(schemas.COURSE, catalog.COURSES)),
        kept("bronze.offering", Shape(schemas.OFFERING, hall.OFFERINGS)),
        kept("bronze.enrolment", of_learner(schemas.ENROLMENT, hall.ENROLMENTS)),
        kept("bronze.registration", Shape(
            schemas.REGISTRATION, cmi5.REGISTRATIONS, names=(("registration", "key"),),
            learner="person_id", identifiers=("registration",),
        )),
        kept("bronze.session", Shape(schemas.SESSION, cmi5.SESSIONS)),
        Snapshot(
            "bronze.budget", schemas.BUDGET, funds.budgets, stamp_of("funds.ApprovedBudget")
        ),
        kept("bronze.person", of_learner(schemas.PERSON, people.PERSONS)),
        Snapshot(
            "bronze.former_home", schemas.FORMER_HOME,
            lambda: ({**row, "learner_id": 2 * row["person_id"]} for row in people.former_homes()),
            stamp_of("people.PersonChange"), key="change_id",
        ),
        kept("bronze.role", of_learner(schemas.ROLE, people.ROLES)),
    ]  # fmt: skip


def credit() -> list[Snapshot | Log]:
    """Accounts, certificates, qualifications, and what other banks are told."""
    return [
        kept(
            "bronze.account", of_learner(schemas.ACCOUNT, creditbank.LEARNING_ACCOUNTS),
            key="learner_id",
        ),
        kept("bronze.certificate", of_learner(schemas.CERTIFICATE, creditbank.CERTIFICATES)),
        kept("bronze.award", of_learner(schemas.AWARD, creditbank.AWARDS)),
        kept("bronze.message", Shape(schemas.MESSAGE, exchange.MESSAGES)),
        kept("bronze.break", Shape(schemas.BREAK, exchange.BREAKS)),
    ]  # fmt: skip


def counters() -> list[Snapshot | Log]:
    """Service points and who came to them."""
    return [
        kept("bronze.node", Shape(schemas.NODE, service.NODES)),
        kept("bronze.appointment", of_learner(schemas.APPOINTMENT, service.APPOINTMENTS)),
        kept("bronze.ticket", of_learner(schemas.TICKET, service.TICKETS)),
        kept(
            "bronze.counter_session",
            of_learner(schemas.COUNTER_SESSION, service.COUNTER_SESSIONS),
        ),
    ]


def operation() -> list[Snapshot | Log]:
    """Connections and what their runs brought."""
    return [
        kept("bronze.connection", Shape(schemas.CONNECTION, intake.CONNECTIONS)),
        kept("bronze.run", Shape(schemas.RUN, intake.RUNS)),
    ]


def of_learner(schema: pa.Schema, export: Export) -> Shape:
    """An export with ``learner_id`` for its ``person_id``."""
    return Shape(schema, export, learner="person_id")


def few(table: str, schema: pa.Schema, export: Callable[[], Rows], *, key: str) -> Snapshot:
    """A table of so few rows that they are their own stamp."""
    return Snapshot(table, schema, export, lambda: [list(row.items()) for row in export()], key=key)


def actor() -> Snapshot:
    """Actors with the learner each stands for, after they were brought up to what people knows."""
    export = records.ACTORS

    def stamp() -> Any:
        actors.resolve(at=clock.now())
        return export.stamp()

    return Snapshot(
        "bronze.actor", schemas.ACTOR, lambda: learners(export.all()), stamp, key="actor_id",
        follow=Follow(
            since=lambda instant: learners(export.since(instant)),
            among=lambda keys: learners(export.among(keys)),
            keys=export.every_key, count=export.count, latest=export.latest,
        ),
    )  # fmt: skip


def learners(found: Iterable[Chunk]) -> Iterator[pa.Table]:
    """Actors with learners, as records/rules.py numbers them: even for a known person, odd for the
    lowest actor of a persona whom nobody linked.
    """
    leads = records.leads()
    shape = Shape(columns(actor_id=BIG, person_id=BIG), records.ACTORS)
    for rows in shape.tables(found):
        numbers = rows["actor_id"].to_pylist()
        lead = pa.array([leads.get(number, number) for number in numbers], BIG)
        nobody = pc.add(pc.multiply(lead, 2), 1)
        known = pc.multiply(rows["person_id"], 2)
        learner = pc.coalesce(known, pa.chunked_array([nobody]))
        yield pa.table({"actor_id": rows["actor_id"], "learner_id": learner}).cast(schemas.ACTOR)
