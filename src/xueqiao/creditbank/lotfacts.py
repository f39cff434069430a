"""What stands behind a lot and where a part of a programme lies: read once, used by many."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from django.db.models import Prefetch

from xueqiao.creditbank.models import CreditLot, LotParent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xueqiao.creditbank.models import CreditGroup

# Prefetched for ``kinds``: one query.
PARENTS = Prefetch("parents", LotParent.objects.select_related("parent"))


def kinds(lot: CreditLot) -> dict[str, Fraction]:
    """The source kinds of a lot and their shares; of converted credit those of its parents.

    The shares go by what is used of each parent. Read with ``PARENTS``.
    """
    parents = [each for each in lot.parents.all() if each.amount_hundredths]
    if not parents:
        return {lot.source_kind: Fraction(1)}
    whole = sum(each.amount_hundredths for each in parents)
    found: dict[str, Fraction] = {}
    for each in parents:
        kind = each.parent.source_kind
        found[kind] = found.get(kind, Fraction(0)) + Fraction(each.amount_hundredths, whole)
    return found


def above(parts: Iterable[CreditGroup]) -> dict[str, tuple[str, ...]]:
    """The codes of all parts that each part of a programme lies in, nearest first."""
    held = list(parts)
    by_id = {part.pk: part for part in held}
    found = {}
    for part in held:
        codes, parent = [], by_id.get(part.parent_id or 0)
        while parent is not None:
            codes.append(parent.code)
            parent = by_id.get(parent.parent_id or 0)
        found[part.code] = tuple(codes)
    return found
