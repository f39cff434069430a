"""The board of one place: what the address asks for, read in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http import Http404, QueryDict
from django.urls import reverse

from xueqiao.monitor import queries, rules
from xueqiao.network.models import Closure, Level, Listing, Place, Register
from xueqiao.web import exports
from xueqiao.web.cockpit import words

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.monitor.indicator import Indicator
    from xueqiao.monitor.queries import Figure

HOME = "32"
MAPPED = (Level.CITY, Level.COUNTY)


@dataclass(frozen=True)
class Tile:
    """One indicator of the place, with or without a value."""

    indicator: Indicator
    figure: Figure | None
    choose: str
    opens: str
    is_chosen: bool
    is_stale: bool

    @property
    def standing(self) -> words.Standing | None:
        return words.standing(self.figure) if self.figure else None

    @property
    def value(self) -> str:
        return words.value(self.figure) if self.figure else ""

    @property
    def unit(self) -> str:
        return words.unit(self.indicator)

    @property
    def short_unit(self) -> str:
        return words.short_unit(self.indicator)

    @property
    def short_target(self) -> str:
        return words.target(self.indicator, words.short_unit(self.indicator))

    @property
    def is_partial(self) -> bool:
        """Whether the value rests on less than it should."""
        return self.figure is not None and self.figure.reported < self.figure.expected

    @property
    def parts(self) -> str:
        return words.parts(self.figure) if self.figure else ""

    @property
    def target(self) -> str:
        return words.target(self.indicator)

    @property
    def direction(self) -> str:
        return words.direction(self.indicator)

    @property
    def completeness(self) -> str:
        return words.completeness(self.figure) if self.figure else ""


@dataclass(frozen=True)
class Choice:
    """One option of a switch: an address, marked when it is the present one."""

    title: Any
    address: str
    is_now: bool


class Board:
    """Everything that ``/cockpit/<code>/`` shows. Each part is read once, when first asked for."""

    def __init__(self, code: str, asked: QueryDict, today: date) -> None:
        self.asked = asked
        self.today = today
        self.registers = list(Register.objects.order_by("code"))
        self.listing = self._listing(code)

    def _listing(self, code: str) -> Listing:
        rows = Listing.objects.filter(place__code=code, valid_to=None)
        found = list(rows.select_related("place", "register").order_by("register_id"))
        if not found:
            raise Http404(code)
        wanted = self.asked.get("register", "")
        return next((each for each in found if each.register_id == wanted), found[0])

    @property
    def place(self) -> Place:
        return self.listing.place

    @property
    def register(self) -> Register:
        return self.listing.register

    @property
    def level(self) -> Level:
        return Level(self.place.level)

    @cached_property
    def indicator(self) -> Indicator:
        known = {each.code: each for each in queries.definitions()}
        return known.get(self.asked.get("indicator", ""), queries.definitions()[0])

    @cached_property
    def ancestors(self) -> list[Place]:
        """From the province down to the place above this one."""
        rows = Closure.objects.filter(
            descendant=self.place, register=self.register, depth__gt=0, valid_to=None, carried=False
        )
        return [row.ancestor for row in rows.select_related("ancestor").order_by("-depth")]

    @cached_property
    def provinces(self) -> list[Place]:
        return list(Place.objects.filter(level=Level.PROVINCE, valid_to=None).order_by("code"))

    @cached_property
    def province(self) -> Place:
        return self.ancestors[0] if self.ancestors else self.place

    @cached_property
    def periods(self) -> list[int]:
        return queries.periods(code=self.indicator.code, register=self.register.code)

    @property
    def period(self) -> int | None:
        """The year asked for, where the indicator has it; else the newest with data."""
        asked = self.asked.get("period", "")
        if asked.isdecimal() and int(asked) in self.periods:
            return int(asked)
        newest = self._newest.get(self.indicator.code)
        if newest:
            return newest.period
        return self.periods[-1] if self.periods else None

    @property
    def map_level(self) -> Level:
        """The level of the places on the map: the one below; of a province also counties."""
        if self.level is Level.PROVINCE:
            return Level.CITY if self.asked.get("by") == "city" else Level.COUNTY
        return Level(min(self.level + 1, Level.VILLAGE))

    @cached_property
    def shown_level(self) -> Level:
        """The map's level, or the deepest one at which the indicator has a meaning."""
        if self.level < self.indicator.grain < self.map_level:
            return Level(self.indicator.grain)
        return self.map_level

    @cached_property
    def figures(self) -> list[Figure]:
        """The values of the places below."""
        code, register = self.indicator.code, self.register.code
        if self.shown_level == self.level + 1:
            return queries.children(
                place=self.place, code=code, register=register, period=self.period
            )
        return queries.below(
            place=self.place,
            level=self.shown_level,
            code=code,
            register=register,
            period=self.period,
        )

    @cached_property
    def places_below(self) -> list[Listing]:
        """Every place of the shown level that the register lists, valued or not."""
        below = Closure.objects.filter(
            ancestor=self.place,
            register=self.register,
            valid_to=None,
            carried=False,
        )
        rows = Listing.objects.filter(
            register=self.register,
            valid_to=None,
            place__level=self.shown_level,
            place__in=below.values("descendant_id"),
        )
        return list(rows.select_related("place").order_by("code"))

    @cached_property
    def series(self) -> list[Figure]:
        return queries.series(
            place=self.place, code=self.indicator.code, register=self.register.code
        )

    @cached_property
    def _newest(self) -> dict[str, Figure]:
        codes = [each.code for each in queries.definitions()]
        return queries.tiles(place=self.place, codes=codes, register=self.register.code)

    @cached_property
    def _tiles(self) -> dict[str, Figure]:
        """The newest value of each indicator; of the chosen one, that of the year asked for."""
        chosen = next((each for each in self.series if each.period == self.period), None)
        return {**self._newest, **({chosen.indicator.code: chosen} if chosen else {})}

    @cached_property
    def tiles(self) -> list[Tile]:
        return [self.tile(each) for each in queries.definitions()]

    @property
    def chosen(self) -> Tile:
        return next(each for each in self.tiles if each.is_chosen)

    def tile(self, indicator: Indicator) -> Tile:
        """The tile of an indicator; its newest value, or that of the year for the chosen one."""
        figure = self._tiles.get(indicator.code)
        return Tile(
            indicator=indicator,
            figure=figure,
            choose=self.address(indicator=indicator.code, period=""),
            opens=self.definition_address(indicator, figure),
            is_chosen=indicator is self.indicator,
            is_stale=figure is not None and rules.is_stale(figure.as_of, self.today),
        )

    @property
    def is_computed(self) -> bool:
        return bool(self._tiles)

    def definition_address(
        self, indicator: Indicator, figure: Figure | None, code: str = ""
    ) -> str:
        """Where the number opens: definition with this place, register and year."""
        query = [("place", code or self.place.code), ("register", self.register.code)]
        query += [("period", str(figure.period))] if figure else []
        return exports.address(reverse("cockpit-indicator", args=[indicator.code]), query)

    def address(self, code: str = "", **changes: str) -> str:
        """The board of a place with some choices changed; the others are kept."""
        kept = {
            key: str(self.asked[key])
            for key in ("indicator", "register", "period", "by")
            if key in self.asked
        }
        return exports.address(
            reverse("cockpit-place", args=[code or self.place.code]), {**kept, **changes}.items()
        )

    @property
    def register_choices(self) -> list[Choice]:
        return [
            Choice(each, self.address(register=each.code, period=""), each == self.register)
            for each in self.registers
        ]

    @property
    def period_choices(self) -> list[Choice]:
        return [
            Choice(str(year), self.address(period=str(year)), year == self.period)
            for year in self.periods
        ]

    @property
    def level_choices(self) -> list[Choice]:
        if self.level is not Level.PROVINCE:
            return []
        return [
            Choice(Level.CITY.label, self.address(by="city"), self.shown_level is Level.CITY),
            Choice(Level.COUNTY.label, self.address(by="county"), self.shown_level is Level.COUNTY),
        ]

    @property
    def province_choices(self) -> list[Choice]:
        return [
            Choice(each.name, self.address(each.code), each == self.province)
            for each in self.provinces
        ]
