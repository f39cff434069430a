"""Items of a batch, before storing: each is checked and lands with the good or with the held."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import attachments
from xueqiao.records.reasons import Reason
from xueqiao.records.xapi import facts, validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


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


class Familiar(NamedTuple):
    """A statement that was read by ``familiar.read``, and so is good and brings no files.

    Attributes:
        text, version, at: as those of ``Incoming``.
    """

    text: str
    facts: facts.Facts
    version: str
    at: str


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
    files: dict[uuid.UUID, list[attachments.Held]] = field(default_factory=dict)
    defines: bool = True  # whether its sender may say what an activity is
    is_arrival: bool = True  # whether it comes for the first time

    def digest(self) -> str:
        """SHA-256 of the texts, in order."""
        found = hashlib.sha256()
        for text in self.texts:
            found.update(text.encode(errors="surrogatepass") + b"\n")
        return found.hexdigest()


class TimeAhead(errors.Refusal):
    """A statement is said to have happened further in the future than a clock is wrong."""

    code = "records.time_ahead"
    status = 400


def check(
    items: Iterable[Incoming | Familiar | Refused],
    *,
    strict: bool,
    at: datetime | None = None,
    parts: Mapping[str, attachments.Part] | None = None,
) -> Checked:
    """Check every item. Strict: the first refusal ends it.

    Args:
        items: in the order of arrival.
        strict: whether the first refusal ends it.
        at: when they arrived; what is dated ``XAPI_HOURS_AHEAD`` later is refused. None: nothing.
        parts: files that came with them, by hash; None where files are not looked at.

    Raises:
        values.Invalid: strict, and a statement is not one of the standard.
        IdTwice: strict, and two statements share an id.
        TimeAhead: strict, and a statement is dated in the future.
        attachments.Missing, attachments.Unannounced, signatures.SignatureWrong: strict, files.
    """
    batch = Checked()
    latest = at + timedelta(hours=settings.XAPI_HOURS_AHEAD) if at else None
    for position, item in enumerate(items):
        batch.texts.append(item.text)
        if isinstance(item, Refused):
            batch.pointers.append(item.pointer)
            batch.held[position] = item
            continue
        batch.pointers.append(item.at)
        try:
            _take(batch, position, item, latest=latest, parts=parts, strict=strict)
        except IdTwice:
            raise
        except errors.Refusal as why:
            if strict:
                raise
            reason = Reason.TIME_FUTURE if isinstance(why, TimeAhead) else Reason.INVALID
            batch.held[position] = Refused(item.text, reason, why.text, why.pointer)
    if parts and strict:
        attachments.all_used(parts, {each.sha2 for held in batch.files.values() for each in held})
    return batch


def _take(
    batch: Checked,
    position: int,
    item: Incoming | Familiar,
    *,
    latest: datetime | None,
    parts: Mapping[str, attachments.Part] | None,
    strict: bool,
) -> None:
    found = item.facts if isinstance(item, Familiar) else _read(item)
    if latest and found.event_at and found.event_at > latest:
        text = _("{at} lies in the future. Set the sender's clock right and send it again.")
        given = msgspec.json.decode(item.text)["timestamp"]
        raise TimeAhead(text.format(at=given), pointer=f"{item.at}/timestamp")
    files = []
    if parts is not None and isinstance(item, Incoming) and _may_have_files(item.statement):
        files = attachments.of_statement(item.statement, parts, at=item.at, version=item.version)
    key = found.uuid or uuid.uuid4()
    batch.order.append(key)
    if key not in batch.good:
        batch.good[key] = (position, found)
        if files:
            batch.files[key] = files
    elif strict:
        text = _("The id {id} stands twice in one request; every statement has its own.")
        raise IdTwice(text.format(id=key), pointer=f"{item.at}/id")
    else:
        batch.repeated.append((key, position))


def _read(item: Incoming) -> facts.Facts:
    validate.check(item.statement, at=item.at, version=item.version)
    return facts.read(item.statement, item.version)


def _may_have_files(statement: dict[str, Any]) -> bool:
    return "attachments" in statement or "attachments" in statement["object"]


class NotUnderThisId(errors.Refusal):
    """What was sent to the address of one statement is not that statement."""

    code = "records.not_under_this_id"
    status = 400


def decoded(item: Incoming | Familiar) -> Incoming:
    """An item with its statement decoded, for whoever looks into that."""
    if isinstance(item, Incoming):
        return item
    return Incoming(item.text, msgspec.json.decode(item.text), item.version, item.at)


def under(items: Sequence[Incoming | Familiar], wanted: uuid.UUID, *, is_list: bool) -> Incoming:
    """The one statement that was sent to the address of an id, with that id.

    Raises:
        NotUnderThisId: a list was sent, or the statement has another id.
    """
    if is_list:
        raise NotUnderThisId(_("One statement is needed here, not a list. Send lists by POST."))
    item = decoded(items[0])
    if isinstance(item.statement, dict):
        held = item.statement.setdefault("id", str(wanted))
        if not isinstance(held, str) or held.lower() != str(wanted):
            text = _("The statement's id “{held}” is not that of the address, {wanted}.")
            raise NotUnderThisId(text.format(held=str(held)[:80], wanted=wanted), pointer="/id")
    return item
