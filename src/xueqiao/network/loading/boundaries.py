"""The fourth step: outlines of cities and counties, and a point inside each."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from xueqiao.network import rules
from xueqiao.network.loading import files, steps
from xueqiao.network.models import Boundary, Listing, Place

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.network.loading.steps import Report

FILES = ("js_city.geojson", "js_county.geojson", "hn_city.geojson", "hn_county.geojson")
REGISTER = "mca"
PLACES_OF_DEGREE = Decimal("0.00001")


def sources(folder: Path) -> list[Path]:
    """The files that the step reads."""
    return [folder / "boundaries" / name for name in FILES]


def load(folder: Path, report: Report) -> int:
    """Write the outlines and the points; returns how many outlines.

    Raises:
        FileDamaged: a file is no GeoJSON, or a feature lacks code, point or geometry.
        PlaceCodeUnknown: a feature's code is listed nowhere.
    """
    places = _places()
    outlines, located = [], []
    for path in sources(folder):
        for number, feature in enumerate(files.read_features(path), start=1):
            properties = feature["properties"]
            place = places.get(rules.short_code(str(properties["code"])))
            if place is None:
                raise files.unknown_code(path, number, str(properties["code"]))
            place.lon, place.lat = _degree(properties.get("lon")), _degree(properties.get("lat"))
            located.append(place)
            outlines.append(Boundary(place=place, geometry=feature["geometry"]))
    Place.objects.bulk_update(located, ["lon", "lat"], batch_size=200)
    return steps.write(outlines, Boundary, report=report, step=_("Outlines"))


def _places() -> dict[str, Place]:
    listings = Listing.objects.filter(
        register_id=REGISTER, place__level__lte=3, valid_to=None
    ).select_related("place")
    return {listing.code: listing.place for listing in listings}


def _degree(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(PLACES_OF_DEGREE)
