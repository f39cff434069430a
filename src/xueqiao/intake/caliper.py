"""Caliper 1.2: an envelope of events becomes statements, or refused items by name.

Entities that an envelope brings are no facts of learning; they give names to what its events only
point at. What a statement has no place for stays in one extension of its context, so an event can
be read again as it was. Source: Caliper Analytics 1.2 (1EdTech), sections on Event and Envelope.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake import caliper_words as words
from xueqiao.kernel import errors, ids
from xueqiao.records import deliveries, statements
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from xueqiao.records.sources import Source

# What is held was written by another platform in its own words: it is sent again, not mended here.
FORM = "caliper:"

VERSIONS = frozenset(f"http://purl.imsglobal.org/ctx/caliper/{each}" for each in ("v1p1", "v1p2"))
EXTENSION = "http://purl.imsglobal.org/ctx/caliper/v1p2"
_VIDEO = "https://w3id.org/xapi/video/extensions/"
_NEEDED = ("sensor", "sendTime", "dataVersion", "data")
_KEPT = (
    "type", "profile", "action", "object", "generated", "target", "referrer", "edApp", "membership",
    "session", "federatedSession", "extensions",
)  # fmt: skip
_UUID = re.compile(r"urn:uuid:([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_SECONDS = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_PEOPLE = frozenset({"Person", "Agent", ""})
# Who does not want to be known is called by the type itself.
_ANONYMOUS = frozenset({f"{words.VOCABULARY}Person", f"{words.VOCABULARY}Agent"})
_ENCODER = msgspec.json.Encoder()


class EnvelopeUnfit(errors.Refusal):
    """The body is no Caliper envelope."""

    code = "intake.envelope_unfit"
    status = 400


class VersionUnknown(errors.Refusal):
    """The envelope's data version is not spoken here."""

    code = "intake.caliper_version_unknown"
    status = 422


class Received(NamedTuple):
    """What became of an envelope: received = accepted + duplicate + quarantined + described."""

    received: int
    accepted: int
    duplicate: int
    quarantined: int
    described: int


def receive(*, source: Source, body: bytes, at: datetime) -> Received:
    """Store the events of an envelope; one sent twice adds nothing.

    Args:
        body: the envelope, JSON in UTF-8.
        at: when it arrived.

    Raises:
        EnvelopeUnfit: the body is no envelope.
        VersionUnknown: its data version is neither 1.1 nor 1.2.
    """
    events, described = items(body)
    if not events:
        return Received(described, 0, 0, 0, described)
    key = f"caliper:{hashlib.sha256(body).hexdigest()}"
    was_in = deliveries.is_in(source, key)
    done = statements.store_batch(source=source, items=events, received_at=at, batch_key=key)
    if was_in:
        return Received(done.received + described, 0, done.received, 0, described)
    return Received(done.received + described, *done[1:], described)


def items(body: bytes) -> tuple[list[Incoming | Refused], int]:
    """The events of an envelope in their order, and how many entities it only describes.

    Raises:
        EnvelopeUnfit: the body is no envelope.
        VersionUnknown: its data version is neither 1.1 nor 1.2.
    """
    texts, sensor = _envelope(body)
    found = [(text, msgspec.json.decode(text)) for text in texts]
    known = {
        each["id"]: each
        for _text, each in found
        if isinstance(each, dict) and isinstance(each.get("id"), str) and not _is_event(each)
    }
    events = [
        _item(bytes(text).decode(), each, f"/data/{place}", known, sensor)
        for place, (text, each) in enumerate(found)
        if not (isinstance(each, dict) and _is_entity(each))
    ]
    return events, len(found) - len(events)


def _envelope(body: bytes) -> tuple[list[msgspec.Raw], str]:
    try:
        parts = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        for name in _NEEDED:
            if name not in parts:
                text = _("An envelope has “{name}”; this one has not.")
                raise EnvelopeUnfit(text.format(name=name), pointer=f"/{name}")
        version = msgspec.json.decode(parts["dataVersion"])
        if not isinstance(version, str) or version not in VERSIONS:
            text = _("The data version “{version}” is not spoken here; Caliper 1.1 and 1.2 are.")
            raise VersionUnknown(text.format(version=str(version)[:200]), pointer="/dataVersion")
        sensor = msgspec.json.decode(parts["sensor"])
        if not isinstance(sensor, str) or not sensor:
            raise EnvelopeUnfit(_("The sensor is the address of one."), pointer="/sensor")
        return msgspec.json.decode(parts["data"], type=list[msgspec.Raw]), sensor
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise EnvelopeUnfit(_("The body is no envelope: {why}.").format(why=why)) from why


def _is_event(found: Mapping[str, Any]) -> bool:
    kind = found.get("type")
    return isinstance(kind, str) and kind.endswith("Event")


def _is_entity(found: Mapping[str, Any]) -> bool:
    """An entity that says who or what it is; everything else is taken for an event."""
    kind = found.get("type")
    return (
        isinstance(kind, str)
        and bool(kind)
        and not kind.endswith("Event")
        and isinstance(found.get("id"), str)
        and "action" not in found
    )


class _Unfit(Exception):  # noqa: N818 - caught in ``_item``, where it becomes a refused item
    def __init__(self, reason: Reason, place: str, text: str = "") -> None:
        super().__init__(text)
        self.reason, self.place, self.text = reason, place, text


def _item(
    text: str, event: Any, at: str, known: Mapping[str, dict[str, Any]], sensor: str
) -> Incoming | Refused:
    if not isinstance(event, dict):
        return Refused(text, Reason.INVALID, _("An event is a JSON object."), at, FORM)
    try:
        statement = _statement(_read(event, _Names(known), sensor))
    except _Unfit as why:
        return Refused(text, why.reason, why.text, f"{at}{why.place}", FORM)
    return Incoming(_ENCODER.encode(statement).decode(), statement, at=at)


class _Names:
    """Entities by their address: an event may hold one whole or only point at it."""

    def __init__(self, known: Mapping[str, dict[str, Any]]) -> None:
        self._known = known

    def entity(self, value: Any) -> dict[str, Any]:
        """What is known of an entity; {} where nothing is there."""
        if isinstance(value, str):
            return self._known.get(value, {"id": value}) if value else {}
        if not isinstance(value, dict):
            return {}
        held = self._known.get(value["id"], {}) if isinstance(value.get("id"), str) else {}
        return {**held, **value}


class _Event(NamedTuple):
    """An event, read.

    Attributes:
        body: all of it.
        key: its UUID.
        actor: who did it; of a grade, whom it is for.
        thing: what was acted on; of an attempt, what was attempted.
        graded_by: who gave the grade, or {}.
        attempt: the attempt it belongs to, or {}.
    """

    body: dict[str, Any]
    key: str
    kind: str
    action: str
    verb: dict[str, object]
    actor: dict[str, Any]
    thing: dict[str, Any]
    generated: dict[str, Any]
    graded_by: dict[str, Any]
    attempt: dict[str, Any]
    names: _Names
    sensor: str


def _read(event: dict[str, Any], names: _Names, sensor: str) -> _Event:
    kind, action = event.get("type"), event.get("action")
    key = _UUID.fullmatch(event["id"]) if isinstance(event.get("id"), str) else None
    if key is None:
        raise _Unfit(Reason.INVALID, "/id", _("An event's id is a UUID, written urn:uuid:…"))
    if not isinstance(kind, str) or not isinstance(action, str):
        raise _Unfit(Reason.INVALID, "/type", _("An event names its type and its action."))
    # Written as a term or as the term's whole address.
    kind, action = kind.removeprefix(words.VOCABULARY), action.rpartition("/")[2]
    verb = words.verb(kind, action)
    if verb is None:
        raise _Unfit(Reason.EVENT_UNKNOWN, "/action", f"{kind} {action}"[:200])
    if not event.get("eventTime"):
        raise _Unfit(Reason.TIME_MISSING, "/eventTime")
    actor, thing, generated = (names.entity(event.get(n)) for n in ("actor", "object", "generated"))
    graded_by = actor if kind == "GradeEvent" else {}
    attempt = next((each for each in (thing, generated) if _kind(each) == "Attempt"), {})
    if _kind(thing) == "Attempt" or graded_by:
        actor = names.entity(thing.get("assignee")) or ({} if graded_by else actor)
        thing = names.entity(thing.get("assignable")) or thing
    return _Event(
        event, key[1].lower(), kind, action, verb, actor, thing, generated, graded_by, attempt,
        names, sensor,
    )  # fmt: skip


def _statement(event: _Event) -> dict[str, Any]:
    place = "/object/assignee" if event.graded_by else "/actor"
    statement = {
        "id": event.key,
        "actor": _agent(event.actor, event.sensor, place),
        "verb": event.verb,
        "object": _activity(event.thing, "/object"),
        "context": _context(event),
        "timestamp": event.body["eventTime"],
    }
    if result := _result(event):
        statement["result"] = result
    return statement


def _kind(found: dict[str, Any]) -> str:
    """The type of an entity, written as a term or as the term's whole address; or ""."""
    kind = found.get("type")
    return kind.removeprefix(words.VOCABULARY) if isinstance(kind, str) else ""


def _agent(found: dict[str, Any], sensor: str, place: str) -> dict[str, Any]:
    """A person as an account of the platform that its address belongs to."""
    name = found.get("id")
    if not isinstance(name, str) or not name or name in _ANONYMOUS:
        raise _Unfit(Reason.NOBODY, place)
    if (kind := _kind(found)) not in _PEOPLE:
        raise _Unfit(Reason.NOT_A_LEARNER, place, kind[:200])
    try:
        parts = urlsplit(name)
        home = f"{parts.scheme}://{parts.netloc}" if parts.netloc else sensor
    except ValueError:
        home = sensor
    agent: dict[str, Any] = {"objectType": "Agent", "account": {"homePage": home, "name": name}}
    return agent


def _activity(found: dict[str, Any], place: str) -> dict[str, Any]:
    if not isinstance(found.get("id"), str) or not found["id"]:
        text = _("The event does not say what it is about.")
        raise _Unfit(Reason.REFERENCE_UNKNOWN, place, text)
    definition: dict[str, Any] = {}
    if kind := _kind(found):
        definition["type"] = words.activity_type(kind)
    for ours, theirs in (("name", "name"), ("description", "description")):
        if isinstance(found.get(theirs), str) and found[theirs]:
            definition[ours] = {"und": found[theirs]}
    return {"id": found["id"]} | ({"definition": definition} if definition else {})


def _context(event: _Event) -> dict[str, Any]:
    names, attempt = event.names, event.attempt
    kept = {name: event.body[name] for name in _KEPT if name in event.body}
    context: dict[str, Any] = {"extensions": {EXTENSION: kept}}
    app = names.entity(event.body.get("edApp"))
    if app.get("id"):
        context["platform"] = str(app.get("name") or app["id"])
    if _kind(event.graded_by) == "Person":
        context["instructor"] = _agent(event.graded_by, event.sensor, "/actor")
    if isinstance(attempt.get("id"), str):
        whole = names.entity(attempt.get("isPartOf")).get("id") or attempt["id"]
        context["registration"] = str(ids.stable_uuid("caliper", str(whole)))
    around = {
        "parent": _chain(names.entity(event.thing.get("isPartOf")), names, "isPartOf")[:1],
        "grouping": _chain(names.entity(event.body.get("group")), names, "subOrganizationOf"),
    }
    if any(around.values()):
        context["contextActivities"] = {word: found for word, found in around.items() if found}
    return context


def _chain(found: dict[str, Any], names: _Names, upwards: str) -> list[dict[str, Any]]:
    """An entity and what it belongs to, at most four steps up."""
    chain: list[dict[str, Any]] = []
    while found.get("id") and isinstance(found["id"], str) and len(chain) < 4:  # noqa: PLR2004
        chain.append(_activity(found, ""))
        found = names.entity(found.get(upwards))
    return chain


def _result(event: _Event) -> dict[str, Any]:
    result: dict[str, Any] = {}
    generated, is_media = event.generated, event.kind == "MediaEvent"
    if event.action in {"Completed", "Submitted"} or (is_media and event.action == "Ended"):
        result["completion"] = True
    if _kind(generated) in {"Score", "Result"} and (score := _score(generated)):
        result["score"] = score
    if (said := _said(generated)) is not None:
        result["response"] = said
    duration = generated.get("duration") or event.attempt.get("duration")
    if isinstance(duration, str):
        result["duration"] = duration
    seconds = _seconds(event.names.entity(event.body.get("target")).get("currentTime"))
    if is_media and seconds is not None:
        word = "time-to" if event.action in {"JumpedTo", "ForwardedTo"} else "time"
        result["extensions"] = {f"{_VIDEO}{word}": seconds}
    return result


def _score(found: dict[str, Any]) -> dict[str, Any]:
    raw = found.get("scoreGiven", found.get("resultScore"))
    most = found.get("maxScore", found.get("maxResultScore"))
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return {}
    score: dict[str, Any] = {"raw": raw}
    if isinstance(most, (int, float)) and not isinstance(most, bool) and most >= raw:
        score["max"] = most
        if most > 0 and raw >= 0:
            score |= {"min": 0, "scaled": raw / most}
    return score


def _said(found: dict[str, Any]) -> str | None:
    """What somebody answered: one text, or several as JSON."""
    if not _kind(found).endswith(("Response", "Rating")):
        return None
    for name in ("value", "values", "selections", "selection", "dateTimeSelected"):
        if (value := found.get(name)) is not None:
            return value if isinstance(value, str) else _ENCODER.encode(value).decode()
    return None


def _seconds(text: Any) -> float | None:
    """An ISO 8601 duration in hours, minutes and seconds as seconds.

    >>> _seconds("PT30M54S"), _seconds("soon")
    (1854.0, None)
    """
    found = _SECONDS.fullmatch(text) if isinstance(text, str) else None
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return hours * 3600 + minutes * 60 + seconds
