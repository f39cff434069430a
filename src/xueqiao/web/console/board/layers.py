"""What the board is made of: six layers, and in each of them lines, worst first."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrPromise

# Badge levels, worst first; "" is what nobody has begun to use.
LEVELS = ("bad", "warn", "now", "ok", "")
SHOWN = 6
"""Lines of a layer that are open; more are only when more want somebody."""


class Layer(Enum):
    """The six layers of the province's plan, from below; the value is a part of an address."""

    SUPPORT = "support"
    SENSING = "sensing"
    STORAGE = "storage"
    ANALYSIS = "analysis"
    DISPLAY = "display"
    SERVICE = "service"


TITLES: dict[Layer, tuple[StrPromise, StrPromise]] = {
    Layer.SUPPORT: (
        gettext_lazy("Foundation"),
        gettext_lazy("Machine, database, disk and the worker that runs jobs."),
    ),
    Layer.SENSING: (
        gettext_lazy("Sensing and collection"),
        gettext_lazy("Platforms that send, connections that fetch, and what was not believed."),
    ),
    Layer.STORAGE: (
        gettext_lazy("Processing and storage"),
        gettext_lazy("The lake: what was copied, checked against contracts and put into one form."),
    ),
    Layer.ANALYSIS: (
        gettext_lazy("Analysis and mining"),
        gettext_lazy("Tables ready to be counted, indicators, and the queries of analysts."),
    ),
    Layer.DISPLAY: (
        gettext_lazy("Application and display"),
        gettext_lazy("The cockpit, the pages, and what is handed to other systems."),
    ),
    Layer.SERVICE: (
        gettext_lazy("Service to users"),
        gettext_lazy("What runs for learners: recognition, certificates, appointments, files."),
    ),
}


class Kind(Enum):
    """What a line is about."""

    JOB = "job"
    TABLE = "table"
    CONNECTION = "connection"
    SERVICE = "service"


KINDS: dict[Kind, StrPromise] = {
    Kind.JOB: gettext_lazy("Job"),
    Kind.TABLE: gettext_lazy("Data table"),
    Kind.CONNECTION: gettext_lazy("Connection"),
    Kind.SERVICE: gettext_lazy("Running service"),
}


@dataclass(frozen=True)
class Line:
    """One thing of a layer and how it stands.

    Attributes:
        level: of the badge, one of ``LEVELS``.
        word: the state in a word or two.
        text: numbers with their dates.
        address: the page that explains it; "" where there is none.
        need: the policy of that page.
    """

    kind: Kind
    name: str
    level: str
    word: str
    text: str
    address: str = ""
    need: rights.Policy = rights.LAKE_SEE

    @property
    def title(self) -> StrPromise:
        return KINDS[self.kind]


@dataclass(frozen=True)
class Floor:
    """One layer with its lines, worst first."""

    layer: Layer
    lines: list[Line] = field(default_factory=list)

    @property
    def number(self) -> int:
        return list(Layer).index(self.layer) + 1

    @property
    def title(self) -> StrPromise:
        return TITLES[self.layer][0]

    @property
    def purpose(self) -> StrPromise:
        return TITLES[self.layer][1]

    @property
    def level(self) -> str:
        """That of its worst line."""
        return min((line.level for line in self.lines), key=LEVELS.index, default="")

    @property
    def word(self) -> str:
        bad, warn = self.count("bad"), self.count("warn")
        if bad:
            return _("needs somebody: {n}").format(n=bad)
        if warn:
            return _("{n} to watch").format(n=warn)
        return _("In order") if self.level else _("Not in use yet")

    @property
    def open(self) -> list[Line]:
        return self.lines[: max(SHOWN, self.count("bad") + self.count("warn"))]

    @property
    def rest(self) -> list[Line]:
        return self.lines[len(self.open) :]

    def count(self, level: str) -> int:
        return sum(line.level == level for line in self.lines)


def floor(layer: Layer, lines: list[Line]) -> Floor:
    """A layer with its lines in order: worst first, then as given."""
    return Floor(layer, sorted(lines, key=lambda line: LEVELS.index(line.level)))


def worst_first(floors: list[Floor]) -> list[Floor]:
    """Layers by their worst line and how many of them; else from below."""
    return sorted(
        floors, key=lambda each: (LEVELS.index(each.level), -each.count(each.level), each.number)
    )


def shown_time(at: datetime) -> str:
    """A time for people, in Asia/Shanghai, to the minute."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
