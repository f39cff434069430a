"""Which step of each ladder: the least lossy combination in which nobody stands alone.

Every combination of steps is a node. A unit (a person, or a person's month) is well hidden in a
node when at least k persons share its values there and each sensitive column has l values among
them. A node will do when at most a given share of units is not; these are left out. Units that are
well hidden stay so further up, since classes only merge. So nodes below one that will not do are
not looked at, and, as the loss of all units at a node's steps is never more than its loss with some
left out, the search ends where that bound passes the best found: it is exact, and tries few nodes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.lake.anonymity.ladders import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xueqiao.lake.anonymity.ladders import Coded

LEFT_OUT_PERCENT: Final = 5
"""At most so many units in a hundred are left out for standing alone."""

Node = tuple[int, ...]


class NoWayError(ValueError):
    """Even where all columns say nothing the demands are not met.

    ``column``: the sensitive one with too few values; "" where there are too few persons.
    """

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


@dataclass(frozen=True)
class Units:
    """What is to be hidden: persons, or months of persons.

    Attributes:
        learners: whose each unit is.
        columns: what others may know, at every step.
        sensitive: columns in which each class must have several values; text without nulls.
    """

    learners: pa.Array
    columns: tuple[Coded, ...]
    sensitive: Mapping[str, pa.Array]


@dataclass(frozen=True)
class Choice:
    """The best node.

    Attributes:
        steps: of each column, in their order.
        loss: of all units and columns together, in millionths.
        kept: for each unit whether it stays.
        tried: nodes that were looked at, of ``nodes``.
    """

    steps: Node
    loss: int
    kept: pa.Array
    tried: int
    nodes: int


@dataclass(frozen=True)
class _Seen:
    bad: int
    bad_loss: int
    kept: pa.Array


def search(units: Units, *, k: int, diversity: int) -> Choice:
    """The node with the least loss; of two alike the one with the lower steps.

    Args:
        k: persons in each class, at least.
        diversity: values of each sensitive column in each class, at least.

    Raises:
        NoWayError: no node meets the demands.
    """
    most = len(units.learners) * LEFT_OUT_PERCENT // 100
    whole = WHOLE * len(units.columns)
    best: Choice | None = None
    failed: list[Node] = []
    tried, order = 0, sorted(_bounds(units))
    for bound, node in order:
        if best is not None and bound > best.loss:
            break
        if any(_is_below(node, other) for other in failed):
            continue
        tried += 1
        seen = _look(units, node, k, diversity)
        if seen.bad > most or seen.bad == len(units.learners):
            failed.append(node)
            continue
        loss = bound - seen.bad_loss + whole * seen.bad
        if best is None or (loss, node) < (best.loss, best.steps):
            best = Choice(node, loss, seen.kept, 0, 0)
    if best is None:
        raise NoWayError(_lacking(units, k, diversity))
    return Choice(best.steps, best.loss, best.kept, tried, len(order))


def classes(units: Units, node: Node) -> tuple[pa.Array, pa.Table]:
    """The class of each unit in a node, and the classes.

    One row a class: ``class``, ``persons``, ``units``, ``loss``, and for each sensitive column the
    number of its values, ``values_<column>``.
    """
    number = _class_numbers(units, node)
    loss = pa.repeat(pa.scalar(0, pa.int64()), len(units.learners))
    for column, step in zip(units.columns, node, strict=True):
        loss = pc.add(loss, column.losses[step])
    given = {"class": number, "learner": units.learners, "loss": loss, **units.sensitive}
    asked = [("learner", "count_distinct"), ("learner", "count"), ("loss", "sum")]
    asked += [(name, "count_distinct") for name in units.sensitive]
    found = pa.table(given).group_by("class", use_threads=False).aggregate(asked)
    names = {
        "class": "class", "learner_count_distinct": "persons", "learner_count": "units",
        "loss_sum": "loss",
        **{f"{name}_count_distinct": f"values_{name}" for name in units.sensitive},
    }  # fmt: skip
    return number, found.select(list(names)).rename_columns(list(names.values()))


def _bounds(units: Units) -> Iterator[tuple[int, Node]]:
    """Every node with the loss of all units at its steps."""
    sums = [[pc.sum(lost).as_py() or 0 for lost in column.losses] for column in units.columns]
    for node in itertools.product(*(range(len(column.codes)) for column in units.columns)):
        yield sum(each[step] for each, step in zip(sums, node, strict=True)), node


def _is_below(node: Node, other: Node) -> bool:
    return all(mine <= its for mine, its in zip(node, other, strict=True))


def _look(units: Units, node: Node, k: int, diversity: int) -> _Seen:
    number, found = classes(units, node)
    good = pc.greater_equal(found["persons"], k)
    for name in units.sensitive:
        good = pc.and_(good, pc.greater_equal(found[f"values_{name}"], diversity))
    bad = found.filter(pc.invert(good))
    kept = pc.is_in(number, value_set=found.filter(good)["class"].combine_chunks())
    return _Seen(pc.sum(bad["units"]).as_py() or 0, pc.sum(bad["loss"]).as_py() or 0, kept)


def _class_numbers(units: Units, node: Node) -> pa.Array:
    """One number for each combination of values, numbered as they come."""
    number = pa.repeat(pa.scalar(0, pa.int64()), len(units.learners))
    for column, step in zip(units.columns, node, strict=True):
        mixed = pc.add(pc.multiply(number, len(column.names[step])), column.codes[step])
        # Numbered anew each time: the product of all columns would pass 64 bits.
        number = pc.cast(mixed.dictionary_encode().indices, pa.int64())
    return number


def _lacking(units: Units, k: int, diversity: int) -> str:
    top = tuple(len(column.codes) - 1 for column in units.columns)
    _number, found = classes(units, top)
    if not found.num_rows or pc.max(found["persons"]).as_py() < k:
        return ""
    short = (n for n in units.sensitive if pc.max(found[f"values_{n}"]).as_py() < diversity)
    return next(short, "")
