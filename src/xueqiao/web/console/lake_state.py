"""Contract, quality and sample of one table, as its page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from xueqiao.governance.models import Purpose
from xueqiao.governance.workbench import sampling
from xueqiao.lake.contracts import checks, gate
from xueqiao.lake.quality import rules, summary
from xueqiao.lake.recipes import recipes
from xueqiao.web.console import lake_contracts, lake_quality

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.governance.catalogue import Entry
    from xueqiao.people.models import Person

BRONZE, SCORED = "bronze.", "bronze.statement"


def resting_on(name: str) -> frozenset[str]:
    """The bronze tables that a table is made from, over however many steps.

    >>> sorted(resting_on("stage.voided"))
    ['bronze.statement']
    """
    found, met, todo = set(), {name}, [name]
    while todo:
        recipe = recipes().get(todo.pop())
        for read in recipe.reads if recipe else ():
            if read.startswith(BRONZE):
                found.add(read)
            elif read not in met:
                met.add(read)
                todo.append(read)
    return frozenset(found)


def contract(name: str) -> dict[str, Any]:
    """What the last check said: of a bronze table itself, of another one what it rests on."""
    verdicts = {each.table: each for each in gate.verdicts(settings.LAKE)}
    own, below = verdicts.get(name), resting_on(name)
    return {
        "verdict": own,
        "state": lake_contracts.STATES[own.state] if own else None,
        "breaches": [checks.said(each) for each in own.breaches] if own else [],
        "is_bronze": name.startswith(BRONZE),
        "below": len(below),
        "stopped": [each for each in verdicts.values() if each.table in below and each.is_stopped],
        "checked_at": max(
            (each.checked_at for each in verdicts.values() if each.table in below), default=None
        ),
    }


def quality(name: str, today: date) -> dict[str, Any]:
    """The scores of the statements in a table, or of those it is made of; newest day and all."""
    is_own = name == SCORED
    if not is_own and SCORED not in resting_on(name):
        return {"rows": [], "is_own": False}
    lines = summary.lines(settings.LAKE, since=lake_quality.first_day(today))
    newest = max((line["day"] for line in lines), default=None)
    by_day = summary.added_up((line for line in lines if line["day"] == newest), "dimension")
    whole = summary.added_up(lines, "dimension")
    return {
        "is_own": is_own,
        "newest": newest,
        "days": lake_quality.DAYS,
        "rows": [
            (
                title,
                lake_quality.cell(by_day.get((dimension,), summary.NOTHING)),
                lake_quality.cell(whole.get((dimension,), summary.NOTHING)),
            )
            for dimension, title in rules.DIMENSIONS.items()
        ] if lines else [],
    }  # fmt: skip


def sample(entry: Entry, person: Person, day: date, *, may_analyse: bool) -> dict[str, Any]:
    """Whether rows may be shown, and for which purposes. One query where it matters."""
    is_offered = entry.name in recipes()
    is_personal = sampling.is_personal(entry.columns)
    held = []
    if is_offered and is_personal and may_analyse:
        held = sampling.purposes(person, entry.name, day)
    return {
        "is_offered": is_offered,
        "is_personal": is_personal,
        "may_analyse": may_analyse,
        "purposes": [(value, Purpose(value).label) for value in held],
        "most": sampling.ROWS,
    }
