"""Items of a batch, before storing: each is checked and lands with the good or with the held."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.models import Reason
from xueqiao.records.xapi import facts, validate, values

if TYPE_CHECKING:
    from collections.abc import Iterable


class Incoming(NamedTuple):
    """A statement to be checked and stored: its exact text and the same, decoded."""

    text: str
    statement: Any
    version: str = "1.0.3"


class Refused(NamedTuple):
    """An item that its mapping could not turn into a statement."""

    text: str
    reason: Reason
    detail: str = ""
    pointer: str = ""


class IdTwice(errors.Refusal):
    """Two statements of one request have the same id."""

    code = "records.id_twice"
    status = 400


@dataclass
class Checked:
    """A batch after checking. Positions count from 0 in the order of arrival."""

    texts: list[str] = field(default_factory=list)
    order: list[uuid.UUID] = field(default_factory=list)
    good: dict[uuid.UUID, tuple[int, facts.Facts]] = field(default_factory=dict)
    repeated: list[tuple[uuid.UUID, int]] = field(default_factory=list)
    held: dict[int, Refused] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of the texts, in order."""
        found = hashlib.sha256()
        for text in self.texts:
            found.update(text.encode(errors="surrogatepass") + b"\n")
        return found.hexdigest()


def check(items: Iterable[Incoming | Refused], *, strict: bool) -> Checked:
    """Check every item. Strict: the first refusal ends it, with the item's place in its pointer.

    Raises:
        values.Invalid: strict, and a statement is not one of the standard.
        IdTwice: strict, and two statements share an id.
    """
    batch = Checked()
    for position, item in enumerate(items):
        batch.texts.append(item.text)
        if isinstance(item, Refused):
            batch.held[position] = item
            continue
        try:
            _take(batch, position, item, strict=strict)
        except values.Invalid as why:
            if strict:
                raise
            batch.held[position] = Refused(item.text, Reason.INVALID, why.text, why.pointer)
    return batch


def _take(batch: Checked, position: int, item: Incoming, *, strict: bool) -> None:
    validate.check(item.statement, at=f"/{position}" if strict else "", version=item.version)
    found = facts.read(item.statement, item.version)
    key = found.uuid or uuid.uuid4()
    batch.order.append(key)
    if key not in batch.good:
        batch.good[key] = (position, found)
    elif strict:
        text = _("The id {id} stands twice in one request; every statement has its own.")
        raise IdTwice(text.format(id=key), pointer=f"/{position}/id")
    else:
        batch.repeated.append((key, position))
