"""Statements made of parts that were met before: read at a fifth of the cost, believed no sooner.

Whoever sends statements repeats himself: the same actors, verbs, activities and contexts, byte for
byte. A part is decoded and checked by the same functions as everything else when it is met first;
the same bytes again say the same again. What is not plainly good here is not refused but left to
``validate.check``, which alone says what is wrong. So a statement that is read here is one that is
good there, with the same facts (decision 100).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from xueqiao.kernel import errors
from xueqiao.records.xapi import activities, agents, facts, named, parts, texts, validate, values

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import datetime

# Of each kind of part at least so many bytes are remembered, and at most twice as many.
_REMEMBERED_BYTES = 2 << 20
_LONGEST_PART = 4096
# So few brackets cannot be nested deeper than is allowed, wherever the part stands.
_MOST_BRACKETS = texts.MOST_DEPTH // 2
_NONE = msgspec.Raw()


class _Whole(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A statement with its parts unread. One with any other property is not familiar."""

    actor: msgspec.Raw
    verb: msgspec.Raw
    object: msgspec.Raw
    id: str = ""
    result: msgspec.Raw = _NONE
    context: msgspec.Raw = _NONE
    timestamp: str = ""
    stored: str = ""
    version: str = ""
    authority: msgspec.Raw = _NONE


_WHOLE = msgspec.json.Decoder(_Whole)


class _Part(NamedTuple):
    """What is known of a part.

    Attributes:
        colons: how many stand in it.
        name: identifier of an actor, address of a verb or an activity; "" for any other part.
        named: what it names besides.
    """

    colons: int
    name: str
    named: named.Named


class _StrangeError(Exception):
    """A part that is allowed, and not for a familiar statement."""


class _Parts:
    """The parts of one kind that were met lately, by their bytes."""

    def __init__(self, read: Callable[[Any], tuple[str, named.Named]]) -> None:
        self._read = read
        self._new: dict[bytes, _Part] = {}
        self._old: dict[bytes, _Part] = {}
        self._bytes = 0

    def get(self, raw: bytes) -> _Part | None:
        return self._new.get(raw) or self.kept(raw) or self._met(raw)

    def kept(self, key: bytes) -> _Part | None:
        """A part that was met, which stays remembered."""
        found = self._new.get(key)
        if found is None and (found := self._old.get(key)):
            self.keep(key, found)
        return found

    def keep(self, key: bytes, part: _Part) -> None:
        self._new[key] = part
        self._bytes += len(key)
        if self._bytes > _REMEMBERED_BYTES:
            self._old, self._new, self._bytes = self._new, {}, 0

    def _met(self, raw: bytes) -> _Part | None:
        found = self.read(raw)
        if found:
            self.keep(raw, found)
        return found

    def read(self, raw: bytes) -> _Part | None:
        """A part that is met for the first time; None where it is not plainly good."""
        if len(raw) > _LONGEST_PART or raw.count(b"[") + raw.count(b"{") > _MOST_BRACKETS:
            return None
        try:
            name, found = self._read(texts.decode(raw))
        except (errors.Refusal, _StrangeError):
            return None
        return _Part(raw.count(b":"), name, found)


def _actor(value: Any) -> tuple[str, named.Named]:
    agents.actor(value, "")
    if "member" in value:
        raise _StrangeError
    return agents.identifier(value), named.NOBODY


def _verb(value: Any) -> tuple[str, named.Named]:
    validate.verb(value, "")
    if value["id"] == validate.VOIDED:
        raise _StrangeError
    return value["id"], named.NOBODY


def _activity(value: Any) -> tuple[str, named.Named]:
    activities.activity(value, "")
    return value["id"], named.of_activity(value)


def _result(value: Any) -> tuple[str, named.Named]:
    parts.result(value, "")
    return "", named.NOBODY


def _authority(value: Any) -> tuple[str, named.Named]:
    validate.authority(value, "")
    return "", named.NOBODY


def _context(value: Any, version: str) -> tuple[str, named.Named]:
    parts.context(value, "", about_activity=True, version=version)
    return "", named.of_context(value)


def _unregistered(value: Any, version: str) -> tuple[str, named.Named]:
    found = _context(value, version)
    if "registration" in value:
        raise _StrangeError
    return found


_actors, _verbs, _activities = _Parts(_actor), _Parts(_verb), _Parts(_activity)
_results, _authorities = _Parts(_result), _Parts(_authority)
_contexts = {each: _Parts(partial(_unregistered, version=each)) for each in facts.VERSIONS}
_registered = {each: _Parts(partial(_context, version=each)) for each in facts.VERSIONS}
_REGISTRATION = re.compile(
    rb'"registration"\s*:\s*"([0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"'
)
_ANOTHER = (b"00000000-0000-4000-8000-000000000000", b"00000000-0000-4000-8000-000000000001")


class _Known(NamedTuple):
    """What the parts of a statement say; ``colons`` are those in them and before each."""

    colons: int
    actor: str
    verb: str
    thing: _Part
    registration: uuid.UUID | None
    context: named.Named


class _Own(NamedTuple):
    """What a statement says besides its parts."""

    colons: int
    key: uuid.UUID | None
    event_at: datetime | None


def read(raw: bytes, version: str) -> facts.Facts | None:
    """The facts of a statement; None where it has to be checked in full.

    Args:
        raw: its JSON text, in UTF-8.
        version: of the standard that its sender speaks, 1.0.3 or 2.0.0.
    """
    try:
        whole = _WHOLE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    known, own = _known(whole, version), _own(whole, version)
    if known is None or own is None:
        return None
    # A name that stood twice, or a value that says nothing, brought a colon that is not counted.
    if raw.count(b":") != known.colons + own.colons or (b"\\" in raw and b"\\u003" in raw):
        return None
    return facts.Facts(
        own.key, known.actor, known.verb, known.thing.name, known.registration, own.event_at, None,
        whole.version or facts.VERSIONS[version[0]], None,
        named.joined(
            known.thing.named, known.context, actor=known.actor, activity=known.thing.name
        ),
    )  # fmt: skip


def _known(whole: _Whole, version: str) -> _Known | None:
    actor, verb = _actors.get(bytes(whole.actor)), _verbs.get(bytes(whole.verb))
    thing = _activities.get(bytes(whole.object))
    if not (actor and verb and thing):
        return None
    colons = 3 + actor.colons + verb.colons + thing.colons
    registration, context = None, named.NOBODY
    if whole.context:
        around, registration = _around(bytes(whole.context), version)
        if around is None:
            return None
        colons, context = colons + 1 + around.colons, around.named
    for raw, known in ((whole.result, _results), (whole.authority, _authorities)):
        if raw:
            if (part := known.get(bytes(raw))) is None:
                return None
            colons += 1 + part.colons
    return _Known(colons, actor.name, verb.name, thing, registration, context)


def _own(whole: _Whole, version: str) -> _Own | None:
    colons, key, event_at = 0, None, None
    if whole.id:
        if not values.is_uuid(whole.id):
            return None
        key, colons = values.as_uuid(whole.id), 1
    if whole.timestamp:
        event_at = values.instant(whole.timestamp)
        if event_at is None:
            return None
        colons += 1 + whole.timestamp.count(":")
    if whole.stored:
        if values.instant(whole.stored) is None:
            return None
        colons += 1 + whole.stored.count(":")
    if whole.version:
        if not validate.is_version(whole.version, version):
            return None
        colons += 1
    return _Own(colons, key, event_at)


def _around(raw: bytes, version: str) -> tuple[_Part | None, uuid.UUID | None]:
    """What is known of a context, and its registration.

    A registration is another one each time, and nothing that is checked depends on which it is. So
    a context is remembered without it.
    """
    place = _REGISTRATION.search(raw)
    if place is None:
        return _contexts[version[0]].get(raw), None
    start, end = place.span(1)
    known = _registered[version[0]]
    # No JSON text holds the character 0, so none but its like has this key.
    key = b"%b\0%b" % (raw[:start], raw[end:])
    part = known.kept(key)
    if part is None:
        part = known.read(raw)
        if part is None or not _is_registration(raw, start, end):
            return None, None
        known.keep(key, part)
    return part, values.as_uuid(raw[start:end].decode())


def _is_registration(raw: bytes, start: int, end: int) -> bool:
    """Whether what stands there is the context's registration, and nothing but that."""
    held: dict[str, Any] = msgspec.json.decode(raw)
    another = next(each for each in _ANOTHER if each != raw[start:end])
    changed: dict[str, Any] = msgspec.json.decode(raw[:start] + another + raw[end:])
    return (
        held.get("registration") == raw[start:end].decode()
        and changed.pop("registration") == another.decode()
        and changed == {name: each for name, each in held.items() if name != "registration"}
    )
