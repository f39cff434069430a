"""Items of a batch, before storing: each is checked and lands with the good or with the held."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.reasons import Reason
from xueqiao.records.xapi import facts, validate, values

if TYPE_CHECKING:
    from collections.abc import Iterable


class Incoming(NamedTuple):
    """A statement to be checked and stored.

    Attributes:
        text: exactly as it arrived.
        statement: the same, decoded.
        version: of the standard that its sender speaks.
        at: its JSON pointer in what was sent, such as ``/3``.
    """

    text: str
    statement: Any
    version: str = "1.0.3"
    at: str = ""


class Refused(NamedTuple):
    """An item that its mapping could not turn into a statement.

    Attributes:
        form: how ``text`` is read again after a repair (``intake/repair.py``); "": a statement.
    """

    text: str
    reason: Reason
    detail: str = ""
    pointer: str = ""
    form: str = ""


class IdTwice(errors.Refusal):
    """Two statements of one request have the same id."""

    code = "records.id_twice"
    status = 400


@dataclass
class Checked:
    """A batch after checking. Positions count from 0 in the order of arrival."""

    texts: list[str] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
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
    """Check every item. Strict: the first refusal ends it.

    Raises:
        values.Invalid: strict, and a statement is not one of the standard.
        IdTwice: strict, and two statements share an id.
    """
    batch = Checked()
    for position, item in enumerate(items):
        batch.texts.append(item.text)
        batch.pointers.append(item.at if isinstance(item, Incoming) else item.pointer)
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
    validate.check(item.statement, at=item.at, version=item.version)
    found = facts.read(item.statement, item.version)
    key = found.uuid or uuid.uuid4()
    batch.order.append(key)
    if key not in batch.good:
        batch.good[key] = (position, found)
    elif strict:
        text = _("The id {id} stands twice in one request; every statement has its own.")
        raise IdTwice(text.format(id=key), pointer=f"{item.at}/id")
    else:
        batch.repeated.append((key, position))


class NotUnderThisId(errors.Refusal):
    """What was sent to the address of one statement is not that statement."""

    code = "records.not_under_this_id"
    status = 400


def under(items: list[Incoming], wanted: uuid.UUID, *, is_list: bool) -> Incoming:
    """The one statement that was sent to the address of an id, with that id.

    Raises:
        NotUnderThisId: a list was sent, or the statement has another id.
    """
    if is_list:
        raise NotUnderThisId(_("One statement is needed here, not a list. Send lists by POST."))
    item = items[0]
    if isinstance(item.statement, dict):
        held = item.statement.setdefault("id", str(wanted))
        if not isinstance(held, str) or held.lower() != str(wanted):
            text = _("The statement's id “{held}” is not that of the address, {wanted}.")
            raise NotUnderThisId(text.format(held=str(held)[:80], wanted=wanted), pointer="/id")
    return item
