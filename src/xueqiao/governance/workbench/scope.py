"""Which rows somebody may read for a purpose: tables from grants, rows by the grants' places.

A table without rows of persons is open to every analyst. Of one with them, a grant opens the rows
of learners who live in its place, or of institutions that sit there. Whoever lives in no known
place belongs to the whole of a province only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq

from xueqiao.governance import datasets, grants, rules
from xueqiao.lake.sandbox.starting import Input

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from xueqiao.governance.datasets import Dataset
    from xueqiao.governance.models import AccessGrant
    from xueqiao.people.models import Person

TOP_LEVEL = 1
HELPERS = ("closure", "learner_place", "place", "institution_reach")
_BELOW = """
select distinct learner_id from learner_place
join closure on closure.register = learner_place.register and descendant_id = place_id
where ancestor_id in ({places})
"""
_NOWHERE = """
union
select learner_id from learner_place group by learner_id
having count(place_id) = 0
and (select count(*) from place where level = 1 and place_id in ({places})) > 0
"""
KEEP = {
    "learner_id": _BELOW + _NOWHERE,
    "place_id": "select distinct descendant_id from closure where ancestor_id in ({places})",
    "institution_id": (
        "select distinct institution_id from institution_reach where place_id in ({places})"
    ),
}


@dataclass(frozen=True)
class Scope:
    """What somebody may read for a purpose, at the versions that the tables have now.

    Attributes:
        tables: every table that is filled, by name.
        held: the grants it rests on.
        places: table → the places of whose rows a grant speaks.
        tops: the places of the highest level; whoever is granted all of them reads all rows.
    """

    tables: Mapping[str, Dataset]
    held: tuple[AccessGrant, ...]
    places: Mapping[str, frozenset[int]]
    tops: frozenset[int]

    def is_open(self, name: str) -> bool:
        """Whether a table may be read, whole or narrowed."""
        table = self.tables[name]
        if not table.is_personal:
            return True
        granted = self.places.get(name, frozenset())
        return bool(granted) and (bool(table.narrowed_by) or self._is_whole(granted))

    def grants_for(self, names: Iterable[str]) -> list[AccessGrant]:
        """The grants that open some tables."""
        wanted = {name for name in names if self.tables[name].is_personal}
        return [grant for grant in self.held if wanted & set(grant.tables)]

    def inputs(self, names: Iterable[str]) -> tuple[list[Input], dict[str, str]]:
        """The tables for the process that runs a query, and the SQL of the keys that are left."""
        made, keep = [], {}
        for name in sorted(names):
            table, granted = self.tables[name], self.places.get(name, frozenset())
            if not table.is_personal or self._is_whole(granted):
                made.append(given(table))
                continue
            listed = ", ".join(str(place) for place in sorted(granted))
            key = f"{table.narrowed_by}: {listed}"
            keep[key] = KEEP[table.narrowed_by].format(places=listed)
            made.append(given(table, narrowed_by=table.narrowed_by, keep=key))
        return made, keep

    def helpers(self) -> list[Input]:
        """The tables from which the keys that are left are found."""
        return [given(self.tables[name]) for name in HELPERS if name in self.tables]

    def _is_whole(self, granted: frozenset[int]) -> bool:
        return bool(self.tops) and self.tops <= granted


def of(person: Person, purpose: str, day: date) -> Scope:
    """What somebody may read for a purpose on a day; "" for open tables only."""
    tables = datasets.filled()
    held = tuple(grants.in_force(person, purpose, day)) if purpose else ()
    places: dict[str, set[int]] = {}
    for grant in held:
        for name in grant.tables:
            places.setdefault(name, set()).add(grant.place_id)
    frozen = {name: frozenset(found) for name, found in places.items()}
    return Scope(tables, held, frozen, tops(tables))


def tops(tables: Mapping[str, Dataset]) -> frozenset[int]:
    """The places of the highest level that the lake knows."""
    if "place" not in tables:
        return frozenset()
    found: set[int] = set()
    for file in tables["place"].files:
        rows = pq.read_table(
            file.path, columns=["place_id"], filters=pc.field("level") == TOP_LEVEL
        )
        found.update(rows["place_id"].to_pylist())
    return frozenset(found)


def given(table: Dataset, *, narrowed_by: str = "", keep: str = "") -> Input:
    """A table in the form in which the process gets it."""
    return Input(
        name=table.name, schema=table.schema, files=tuple(file.path for file in table.files),
        root=table.root, is_parted=table.is_parted, row_count=table.rows, narrowed_by=narrowed_by,
        keep=keep,
    )  # fmt: skip


def least() -> int:
    """The smallest count of persons that leaves."""
    return rules.SMALLEST_CELL
