"""Which rows stay although they are old enough to go: those under a hold."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xueqiao.lake.build import Reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from xueqiao.lake.duckdb import DuckDB

NUMBERS = pa.schema([("number", pa.int64())])
LOOKED_UP = ("bronze.actor", "bronze.closure", "stage.person")
BY_COLUMN = {"learner_id": "held_learner", "actor_id": "held_actor", "source_id": "held_source"}


@dataclass(frozen=True)
class Held:
    """What nobody may give up.

    Attributes:
        tables: whole tables, as SQL names them.
        learners, actors: their rows, wherever a table names one of them; an actor stands for the
            learner as well.
        places: the rows of everybody who lives there or ever did, also in a place below.
        sources: the rows of these sources, in tables that say the source.
    """

    tables: frozenset[str] = frozenset()
    learners: frozenset[int] = frozenset()
    actors: frozenset[int] = frozenset()
    places: frozenset[int] = frozenset()
    sources: frozenset[int] = frozenset()

    def and_also(self, other: Held) -> Held:
        """What one or the other holds.

        >>> Held(learners=frozenset({2})).and_also(Held(learners=frozenset({1}))).learners
        frozenset({1, 2})
        """
        pairs = {each.name: getattr(self, each.name) for each in fields(self)}
        return Held(**{name: mine | getattr(other, name) for name, mine in pairs.items()})

    def document(self) -> dict[str, list[Any]]:
        """The same to be written down, for ``of_document``."""
        return {each.name: sorted(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def of_document(cls, written: Mapping[str, list[Any]]) -> Held:
        """What was written down.

        >>> Held.of_document({"tables": ["presence"]}).tables
        frozenset({'presence'})
        """
        return cls(**{name: frozenset(values) for name, values in written.items()})


def spread(*, root: Path, engine: DuckDB, held: Held) -> None:
    """Make the tables ``held_learner``, ``held_actor`` and ``held_source`` of numbers readable.

    A place is spread to the people who live there, a person to the actors that stand for them.
    """
    reading = Reading(root)
    for name in LOOKED_UP:
        if reading.table(name).opened() is None:
            empty = pa.schema(
                [(column, pa.int64()) for column in
                 ("actor_id", "learner_id", "ancestor_id", "descendant_id", "home_id")]
            )  # fmt: skip
            engine.register(name, empty.empty_table())
        else:
            reading.attach(engine, name)
    for name in ("learners", "actors", "places", "sources"):
        register(engine, f"given_{name}", getattr(held, name))
    learners = engine.sql("""
        select number from given_learners
        union select learner_id from bronze.actor
            where actor_id in (select number from given_actors) and learner_id is not null
        union select person.learner_id from stage.person person
            join bronze.closure tree on tree.descendant_id = person.home_id
            where tree.ancestor_id in (select number from given_places)
    """).read_all()
    register(engine, "held_learner", learners["number"].to_pylist())
    actors = engine.sql("""
        select number from given_actors
        union select actor_id from bronze.actor
            where learner_id in (select number from held_learner)
    """).read_all()
    register(engine, "held_actor", actors["number"].to_pylist())
    register(engine, "held_source", held.sources)


def register(engine: DuckDB, name: str, numbers: Iterable[int]) -> None:
    engine.register(name, pa.table({"number": pa.array(sorted(numbers), pa.int64())}, NUMBERS))


def condition(columns: Collection[str]) -> str:
    """SQL that is true for rows of a table with these columns that ``spread`` holds.

    >>> condition(["learner_id", "day"])
    'coalesce(learner_id in (select number from held_learner), false)'
    >>> condition(["place_id"])
    'false'
    """
    found = [
        f"coalesce({column} in (select number from {table}), false)"  # noqa: S608 - our own names
        for column, table in BY_COLUMN.items()
        if column in columns
    ]
    return " or ".join(found) or "false"
