"""Open edX tracking logs: one JSON object a line becomes one statement, or is refused by name.

Lines carry no identifier of their own, so a statement's id is made of the whole line: a log that
overlaps another gives the same ids. Lines may begin with what the log's transport wrote in front.
Source: the tracking log chapters of the Open edX documentation.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake import verbs
from xueqiao.intake.openedx_events import EVENTS, PAGE_VIEW, Event
from xueqiao.kernel import ids
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is held was written by another platform in its own words: it is sent again, not mended here.
FORM = "openedx:"

VERSION = 1
_ADL = "http://adlnet.gov/expapi/activities/"
_VIDEO = "https://w3id.org/xapi/video/"
_TYPES = {
    "video": f"{_VIDEO}activity-type/video",
    "problem": f"{_ADL}interaction",
    "course": f"{_ADL}course",
    "page": "http://activitystrea.ms/schema/1.0/page",
    "block": f"{_ADL}module",
    "forum": "http://id.tincanapi.com/activitytype/discussion",
    "certificate": "https://www.opigno.org/en/tincan_registry/activity_type/certificate",
    "submission": f"{_ADL}assessment",
}
EXTENSION = "https://docs.openedx.org/xapi/event"
_ENCODER = msgspec.json.Encoder()


class _Fact(NamedTuple):
    """What a line tells, read."""

    line: str
    event: dict[str, Any]
    known: Event
    thing: dict[str, Any]
    who: str
    at: str


def items(line: str, *, site: str, name_people_by: str) -> Iterator[Incoming | Refused]:
    """One line as one statement, or refused for the first reason that holds.

    Args:
        site: address of the platform without a slash at its end; the home page of its accounts.
        name_people_by: ``username`` or ``user_id``.
    """
    event = _event(line)
    if isinstance(event, Refused):
        yield event
        return
    name, who = _name(event), _who(event, name_people_by)
    known = _known(name, event)
    at = _text(event.get("time")) or _text(event.get("timestamp"))
    if known is None:
        yield Refused(line, Reason.EVENT_UNKNOWN, name[:200], "/event_type", FORM)
    elif not who:
        yield Refused(line, Reason.NOBODY, "", f"/{name_people_by}", FORM)
    elif not at:
        yield Refused(line, Reason.TIME_MISSING, "", "/time", FORM)
    elif (thing := _thing(known, event, site)) is None:
        text = _("The event does not say what it is about.")
        yield Refused(line, Reason.REFERENCE_UNKNOWN, text, "/event", FORM)
    else:
        yield _statement(_Fact(line, event, known, thing, who, at), site)


def _name(event: dict[str, Any]) -> str:
    return _text(event.get("name")) or _text(event.get("event_type"))


def _event(line: str) -> dict[str, Any] | Refused:
    begin = line.find("{")
    try:
        found = msgspec.json.decode(line[begin:]) if begin >= 0 else None
    except (msgspec.DecodeError, RecursionError) as why:
        return Refused(
            line, Reason.NOT_JSON, _("The line is not JSON: {why}.").format(why=why), "", FORM
        )
    if not isinstance(found, dict):
        return Refused(line, Reason.NOT_JSON, _("The line is no JSON object."), "", FORM)
    return found


def _known(name: str, event: dict[str, Any]) -> Event | None:
    known = EVENTS.get(name)
    if known is None and name.startswith("/courses/") and "/handler/" not in name:
        return PAGE_VIEW
    if known and known.is_of_server and event.get("event_source") == "browser":
        return Event(verbs.ATTEMPTED, known.thing)
    return known


def _who(event: dict[str, Any], name_people_by: str) -> str:
    context = _object(event.get("context"))
    data = _data(event)
    if name_people_by == "username":
        return _text(event.get("username")) or _text(context.get("username"))
    # An enrolment is of the person it names, who may have been enrolled by somebody else.
    found = data.get("user_id") or context.get("user_id") or event.get("user_id")
    return str(found) if isinstance(found, (int, str)) and str(found).strip() else ""


def _data(event: dict[str, Any]) -> dict[str, Any]:
    """What the event says about itself: an object, or JSON in a text where the browser wrote it."""
    found = event.get("data") if "data" in event else event.get("event")
    if isinstance(found, str) and found.startswith("{"):
        try:
            found = msgspec.json.decode(found)
        except (msgspec.DecodeError, RecursionError):
            return {}
    return _object(found)


def _thing(known: Event, event: dict[str, Any], site: str) -> dict[str, Any] | None:
    data, context = _data(event), _object(event.get("context"))
    course = _course(event)
    if known.thing == "course":
        number: str | None = course
    elif known.thing == "page":
        return _page(event, data, context, site)
    elif known.thing == "problem":
        module = _object(context.get("module"))
        number = _text(data.get("problem_id") or data.get("module_id") or data.get("problem"))
        number = number or _text(module.get("usage_key"))
    elif known.thing == "certificate":
        number = _text(data.get("certificate_id")) or course
    elif known.thing == "submission":
        number = _text(data.get("submission_uuid") or data.get("exam_content_id")) or course
    elif known.thing == "forum":
        number = _text(data.get("id") or data.get("commentable_id")) or course
    else:
        number = _text(data.get("id"))
    return _activity(known.thing, number, course, context, site) if number else None


def _activity(
    kind: str, number: str, course: str, context: dict[str, Any], site: str
) -> dict[str, Any]:
    folder = {"course": "course", "certificate": "certificate", "forum": "forum"}.get(
        kind, "xblock"
    )
    within = f"{quote(course, safe=':+@')}/" if folder == "forum" and course != number else ""
    definition: dict[str, Any] = {"type": _TYPES[kind]}
    name = _text(_object(context.get("module")).get("display_name"))
    if kind == "problem" and name:
        definition |= {"name": {"und": name}}
    if kind == "problem":
        definition |= {"interactionType": "other"}
    return {
        "id": f"{site}/{folder}/{within}{quote(number, safe=':+@')}",
        "definition": definition,
    }


def _page(
    event: dict[str, Any], data: dict[str, Any], context: dict[str, Any], site: str
) -> dict[str, Any] | None:
    name = _text(event.get("event_type"))
    where = _text(data.get("target_url")) or _text(event.get("page")) or _text(context.get("page"))
    where = f"{site}{name}" if name.startswith("/") else where
    try:
        parts = urlsplit(where)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    # Without the query, which may hold a token and makes each visit a page of its own.
    page = quote(f"{parts.scheme}://{parts.netloc}{parts.path}", safe=":/+@%~,;=")
    return {"id": page, "definition": {"type": _TYPES["page"]}}


def _statement(fact: _Fact, site: str) -> Incoming:
    context: dict[str, Any] = {
        "platform": "Open edX",
        "extensions": {EXTENSION: _name(fact.event)},
    }
    course = _course(fact.event)
    course_id = f"{site}/course/{quote(course, safe=':+@')}"
    if course and fact.thing["id"] != course_id:
        parent = {"id": course_id, "definition": {"type": _TYPES["course"]}}
        context["contextActivities"] = {"parent": [parent]}
    if course:
        context["registration"] = str(ids.stable_uuid("openedx", site, course, fact.who))
    body = fact.line[fact.line.find("{") :].strip()
    digest = hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
    statement = {
        "id": str(ids.stable_uuid("openedx", site, digest)),
        "actor": {"account": {"homePage": site, "name": fact.who}},
        "verb": fact.known.verb,
        "object": fact.thing,
        "context": context,
        "timestamp": fact.at,
    }
    if result := _result(fact.known, _data(fact.event), context):
        statement["result"] = result
    return Incoming(_ENCODER.encode(statement).decode(), statement)


def _result(known: Event, data: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    if known.thing == "video":
        return _moment(known, data, context)
    if known.verb is verbs.ANSWERED:
        return _answer(data)
    return {"success": True} if known.verb is verbs.PASSED else {}


def _moment(known: Event, data: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """Where in the video: the words of the xAPI video profile, seconds to the millisecond."""
    found: dict[str, Any] = {}
    if known.verb is verbs.SEEKED:
        words = {"time-from": ("old_time", "currentTime"), "time-to": ("new_time",)}
    else:
        words = {"time": ("currentTime", "current_time")}
    for word, keys in words.items():
        seconds = next((s for key in keys if (s := _number(data.get(key))) is not None), None)
        if seconds is not None:
            found[f"{_VIDEO}extensions/{word}"] = round(seconds, 3)
    length = _number(data.get("duration"))
    if length:
        context["extensions"][f"{_VIDEO}extensions/length"] = length
    return {"extensions": found} if found else {}


def _answer(data: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    grade, most = _number(data.get("grade")), _number(data.get("max_grade"))
    if grade is not None and most and 0 <= grade <= most:
        result["score"] = {"raw": grade, "min": 0, "max": most, "scaled": grade / most}
    if (said := _text(data.get("success"))) in {"correct", "incorrect"}:
        result["success"] = said == "correct"
    submission = _object(data.get("submission"))
    answers = [_object(each).get("answer") for each in submission.values()]
    if answers:
        only = answers[0] if len(answers) == 1 else answers
        result["response"] = only if isinstance(only, str) else _ENCODER.encode(only).decode()
    return result


def _course(event: dict[str, Any]) -> str:
    context, data = _object(event.get("context")), _data(event)
    return _text(data.get("course_id")) or _text(context.get("course_id"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
