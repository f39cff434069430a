"""The index of what statements name: agents, activities, and the statements they refer to.

Only this module writes and clears it. A row is written where a column of the statement does not
already say it, so a plain statement (somebody did something) has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.db import connection

from xueqiao.kernel import bulk
from xueqiao.records import definitions
from xueqiao.records.models import (
    Activity,
    Actor,
    Statement,
    StatementActivity,
    StatementAgent,
    StatementReference,
)
from xueqiao.records.xapi import named

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from xueqiao.records.xapi.facts import Facts

# How many statements a chain of references may lead through. Longer ones are not learning.
LONGEST_CHAIN = 64
# Taken by whoever writes a reference: two ends of a chain that come at once must see each other.
_LOCK = 0x78_71_72_65


class Placed(NamedTuple):
    """A statement that was written, and what it says.

    Attributes:
        defines: whether its sender may say what an activity is.
    """

    row: int
    key: uuid.UUID
    facts: Facts
    defines: bool = True


def write(
    placed: Sequence[Placed],
    *,
    stored_at: datetime,
    actors: Mapping[str, int],
    activities: Mapping[str, int],
) -> None:
    """Write what new statements name, in their transaction.

    Args:
        stored_at: of all of them.
        actors: number of every identifier they name.
        activities: number of every address they name.
    """
    agents, things = [], []
    for row, _key, facts, _defines in placed:
        for identifier, role in facts.named.agents.items():
            agents.append((actors[identifier], role > named.DIRECT, stored_at, row, role))
        for iri, role in facts.named.activities.items():
            things.append((activities[iri], stored_at, row, role))
    bulk.insert(
        StatementAgent,
        ("actor_id", "is_related", "stored_at", "statement_id", "role"),
        sorted(agents),
    )
    bulk.insert(
        StatementActivity, ("activity_id", "stored_at", "statement_id", "role"), sorted(things)
    )
    references = {each.key: each for each in placed if each.facts.target is not None}
    if references:
        _refer(references, stored_at)
    definitions.merge(
        (activities[iri], definition)
        for _row, _key, facts, defines in placed
        if defines
        for iri, definition in facts.named.definitions.items()
    )


def _refer(new: Mapping[uuid.UUID, Placed], stored_at: datetime) -> None:
    """Write which statements the new ones lead to, and extend the chains that lead to them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as run:
            run.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    links = {key: each.facts.target for key, each in new.items() if each.facts.target}
    below = _below(links.values())
    rows: set[tuple[datetime, int, uuid.UUID]] = set()
    reached = {key: _reached(key, links, below) for key in links}
    for key, targets in reached.items():
        rows.update((stored_at, new[key].row, target) for target in targets)
    for key, row, at in _referrers(links):
        rows.update((at, row, target) for target in reached[key])
    columns = ("stored_at", "statement_id", "target")
    bulk.insert(StatementReference, columns, sorted(rows), ignore_conflicts=True)


def _below(targets: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """What held statements lead to, by their identifier."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for some in bulk.chunks(set(targets)):
        rows = StatementReference.objects.filter(statement__uuid__in=some)
        for key, target in rows.values_list("statement__uuid", "target"):
            found.setdefault(key, set()).add(target)
    return found


def _referrers(keys: Iterable[uuid.UUID]) -> list[tuple[uuid.UUID, int, datetime]]:
    """Held statements that lead to some: identifier led to, number and stored time of each."""
    found: list[tuple[uuid.UUID, int, datetime]] = []
    for some in bulk.chunks(keys):
        rows = StatementReference.objects.filter(target__in=some)
        found += rows.values_list("target", "statement_id", "stored_at")
    return found


def _reached(
    start: uuid.UUID,
    links: Mapping[uuid.UUID, uuid.UUID],
    below: Mapping[uuid.UUID, set[uuid.UUID]],
) -> set[uuid.UUID]:
    """All that a chain leads to, never through one statement twice."""
    found: set[uuid.UUID] = set()
    waiting = [links[start]]
    while waiting and len(found) < LONGEST_CHAIN:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += below.get(here, ())
            if here in links:
                waiting.append(links[here])
    return found


def forget(rows: Collection[int]) -> None:
    """Clear the index of statements that are about to be deleted; their texts must still be there.

    Attachments have rows of their own: see ``attachments.forget``.

    Args:
        rows: numbers of statements, at most a few thousand at a time.
    """
    agents: set[str] = set()
    activities: set[str] = set()
    stored: set[datetime] = set()
    held = Statement.objects.filter(pk__in=rows)
    for text, stored_at in held.values_list("text", "stored_at"):
        found = named.read(_decode(text))
        agents |= found.agents.keys()
        activities |= found.activities.keys()
        stored.add(stored_at)
    StatementAgent.objects.filter(
        actor__in=Actor.objects.filter(ifi__in=agents),
        is_related__in=(False, True),
        stored_at__in=stored,
        statement__in=rows,
    ).delete()
    StatementActivity.objects.filter(
        activity__in=Activity.objects.filter(iri__in=activities),
        stored_at__in=stored,
        statement__in=rows,
    ).delete()
    StatementReference.objects.filter(statement__in=rows).delete()


def _decode(text: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(text)
    return found
