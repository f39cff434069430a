"""The second step: every ancestor of every place in each register's tree, with its days."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.network.loading import steps
from xueqiao.network.models import Closure, Listing, Register, Succession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xueqiao.network.loading.steps import Report

ALWAYS, NEVER = date.min, date.max
COLUMNS = (
    "register_id", "ancestor_id", "descendant_id", "depth", "carried", "valid_from", "valid_to",
)  # fmt: skip


class Path(NamedTuple):
    """An ancestor, how many steps up, and from when to when; ``NEVER``: no end."""

    ancestor: int
    depth: int
    start: date
    end: date
    carried: bool = False


class Tree:
    """One register's tree, from its listings."""

    def __init__(self, register: str) -> None:
        self.parents: dict[int, list[tuple[int | None, date, date]]] = defaultdict(list)
        listings = Listing.objects.filter(register_id=register).order_by("place_id", "valid_from")
        for place, parent, start, end in listings.values_list(
            "place_id", "parent_id", "valid_from", "valid_to"
        ):
            self._add(place, parent, start, end or NEVER)
        self.life = {place: (spans[0][1], spans[-1][2]) for place, spans in self.parents.items()}
        self._known: dict[int, list[Path]] = {}

    def _add(self, place: int, parent: int | None, start: date, end: date) -> None:
        spans = self.parents[place]
        if spans and spans[-1][0] == parent and spans[-1][2] == start:
            # Another code or name under the same parent changes nothing in the tree.
            start = spans.pop()[1]
        spans.append((parent, start, end))

    def paths(self, place: int) -> list[Path]:
        """The ways up, as if every place had always lain where it was listed first.

        So a town of a county founded in 2015 lies in its city before 2015 too, and only its county
        of that time is unknown.
        """
        if place not in self._known:
            found = [Path(place, 0, ALWAYS, NEVER)]
            for number, (parent, start, end) in enumerate(self.parents[place]):
                since = ALWAYS if number == 0 else start
                for way in self.paths(parent) if parent is not None else ():
                    days = max(since, way.start), min(end, way.end)
                    if days[0] < days[1]:
                        found.append(Path(way.ancestor, way.depth + 1, *days))
            self._known[place] = found
        return self._known[place]

    def rows(self, place: int) -> list[Path]:
        """The ways up, cut to the days on which both ends are listed."""
        born, gone = self.life[place]
        found = []
        for way in self.paths(place):
            other_born, other_gone = self.life[way.ancestor]
            start, end = max(way.start, born, other_born), min(way.end, gone, other_gone)
            if start < end:
                found.append(way._replace(start=start, end=end))
        return found


def load(report: Report) -> int:
    """Write the closure of all registers; returns its rows."""
    written = 0
    for register in Register.objects.order_by("pk").values_list("pk", flat=True):
        rows = [
            (register, way.ancestor, place, way.depth, way.carried, way.start,
             None if way.end == NEVER else way.end)
            for place, way in _all_rows(Tree(register))
        ]  # fmt: skip
        step = _("Tree of register {code}").format(code=register)
        written += steps.write_plain(rows, Closure, COLUMNS, report=report, step=step)
    return written


def _all_rows(tree: Tree) -> Iterator[tuple[int, Path]]:
    inside: dict[int, list[tuple[int, Path]]] = defaultdict(list)
    successions = list(Succession.objects.order_by("-day", "pk"))
    ended = {each.predecessor_id for each in successions}
    for place in tree.parents:
        for way in tree.rows(place):
            if way.ancestor in ended:
                inside[way.ancestor].append((place, way))
            yield place, way
    carried: dict[int, list[Path]] = defaultdict(list)
    # Latest first, so that the way on from a successor that ended later is known already.
    for each in successions:
        if each.predecessor_id not in tree.life or each.successor_id not in tree.life:
            continue
        onward = [*tree.rows(each.successor_id), *carried[each.successor_id]]
        for place, way in inside[each.predecessor_id]:
            for further in _carry(way, onward, each.day):
                carried[place].append(further)
                yield place, further


def _carry(way: Path, onward: list[Path], day: date) -> Iterator[Path]:
    for further in onward:
        start = max(day, further.start)
        if start < further.end:
            depth = way.depth + 1 + further.depth
            yield Path(further.ancestor, depth, start, further.end, carried=True)
