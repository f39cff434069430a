"""Places and institutions as flat rows for the lake."""

from __future__ import annotations

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
