"""Keys that stand for learners in whatever leaves the lake.

Inside, a learner is a dense number; it would tell two extracts apart from nobody and join them for
everybody. What leaves carries an HMAC of the person's key in ``people``, made with the platform's
identity key and for one purpose: neither key lies in the lake, two purposes give two keys, and when
a person's row is erased nobody can make the key again, the platform included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from django.conf import settings

from xueqiao.kernel import ids
from xueqiao.people import exports as people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COLUMN = "person_key"
WIDTH = 32
"""Hexadecimal digits: 128 bits."""
MARK_WIDTH = 8


def of(learner_ids: Iterable[int], *, purpose: str) -> dict[int, str]:
    """The key of each learner for one purpose; persons who are no longer known are left out.

    Args:
        learner_ids: numbers of the lake: even for persons, odd for agents whom nobody linked.
        purpose: what the keys are for, such as "extract:17"; keys of two purposes cannot be joined.
    """
    wanted = set(learner_ids)
    persons = people.keys(learner // 2 for learner in wanted if learner % 2 == 0)
    keyed = {2 * person: f"person\x1f{key}" for person, key in persons.items()}
    keyed |= {learner: f"agent\x1f{learner // 2}" for learner in wanted if learner % 2}
    hashed = _hash(purpose)
    return {learner: hashed(name) for learner, name in keyed.items()}


def replace(rows: pa.Table, *, purpose: str, column: str = "learner_id") -> pa.Table:
    """Rows with ``person_key`` in the place of the learner's number.

    Rows of persons who are no longer known are left out: there is no key for them.

    Args:
        rows: any table with a column of learners' numbers.
        column: its name.
    """
    place = rows.schema.get_field_index(column)
    numbers = rows[column].to_pylist()
    keys = of((number for number in numbers if number is not None), purpose=purpose)
    named = pa.array([keys.get(number) for number in numbers], pa.string())
    return rows.set_column(place, COLUMN, named).filter(pa.compute.is_valid(named))


def parted(key: str, part: str) -> str:
    """The key of a person for one part of an extract: keys of two parts cannot be joined."""
    return ids.keyed_hash(settings.IDENTITY_KEY, f"lake.part\x1f{key}\x1f{part}")[:WIDTH]


def mark(purpose: str) -> str:
    """A sign that names a copy to whoever holds the identity key, and nothing to others.

    Args:
        purpose: which copy, such as "extract:17:1:2".
    """
    return ids.keyed_hash(settings.IDENTITY_KEY, f"lake.mark\x1f{purpose}")[:MARK_WIDTH]


def _hash(purpose: str) -> Callable[[str], str]:
    key = settings.IDENTITY_KEY
    return lambda name: ids.keyed_hash(key, f"lake.person\x1f{purpose}\x1f{name}")[:WIDTH]
