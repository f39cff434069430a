"""Small worlds: rows of every bronze table as plain lists, and the lake made from them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from xueqiao.lake import build, codes, engines, extract, schemas
from xueqiao.lake.sources import Log, Snapshot

LOGS = ("statement", "completion", "lot", "transfer")
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
READ, REGISTERED = 1, 2
KEYS = {
    "person": "learner_id",
    "former_home": "change_id",
    "account": "learner_id",
    "institution": "institution_id",
    "actor": "actor_id",
    "verb": "verb_id",
    "source": "source_id",
    "batch": "batch_id",
    "activity": "activity_id",
    "offering": "offering_id",
    "enrolment": "enrolment_id",
}
SNAPSHOTS = {
    name: getattr(schemas, name.upper())
    for name in (
        "register",
        "listing",
        "closure",
        "population",
        "institution",
        "seat",
        "person",
        "former_home",
        "actor",
        "verb",
        "source",
        "batch",
        "activity",
        "offering",
        "enrolment",
        "account",
        "budget",
    )
}


@dataclass
class World:
    """Rows by table; each is a list of dicts with the columns of ``schemas``.

    ``is_keyed``: snapshots are followed row by row as the real ones are; else replaced whole, which
    costs fewer files.
    """

    is_keyed: bool = False
    register: list = field(default_factory=list)
    listing: list = field(default_factory=list)
    closure: list = field(default_factory=list)
    population: list = field(default_factory=list)
    institution: list = field(default_factory=list)
    seat: list = field(default_factory=list)
    person: list = field(default_factory=list)
    former_home: list = field(default_factory=list)
    actor: list = field(default_factory=list)
    offering: list = field(default_factory=list)
    enrolment: list = field(default_factory=list)
    completion: list = field(default_factory=list)
    budget: list = field(default_factory=list)
    statement: list = field(default_factory=list)
    lot: list = field(default_factory=list)
    transfer: list = field(default_factory=list)
    account: list = field(default_factory=list)
    source: list = field(default_factory=list)
    batch: list = field(default_factory=list)
    activity: list = field(default_factory=list)
    verb: list = field(
        default_factory=lambda: [
            {"verb_id": READ, "iri": "http://example.org/read", "counts": True},
            {"verb_id": REGISTERED, "iri": "http://example.org/registered", "counts": False},
        ]
    )

    def sources(self):
        return [
            *(
                Snapshot(
                    f"bronze.{name}",
                    schema,
                    lambda name=name: getattr(self, name),
                    lambda name=name: [str(getattr(self, name))],
                    key=KEYS.get(name, "") if self.is_keyed else "",
                )
                for name, schema in SNAPSHOTS.items()
            ),
            *(self.log(name) for name in LOGS),
            *codes.sources(),
        ]

    def log(self, name):
        def after(position, limit):
            rows = ({"xid": 0, "id": n, **row} for n, row in enumerate(getattr(self, name), 1))
            return [row for row in rows if row["id"] > position.row][:limit]

        return Log(
            f"bronze.{name}",
            getattr(schemas, name.upper()),
            after,
            waiting=lambda position: len(after(position, 10**9)),
            instant="event_at" if name == "statement" else "",
        )

    def add_statement(
        self,
        actor_id,
        event_at,
        *,
        verb=READ,
        source=1,
        registration=None,
        voids=None,
        statement_id=None,
    ):
        number = len(self.statement) + 1
        name = statement_id or str(uuid.UUID(int=number))
        self.statement.append(
            {
                "statement_id": name,
                "text": f'{{"id": "{name}"}}',
                "actor_id": actor_id,
                "verb_id": verb,
                "activity_id": 1,
                "registration": registration,
                "event_at": event_at,
                "stored_at": AT,
                "source_id": source,
                "batch_id": 1,
                "voids": voids,
            }
        )
        return name

    def add_person(self, person_id, *, birth_year=None, home_id=None, is_sample=False):
        """A person with the actor of the same number, linked."""
        self.person.append(
            {
                "learner_id": 2 * person_id,
                "sex": "0",
                "birth_year": birth_year,
                "home_id": home_id,
                "is_sample": is_sample,
            }
        )
        self.actor.append({"actor_id": person_id, "learner_id": 2 * person_id})

    def add_former_home(self, person_id, home_id, until):
        """Where a person lived until the day before ``until``."""
        self.former_home.append(
            {
                "change_id": len(self.former_home) + 1,
                "learner_id": 2 * person_id,
                "home_id": home_id,
                "until": until,
            }
        )


def tree(
    world: World,
    register: str,
    parents: dict[int, int | None],
    levels: dict[int, int],
    *,
    as_of=date(2025, 12, 31),
):
    """List places in a register and close its tree."""
    start = date(2000, 1, 1)
    world.register.append(
        {"register": register, "as_of": as_of, "deepest_level": max(levels.values())}
    )
    for place, parent in parents.items():
        world.listing.append(
            {
                "register": register,
                "place_id": place,
                "code": str(place),
                "name": f"P{place}",
                "level": levels[place],
                "parent_id": parent,
                "valid_from": start,
                "valid_to": None,
            }
        )
        above, depth = place, 0
        while above is not None:
            world.closure.append(
                {
                    "register": register,
                    "ancestor_id": above,
                    "descendant_id": place,
                    "depth": depth,
                    "carried": False,
                    "valid_from": start,
                    "valid_to": None,
                }
            )
            above, depth = parents[above], depth + 1


def small() -> World:
    """A province in two registers: only the statistical one knows zone 22 and its town 32."""
    world = World()
    levels = {1: 1, 10: 2, 20: 3, 22: 3, 30: 4, 31: 4, 32: 4, 40: 5, 41: 5, 42: 5}
    parents = {1: None, 10: 1, 20: 10, 22: 10, 30: 20, 31: 20, 32: 22, 40: 30, 41: 31, 42: 32}
    tree(world, "nbs", parents, levels)
    known = [1, 10, 20, 30, 31]
    tree(world, "mca", {place: parents[place] for place in known}, levels)
    for place, residents in ((20, 100), (22, 50)):
        for age, share in ((0, 2), (15, 5), (60, 3)):
            world.population.append(
                {
                    "place_id": place,
                    "census": 2020,
                    "sex": "1",
                    "age_from": age,
                    "age_to": None,
                    "is_remainder": False,
                    "residents": residents * share // 10,
                }
            )
    return world


def fill(root, world: World):
    return extract.extract(root=root, of=world.sources(), at=AT)


def make(root):
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        return build.build(root=root, engine=engine, at=AT)


def rows_of(root, name):
    """All rows of a table as a sorted list of dicts."""
    reading = build.Reading(root)
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        reading.attach(engine, name)
        return engine.sql(f"select * from {name} order by all").read_all().to_pylist()
