"""What an activity is: the canonical definition, merged out of what senders say.

A definition is looked at once: what this process has merged before costs a look-up in memory. So
the last sender of something new decides, and two who repeat different words do not make the
definition flicker.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import transaction

from xueqiao.kernel import bulk
from xueqiao.records.models import Activity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Each is a number: the digest of an address and of a definition that was merged.
_seen: OrderedDict[int, None] = OrderedDict()
_MOST_SEEN = 200_000
_BY_KEY = frozenset({"name", "description", "extensions"})


def merge(said: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Merge definitions into those of their activities. Call it inside a transaction, at its end.

    Args:
        said: number of the activity and a definition that the standard allows, in order.
    """
    new: dict[int, list[Mapping[str, Any]]] = {}
    marks = []
    for activity, definition in said:
        written = msgspec.json.encode(definition)
        mark = hash((activity, written))
        # PostgreSQL keeps no character 0; what holds one is nobody's best description.
        if mark not in _seen and b"\\u0000" not in written:
            new.setdefault(activity, []).append(definition)
            marks.append(mark)
    for some in bulk.chunks(sorted(new)):
        _merge(some, new)
    # Not before: what is taken back was not merged.
    transaction.on_commit(partial(_remember, marks))


def _merge(numbers: list[int], new: Mapping[int, list[Mapping[str, Any]]]) -> None:
    # Lowest first, so that two writers of the same activities cannot wait for each other.
    rows = Activity.objects.filter(pk__in=numbers).order_by("pk").select_for_update()
    changed = []
    for row in rows:
        before = row.definition or {}
        after = before
        for definition in new[row.pk]:
            after = merged(after, definition)
        if after != before:
            row.definition = after
            changed.append(row)
    if changed:
        Activity.objects.bulk_update(changed, ["definition"], batch_size=200)


def merged(known: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """A definition after somebody said something of it: languages and extensions are added.

    >>> merged({"name": {"en": "A"}, "type": "a:b"}, {"name": {"zh": "甲"}})
    {'name': {'en': 'A', 'zh': '甲'}, 'type': 'a:b'}
    """
    found = dict(known)
    for name, value in said.items():
        if name in _BY_KEY and isinstance(found.get(name), dict):
            found[name] = {**found[name], **value}
        else:
            found[name] = value
    return found


def known(iris: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The canonical definitions of some activities, by address; without those nobody described."""
    found: dict[str, dict[str, Any]] = {}
    for some in bulk.chunks(set(iris)):
        rows = Activity.objects.filter(iri__in=some, definition__isnull=False)
        found.update({iri: held or {} for iri, held in rows.values_list("iri", "definition")})
    return found


def _remember(marks: Iterable[int]) -> None:
    for mark in marks:
        _seen[mark] = None
    while len(_seen) > _MOST_SEEN:
        _seen.popitem(last=False)
