"""Who may void what: a source its own statements (docs/decisions/0050-who-voids.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import checking
from xueqiao.records.models import Reason, Statement

if TYPE_CHECKING:
    import uuid

    from xueqiao.records.checking import Checked


class VoidsAnothers(errors.Refusal):
    """A source wants to void what another source stored."""

    code = "records.voids_anothers"
    status = 403


def of_others(batch: Checked, source: int) -> set[uuid.UUID]:
    """Statements of other sources that a batch wants to void; no query where it voids nothing."""
    wanted = {found.voids for _position, found in batch.good.values() if found.voids}
    if not wanted:
        return set()
    rows = Statement.objects.filter(uuid__in=wanted, voids=None).exclude(source=source)
    return set(rows.values_list("uuid", flat=True))


def own(batch: Checked, source: int, *, strict: bool) -> Checked:
    """The batch without statements that void those of another source: these are held.

    Raises:
        VoidsAnothers: strict, and there is one.
    """
    others = of_others(batch, source)
    if not others:
        return batch
    left = replace(batch, good=dict(batch.good), held=dict(batch.held), repeated=[])
    for key, (position, found) in batch.good.items():
        if found.voids not in others:
            continue
        text = _("The statement {id} is another source's. Only its own source can void it.")
        why = text.format(id=found.voids)
        if strict:
            raise VoidsAnothers(why, pointer=f"{batch.pointers[position]}/object/id")
        del left.good[key]
        for place in (position, *(at for same, at in batch.repeated if same == key)):
            text = batch.texts[place]
            left.held[place] = checking.Refused(text, Reason.NOT_YOURS, why, "/object/id")
    left.repeated = [each for each in batch.repeated if each[0] in left.good]
    return left
