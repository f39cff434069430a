"""From rows of learners to rows in which nobody stands alone, and what was done on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from xueqiao.governance.extracts import designs
from xueqiao.kernel import errors
from xueqiao.lake.anonymity import capping, checking, ladders, lattice

if TYPE_CHECKING:
    from xueqiao.governance.extracts.designs import Design
    from xueqiao.governance.extracts.reading import Source
    from xueqiao.governance.models import ResearchExtract
    from xueqiao.lake.anonymity.ladders import Ladder
    from xueqiao.lake.anonymity.lattice import Choice, Units

YOUNGEST = 14
"""Data of anybody younger is sensitive by law (PIPL, article 28) and in no extract."""


class TooFewPersons(errors.Refusal):
    """There are not k persons to hide among."""

    code = "extract.too_few"


class NotDiverse(errors.Refusal):
    """A sensitive column has too few values, however large the classes are."""

    code = "extract.not_diverse"


class NotHidden(errors.Refusal):
    """The finished rows do not hold what they should; nothing of them leaves."""

    code = "extract.not_hidden"
    status = 500


@dataclass(frozen=True)
class Anonymous:
    """Rows that may leave once ``learner_id`` is replaced, and what the report says of them."""

    rows: pa.Table
    told: dict[str, Any]


def anonymise(extract: ResearchExtract, source: Source, known_persons: set[int]) -> Anonymous:
    """Make the rows of an extract k-anonymous and l-diverse; equal input gives equal rows.

    Args:
        known_persons: learners for whom there is a key; the others were erased and are left out.

    Raises:
        TooFewPersons, NotDiverse: it cannot be done.
        NotHidden: a check of the finished rows found a fault of this code.
    """
    facts, left_out = _admitted(extract, source.facts, known_persons)
    own = _ladders(extract, source)
    units = _units(extract, facts, own)
    try:
        choice = lattice.search(units, k=extract.k, diversity=extract.diversity)
    except lattice.NoWayError as why:
        raise _no_way(extract, why.column) from why
    left_out["alone"] = len(set(units.learners.to_pylist())) - len(_kept(units, choice))
    hidden = _hidden(extract, facts, units, choice)
    rows, caps = _rows(extract, hidden, own, choice)
    found = checking.reached(
        rows, person="learner_id", known=extract.known, sensitive=extract.sensitive,
        follows=designs.is_followed(extract),
    )  # fmt: skip
    if found.k < extract.k or any(n < extract.diversity for n in found.values.values()):
        raise NotHidden(_("The rows came out less hidden than asked, so none were kept."))
    told = _told(extract, rows, units, choice, found)
    told["left_out"] = {why: _masked(count, extract.k) for why, count in left_out.items()}
    told["rows_alone"] = _masked(facts.num_rows - hidden.num_rows, extract.k)
    told["numbers"] = caps
    return Anonymous(rows, told)


def _admitted(
    extract: ResearchExtract, facts: pa.Table, known: set[int]
) -> tuple[pa.Table, dict[str, int]]:
    """The rows of those who may be in an extract, with ``age``; how many may not, by reason."""
    # An age for the whole extract, as on the first day: it changing would tell the year of birth.
    age = pc.subtract(extract.first_month.year, pc.cast(facts["birth_year"], pa.int64()))
    facts = facts.append_column("age", age)
    young = pc.fill_null(pc.less(facts["age"], YOUNGEST), fill_value=False)
    gone = pc.invert(pc.is_in(facts["learner_id"], value_set=pa.array(sorted(known), pa.int64())))
    counts = {
        why: pc.count_distinct(facts.filter(which)["learner_id"]).as_py()
        for why, which in (("young", young), ("gone", gone))
    }
    return facts.filter(pc.invert(pc.or_(young, gone))), counts


def _ladders(extract: ResearchExtract, source: Source) -> tuple[Ladder, ...]:
    month = designs.of(extract).month
    all_of = {
        designs.SEX: ladders.SEX,
        designs.AGE: ladders.AGE,
        designs.HOME: ladders.homes(source.tree, extract.place_id),
        month: ladders.months(month),
    }
    return tuple(all_of[name] for name in extract.known)


def _column(design: Design, name: str) -> str:
    """What a column is called in the facts."""
    return "month" if name == design.month else name


def _units(extract: ResearchExtract, facts: pa.Table, own: tuple[Ladder, ...]) -> Units:
    design = designs.of(extract)
    if not designs.is_followed(extract):
        return lattice.Units(
            facts["learner_id"].combine_chunks(),
            tuple(ladders.coded(each, facts[_column(design, each.name)]) for each in own),
            {name: facts[name].combine_chunks() for name in extract.sensitive},
        )
    # Whoever can be followed is known by all months together.
    months: dict[int, list[Any]] = {}
    first: list[int] = []
    for row, (learner, month) in enumerate(
        zip(facts["learner_id"].to_pylist(), facts["month"].to_pylist(), strict=True)
    ):
        if learner not in months:
            first.append(row)
        months.setdefault(learner, []).append(month)
    persons, sets = facts.take(first), [tuple(each) for each in months.values()]
    columns = tuple(
        ladders.coded_sets(each, sets)
        if each.name == design.month
        else ladders.coded(each, persons[each.name])
        for each in own
    )
    return lattice.Units(pa.array(list(months), pa.int64()), columns, {})


def _kept(units: Units, choice: Choice) -> set[int]:
    return set(units.learners.filter(choice.kept).to_pylist())


def _hidden(extract: ResearchExtract, facts: pa.Table, units: Units, choice: Choice) -> pa.Table:
    """The rows that stay."""
    if not designs.is_followed(extract):
        return facts.filter(choice.kept)
    staying = pa.array(sorted(_kept(units, choice)), pa.int64())
    return facts.filter(pc.is_in(facts["learner_id"], value_set=staying))


def _rows(
    extract: ResearchExtract, facts: pa.Table, own: tuple[Ladder, ...], choice: Choice
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Rows at the chosen steps, those of a learner that became alike added up, numbers cut."""
    design = designs.of(extract)
    columns = {"learner_id": facts["learner_id"]}
    for ladder, step in zip(own, choice.steps, strict=True):
        values = facts[_column(design, ladder.name)]
        columns[ladder.name] = ladders.climbed(ladder, step, values)
    columns |= {name: facts[name] for name in extract.sensitive}
    sums = [(each.source, "sum") for each in design.measures]
    columns |= {name: pc.cast(facts[name], pa.int64()) for name, _how in sums}
    keys = ["learner_id", *extract.known, *extract.sensitive]
    rows = pa.table(columns).group_by(keys, use_threads=False).aggregate(sums)
    made, caps = {name: rows[name] for name in ("learner_id", *extract.known)}, []
    for each in design.measures:
        cut = capping.cap(rows[f"{each.source}_sum"], rows["learner_id"], k=extract.k)
        made[each.name] = pc.divide(cut.values, each.unit)
        caps.append({"name": each.name, "most": cut.cap // each.unit})
    return pa.table(made | {name: rows[name] for name in extract.sensitive}), caps


def _told(
    extract: ResearchExtract, rows: pa.Table, units: Units, choice: Choice,
    found: checking.Reached,
) -> dict[str, Any]:  # fmt: skip
    whole = ladders.WHOLE * max(1, len(units.learners))
    columns = []
    for column, step in zip(units.columns, choice.steps, strict=True):
        lost = column.losses[step].filter(choice.kept)
        steps = column.ladder.steps
        columns.append({
            "name": column.ladder.name, "step": steps[step], "steps": list(steps),
            "loss": (pc.sum(lost).as_py() or 0) // max(1, len(lost)),
        })  # fmt: skip
    return {
        "k": {"asked": extract.k, "reached": found.k},
        "diversity": {
            "asked": extract.diversity,
            "columns": [
                {"name": name, "reached": n, "most_alike_percent": found.most_alike[name]}
                for name, n in found.values.items()
            ],
        },
        "rows": rows.num_rows,
        "persons": pc.count_distinct(rows["learner_id"]).as_py(),
        "classes": len(found.sizes),
        "smallest": found.sizes[0],
        "median": found.sizes[len(found.sizes) // 2],
        "largest": found.sizes[-1],
        "sizes": sizes(found.sizes, extract.k),
        "columns": columns,
        "not_chosen": [name for name in designs.of(extract).known if name not in extract.known],
        "loss": choice.loss * ladders.WHOLE // (whole * len(units.columns)),
        "search": {
            "nodes": choice.nodes, "tried": choice.tried,
            "left_out_percent": lattice.LEFT_OUT_PERCENT,
        },
    }  # fmt: skip


def sizes(found: tuple[int, ...], k: int) -> list[dict[str, int]]:
    """How many classes, and persons in them, there are by size; each band is twice as wide.

    >>> sizes((5, 9, 10, 40), 5)[:2]
    [{'from': 5, 'to': 9, 'classes': 2, 'persons': 14}, {'from': 10, 'to': 19, 'classes': 1, 'persons': 10}]
    """  # noqa: E501 - the answer of the example stands on one line
    bands, first = [], k
    while first <= found[-1]:
        inside = [each for each in found if first <= each < 2 * first]
        if inside:
            bands.append({
                "from": first, "to": 2 * first - 1, "classes": len(inside),
                "persons": sum(inside),
            })  # fmt: skip
        first *= 2
    return bands


def _masked(count: int, k: int) -> int | None:
    """A count that is told; None where it is of so few that it would tell about them."""
    return None if 0 < count < k else count


def _no_way(extract: ResearchExtract, column: str) -> errors.Refusal:
    if column:
        text = _(
            "Column {column} has fewer than {n} values, even with all persons in one class. Ask "
            "for a lower l, or without this column."
        )
        return NotDiverse(text.format(column=column, n=extract.diversity))
    text = _("Fewer than {k} persons have rows there. Choose a larger place or a longer period.")
    return TooFewPersons(text.format(k=extract.k))
