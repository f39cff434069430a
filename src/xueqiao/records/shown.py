"""A statement as a reader gets it: what arrived, what the store set, in the form that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings

from xueqiao.records import definitions, query
from xueqiao.records.xapi import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xueqiao.records.models import Statement

EXACT, IDS, CANONICAL = "exact", "ids", "canonical"
FORMATS = (EXACT, IDS, CANONICAL)


@dataclass(frozen=True)
class Form:
    """How a reader wants statements.

    Attributes:
        version: of the standard that the reader speaks.
        format: one of ``FORMATS``.
        languages: the most wanted first; for ``CANONICAL``.
    """

    version: str = "1.0.3"
    format: str = EXACT
    languages: tuple[str, ...] = ()


def statements(rows: Sequence[Statement], form: Form) -> list[dict[str, Any]]:
    """Statements in their order. For the canonical form one query more, however many there are.

    Args:
        rows: each with its source.
        form: how they are wanted.
    """
    found = [_complete(row, form.version) for row in rows]
    if form.format == IDS:
        for each in found:
            formats.ids(each)
    elif form.format == CANONICAL:
        named = (activity["id"] for each in found for activity in formats.activities(each))
        known = definitions.known(named)
        for each in found:
            formats.canonical(each, known, form.languages)
    return found


def statement(row: Statement, form: Form) -> dict[str, Any]:
    """One statement, with its source."""
    return statements([row], form)[0]


def _complete(row: Statement, version: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(row.text)
    found["id"] = str(row.uuid)
    found.setdefault("timestamp", query.moment(row.stored_at))
    found["stored"] = query.moment(row.stored_at)
    found["authority"] = row.source.authority
    found["version"] = row.version
    formats.lists(found)
    if version >= "2":
        formats.in_utc(found, query.moment)
    elif settings.XAPI_STRICT_VERSIONS:
        formats.for_1_0(found)
    return found
