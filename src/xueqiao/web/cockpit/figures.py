"""The figures of the board: the map with its table, and the line over the years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.network.models import Level, Listing
from xueqiao.web.cockpit import words
from xueqiao.web.cockpit.board import MAPPED, Board
from xueqiao.web.figure import Chart, Column, Figure, Row

if TYPE_CHECKING:
    from xueqiao.monitor.queries import Figure as Value

DRILLS_TO = Level.TOWN


def places(board: Board) -> Figure:
    """The places below: a map where there are outlines, bars otherwise, and always the table."""
    values = {each.place.pk: each for each in board.figures}
    rows = tuple(
        _row(board, listing, values.get(listing.place_id)) for listing in board.places_below
    )
    is_map = board.shown_level in MAPPED
    return Figure(
        code="places",
        title=_title(board),
        summary=words.children_summary(
            board.indicator, board.figures, len(rows) - len(board.figures)
        ),
        columns=_columns(board),
        rows=tuple(sorted(rows, key=lambda row: (row["value"] is None, row.get("exact", 0)))),
        chart=_map(board) if is_map else _bars(board),
        definition=board.chosen.opens,
        approval="" if is_map else None,
    )


def years(board: Board) -> Figure:
    """The chosen indicator of the place over the years."""
    rows = tuple(
        {
            "year": str(each.period),
            "value": float(each.shown),
            "exact": float(each.exact),
            "shown": words.value_with_unit(each),
            "parts": words.parts(each),
            "opens": board.definition_address(board.indicator, each),
        }
        for each in board.series
    )
    return Figure(
        code="years",
        title=_("{place} over the years").format(place=board.place.name),
        summary=words.series_summary(board.series),
        columns=(
            Column("year", _("Year"), head=True),
            Column("shown", _("Value"), numeric=True, link="opens", sort_key="exact", raw="value"),
            Column("parts", _("Numerator and denominator"), numeric=True),
        ),
        rows=rows,
        chart=Chart("lines", "year", (("exact", str(board.indicator.title)),), _scale(board)),
        definition=board.chosen.opens,
    )


def _title(board: Board) -> str:
    by = {
        Level.CITY: _("by city"),
        Level.COUNTY: _("by county"),
        Level.TOWN: _("by town"),
        Level.VILLAGE: _("by village"),
    }[board.shown_level]
    return _("{indicator}, {by}").format(indicator=board.indicator.title, by=by)


def _columns(board: Board) -> tuple[Column, ...]:
    head = Column("name", _("Place"), link="link", head=True, sort_key="code")
    title = _("Value ({unit})").format(unit=words.short_unit(board.indicator))
    number = Column("number", title, numeric=True, link="opens", sort_key="exact", raw="value")
    parts = []
    if board.indicator.denominator:
        parts.append(
            Column("numerator", _("Numerator"), numeric=True, raw="above", sort_key="above")
        )
        parts.append(
            Column("denominator", _("Denominator"), numeric=True, raw="below", sort_key="below")
        )
    last = [Column("standing", _("Target"), sort_key="exact")] if board.indicator.target else []
    return (head, number, *parts, *last)


def _row(board: Board, listing: Listing, value: Value | None) -> Row:
    place = listing.place
    row: Row = {
        "code": place.code,
        "name": listing.name,
        "value": None,
        "state": "none",
        "link": board.address(place.code, by="") if place.level <= DRILLS_TO else "",
    }
    if value is None:
        return row
    standing = words.standing(value)
    return {
        **row,
        "value": float(value.shown),
        "exact": float(value.exact),
        "shown": words.value_with_unit(value),
        "number": words.number(value),
        "state": standing.code,
        "numerator": f"{value.numerator:,}",
        "above": value.numerator,
        "denominator": f"{value.denominator:,}" if value.denominator else None,
        "below": value.denominator,
        "standing": f"{standing.sign} {standing.word}",
        "opens": board.definition_address(board.indicator, value, place.code),
    }


def _map(board: Board) -> Chart:
    address = reverse("cockpit-boundaries", args=[board.place.code])
    return Chart(
        "map",
        "name",
        (("exact", str(board.indicator.title)),),
        {
            "outline": f"{address}?level={board.shown_level.value}",
            "code": "code",
            "state": "state",
            "shown": "shown",
            "link": "link",
            "nothing": _("no value"),
        },
    )


def _bars(board: Board) -> Chart:
    return Chart("bars", "name", (("exact", str(board.indicator.title)),), _scale(board))


def _scale(board: Board) -> dict[str, object]:
    target = board.indicator.target
    return {
        "unit": words.unit(board.indicator),
        "fromZero": True,
        "target": float(target.value) if target else None,
        "targetLabel": words.target(board.indicator),
    }
