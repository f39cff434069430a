"""Places and institutions as flat rows for the lake. Each is an iterator of dicts, one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F

from xueqiao.kernel import flat
from xueqiao.network.models import (
    Closure,
    Institution,
    Listing,
    Place,
    PopulationCell,
    Register,
    Seat,
    Settlement,
    Succession,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

CHUNK = 10_000

REGISTERS = flat.Export(
    Register.objects.all(),
    {"register": "code", "as_of": "as_of", "deepest_level": "deepest_level"},
    key="",
)
PLACES = flat.Export(
    Place.objects.all(),
    {"place_id": "pk"} | flat.same("code", "level", "name", "kind", "valid_from", "valid_to"),
    key="place_id",
)
LISTINGS = flat.Export(
    Listing.objects.all(),
    {"register": "register_id", "level": "place__level"}
    | flat.same("place_id", "code", "name", "parent_id", "valid_from", "valid_to"),
    key="",
)
CLOSURE = flat.Export(
    Closure.objects.all(),
    {"register": "register_id"}
    | flat.same("ancestor_id", "descendant_id", "depth", "carried", "valid_from", "valid_to"),
    key="",
)
SUCCESSIONS = flat.Export(
    Succession.objects.all(),
    {"succession_id": "pk"} | flat.same("predecessor_id", "successor_id", "day"),
    key="succession_id",
)
INSTITUTIONS = flat.Export(
    Institution.objects.all(),
    {"institution_id": "pk"}
    | flat.same(
        "code", "kind", "serves_elders", "is_sample", "valid_from", "valid_to", "updated_at"
    ),
    key="institution_id",
    changed="updated_at",
)
SEATS = flat.Export(
    Seat.objects.all(),
    {"register": "register_id"} | flat.same("institution_id", "place_id", "valid_from", "valid_to"),
    key="",
)
POPULATION = flat.Export(
    PopulationCell.objects.all(),
    flat.same("place_id", "census", "sex", "age_from", "age_to", "is_remainder", "residents"),
    key="",
)  # fmt: skip
SETTLEMENTS = flat.Export(
    Settlement.objects.all(),
    {"settlement_id": "pk"}
    | flat.same("place_id", "census", "is_remainder", "urban_residents", "rural_residents"),
    key="settlement_id",
)


def registers() -> Iterator[dict[str, Any]]:
    """register, name_zh, name_en, as_of, deepest_level."""
    columns = ("name_zh", "name_en", "as_of", "deepest_level")
    return _rows(Register.objects.order_by("pk"), *columns, register=F("code"))


def places() -> Iterator[dict[str, Any]]:
    """One row a place, ended ones too: place_id, code, level, name, kind, valid_from, valid_to."""
    columns = ("code", "level", "name", "name_pinyin", "kind", "valid_from", "valid_to")
    return _rows(Place.objects.order_by("pk"), *columns, place_id=F("id"))


def listings() -> Iterator[dict[str, Any]]:
    """One row for each place × register × time under one code and name.

    The denominators: places of a level in a register on a day are the rows that hold on it.
    """
    columns = (
        "register_id", "place_id", "code", "name", "parent_id", "is_marked_dissolved",
        "valid_from", "valid_to",
    )  # fmt: skip
    return _rows(Listing.objects.order_by("pk"), *columns, level=F("place__level"))


def closure() -> Iterator[dict[str, Any]]:
    """One row for each ancestor of each place in each register's tree, itself included.

    ``carried``: the descendant has ended and its ground now lies in the ancestor. Sum facts over
    all rows of a day; count places over those that are not carried.
    """
    columns = (
        "register_id", "ancestor_id", "descendant_id", "depth", "carried", "valid_from", "valid_to",
    )  # fmt: skip
    return _rows(
        Closure.objects.order_by("pk"), *columns,
        ancestor_level=F("ancestor__level"), descendant_level=F("descendant__level"),
    )  # fmt: skip


def successions() -> Iterator[dict[str, Any]]:
    """One row a place that ended: predecessor_id, successor_id, day."""
    return _rows(Succession.objects.order_by("pk"), "predecessor_id", "successor_id", "day")


def institutions() -> Iterator[dict[str, Any]]:
    """One row an institution: institution_id, code, kind, serves_elders, days, updated_at."""
    columns = (
        "code", "name", "kind", "serves_elders", "is_sample", "valid_from", "valid_to",
        "updated_at",
    )  # fmt: skip
    return _rows(Institution.objects.order_by("pk"), *columns, institution_id=F("id"))


def seats() -> Iterator[dict[str, Any]]:
    """One row for each institution × register × time in one place."""
    columns = ("register_id", "institution_id", "place_id", "valid_from", "valid_to")
    return _rows(Seat.objects.order_by("pk"), *columns, seat_id=F("id"))


def population() -> Iterator[dict[str, Any]]:
    """One row a census cell: everybody is in exactly one, so cells add up over the tree of ``nbs``.

    A place that has ended keeps its cells; the closure's carried rows bring them to its successor.
    """
    columns = ("place_id", "census", "sex", "age_from", "age_to", "is_remainder", "residents")
    return _rows(PopulationCell.objects.order_by("pk"), *columns)


def settlements() -> Iterator[dict[str, Any]]:
    """Residents of towns and countryside by place, divided as the cells are."""
    columns = ("place_id", "census", "is_remainder", "urban_residents", "rural_residents")
    return _rows(Settlement.objects.order_by("pk"), *columns)


def _rows(rows: QuerySet[Any], *columns: str, **renamed: Any) -> Iterator[dict[str, Any]]:
    yield from rows.values(*columns, **renamed).iterator(chunk_size=CHUNK)
