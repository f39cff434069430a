"""Outlines of places, made small enough for a page, without tearing shared borders apart."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.network.models import Boundary, Closure

if TYPE_CHECKING:
    from collections.abc import Iterator

Point = tuple[float, float]
Ring = list[Point]
Shape = list[list[Ring]]  # a GeoJSON MultiPolygon: polygons of rings of points

LEAST_CORNERS = 4
FIRST_AREA = 1e-7  # square degrees; about 1,000 square metres at these latitudes


class NoOutline(errors.Refusal):
    """No outline is loaded for the places asked for."""

    code = "network.no_outline"
    status = 404


def collection(*, place: str, level: int, at_most: int) -> dict[str, Any]:
    """The outlines of the cities or counties below a place as one GeoJSON feature collection.

    Args:
        place: code of a province (two digits) or a city (four).
        level: 2 for cities, 3 for counties.
        at_most: bytes of the coordinates as compact JSON; vertices are left out until they fit.

    Raises:
        NoOutline: no outline is loaded for this place and level.
    """
    below = Closure.objects.filter(ancestor__code=place, valid_to=None).values("descendant_id")
    rows = Boundary.objects.filter(place_id__in=below, place__level=level).select_related("place")
    found = list(rows.order_by("place__code"))
    if not found:
        text = _(
            "No outline is loaded for places of level {level} in {place}. Load the boundaries."
        )
        raise NoOutline(text.format(level=level, place=place))
    shapes = fit({row.place.code: _shape(row.geometry) for row in found}, at_most)
    return {
        "type": "FeatureCollection",
        "approval": next((row.approval for row in found if row.approval), ""),
        "features": [
            {
                "type": "Feature",
                "properties": {"name": row.place.code, "title": row.place.name},
                "geometry": {"type": "MultiPolygon", "coordinates": shapes[row.place.code]},
            }
            for row in found
        ],
    }


def version() -> int:
    """Changes whenever an outline is added: part of the name of what is cached."""
    return Boundary.objects.aggregate(last=Max("pk"))["last"] or 0


def fit(shapes: dict[str, Shape], at_most: int) -> dict[str, Shape]:
    """Shapes whose compact JSON takes at most so many bytes, rounded to about 100 metres."""
    area = FIRST_AREA
    kept = simplify(shapes, area)
    while len(json.dumps(kept, separators=(",", ":"))) > at_most:
        area *= 1.6
        kept = simplify(kept, area)
    return kept


def simplify(shapes: dict[str, Shape], area: float) -> dict[str, Shape]:
    """Leave out vertices whose triangle with both neighbours is smaller than ``area``.

    A vertex between two neighbouring places is judged by the same triangle from both sides, and one
    where three borders meet always stays, so that no gap opens between neighbours.
    """
    rounded = {code: _rounded(shape) for code, shape in shapes.items()}
    fixed = _junctions(rounded)
    return {
        code: [[_thin(ring, fixed, area) for ring in polygon] for polygon in shape]
        for code, shape in rounded.items()
    }


def _shape(geometry: dict[str, Any]) -> Shape:
    polygons = geometry["coordinates"]
    return [polygons] if geometry["type"] == "Polygon" else polygons


def _rounded(shape: Shape) -> Shape:
    polygons = ([_round_ring(ring) for ring in polygon] for polygon in shape)
    whole = [[ring for ring in polygon if len(ring) >= LEAST_CORNERS] for polygon in polygons]
    return [polygon for polygon in whole if polygon] or shape


def _round_ring(ring: Ring) -> Ring:
    points = [(round(x, 3), round(y, 3)) for x, y in ring]
    return [points[0], *(b for a, b in itertools.pairwise(points) if a != b)]


def _rings(shapes: dict[str, Shape]) -> Iterator[Ring]:
    return (ring for shape in shapes.values() for polygon in shape for ring in polygon)


def _junctions(shapes: dict[str, Shape]) -> set[Point]:
    near: defaultdict[Point, set[Point]] = defaultdict(set)
    for ring in _rings(shapes):
        for a, b in itertools.pairwise(ring):
            near[a].add(b)
            near[b].add(a)
    # A vertex inside a border has two neighbours, however many places share it.
    return {point for point, others in near.items() if len(others) > 2}  # noqa: PLR2004 - two sides


def _thin(ring: Ring, fixed: set[Point], area: float) -> Ring:
    """A ring without its small corners; corners side by side go one at a time, smallest first."""
    points = list(ring[:-1])
    while len(points) > LEAST_CORNERS:
        sizes = [_corner(points, n) for n in range(len(points))]
        going = {
            n
            for n, size in enumerate(sizes)
            if size[0] < area
            and points[n] not in fixed
            and size < sizes[n - 1]
            and size < sizes[(n + 1) % len(points)]
        }
        if not going or len(points) - len(going) < LEAST_CORNERS:
            break
        points = [point for n, point in enumerate(points) if n not in going]
    return [*points, points[0]]


def _corner(points: Ring, n: int) -> tuple[float, Point]:
    """The area of the triangle at a vertex; the vertex itself breaks ties alike on both sides."""
    (ax, ay), (bx, by), (cx, cy) = points[n - 1], points[n], points[(n + 1) % len(points)]
    return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2, points[n]
