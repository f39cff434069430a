"""Lines of an Open edX tracking log, written after the documentation of their fields."""

from __future__ import annotations

import json

import pytest

from xueqiao.intake import openedx
from xueqiao.intake.openedx_events import EVENTS
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason
from xueqiao.records.xapi import validate

SITE = "https://mooc.example"
COURSE = "course-v1:HuDa+CS101+2026_T1"
PROBLEM = f"block-v1:{COURSE[10:]}+type@problem+block@p1"
BASE = {
    "username": "li", "context": {"user_id": 8, "course_id": COURSE, "org_id": "HuDa"},
    "time": "2026-03-02T01:02:03.431355+00:00", "event_source": "server", "page": None,
}  # fmt: skip


def line(name, event=None, **changes):
    context = BASE["context"] | changes.pop("context", {})
    return json.dumps(BASE | {"event_type": name, "event": event} | changes | {"context": context})


def only(text, by="user_id"):
    (found,) = openedx.items(text, site=SITE, name_people_by=by)
    if isinstance(found, Incoming):
        validate.check(found.statement)
        assert json.loads(found.text) == found.statement
    return found


def statement(text, by="user_id"):
    found = only(text, by)
    assert isinstance(found, Incoming), found
    return found.statement


def test_a_checked_problem_is_an_answer_with_its_score():
    event = {
        "problem_id": PROBLEM, "grade": 2, "max_grade": 3, "success": "incorrect", "attempts": 1,
        "submission": {"p1_2_1": {"answer": "blue", "correct": True}},
    }  # fmt: skip
    module = {"module": {"display_name": "海洋", "usage_key": PROBLEM}}
    found = statement(line("problem_check", event, context=module))
    assert found["verb"]["id"] == "http://adlnet.gov/expapi/verbs/answered"
    assert found["actor"] == {"account": {"homePage": SITE, "name": "8"}}
    assert found["object"]["id"] == f"{SITE}/xblock/{PROBLEM}"
    assert found["object"]["definition"]["name"] == {"und": "海洋"}
    assert found["result"] == {
        "score": {"raw": 2, "min": 0, "max": 3, "scaled": 2 / 3},
        "success": False,
        "response": "blue",
    }
    (parent,) = found["context"]["contextActivities"]["parent"]
    assert parent["id"] == f"{SITE}/course/{COURSE}"
    assert found["timestamp"] == BASE["time"]


def test_the_browsers_line_of_a_problem_check_is_no_second_answer():
    found = only(line("problem_check", f"input_{PROBLEM}=blue", event_source="browser"))
    assert (found.reason, found.pointer) == (Reason.REFERENCE_UNKNOWN, "/event")
    said = json.dumps({"problem_id": PROBLEM})
    found = statement(line("problem_check", said, event_source="browser"))
    assert found["verb"]["id"] == "http://adlnet.gov/expapi/verbs/attempted"
    assert "result" not in found


@pytest.mark.parametrize(
    ("name", "event", "verb", "extensions"),
    [
        ("play_video", {"currentTime": 12.3456}, "played", {"time": 12.346}),
        ("edx.video.paused", {"current_time": 7}, "paused", {"time": 7}),
        ("seek_video", {"old_time": 4, "new_time": 60.5}, "seeked",
         {"time-from": 4, "time-to": 60.5}),
        ("stop_video", {"currentTime": 99}, "terminated", {"time": 99}),
        ("load_video", {}, "initialized", None),
    ],
)  # fmt: skip
def test_video_events_say_where_in_the_video(name, event, verb, extensions):
    said = json.dumps({"id": "v1", "code": "mp4", "duration": 100} | event)
    found = statement(line(name, said, event_source="browser"))
    assert found["verb"]["id"].rpartition("/")[2] == verb
    words = found.get("result", {}).get("extensions")
    prefix = "https://w3id.org/xapi/video/extensions/"
    assert words == (extensions and {prefix + word: n for word, n in extensions.items()})
    assert found["context"]["extensions"][f"{prefix}length"] == 100


def test_an_enrolment_is_of_the_learner_it_names():
    event = {"course_id": COURSE, "user_id": 77, "mode": "audit"}
    found = statement(line("edx.course.enrollment.activated", event))
    assert found["actor"]["account"]["name"] == "77"
    assert found["verb"]["display"] == {"en": "registered"}
    assert found["object"]["id"] == f"{SITE}/course/{COURSE}"
    assert "contextActivities" not in found["context"]
    gone = statement(line("edx.course.enrollment.deactivated", event))
    assert gone["verb"]["display"] == {"en": "unregistered"}
    assert gone["context"]["registration"] == found["context"]["registration"]


@pytest.mark.parametrize(
    ("name", "event", "page", "object_id"),
    [
        ("page_close", "{}", f"{SITE}/courses/x?token=1", f"{SITE}/courses/x"),
        ("seq_next", '{"id": "block-v1:s", "old": 1, "new": 2}', None,
         f"{SITE}/xblock/block-v1:s"),
        ("edx.ui.lms.link_clicked", {"target_url": "https://e.org/a b?q=1"}, None,
         "https://e.org/a%20b"),
        ("edx.certificate.created", {"certificate_id": "c-9", "user_id": 8}, None,
         f"{SITE}/certificate/c-9"),
        ("edx.forum.thread.created", {"id": "t1", "title": "?"}, None,
         f"{SITE}/forum/{COURSE}/t1"),
        ("edx.forum.searched", {"query": "x"}, None, f"{SITE}/forum/{COURSE}"),
        ("/courses/x/courseware/", "{}", None, f"{SITE}/courses/x/courseware/"),
        ("edx.bookmark.added", {"id": "b"}, None, f"{SITE}/xblock/b"),
        ("openassessmentblock.create_submission", {"submission_uuid": "s"}, None,
         f"{SITE}/xblock/s"),
    ],
)  # fmt: skip
def test_what_each_kind_of_event_is_about(name, event, page, object_id):
    assert statement(line(name, event, page=page))["object"]["id"] == object_id


def test_events_as_the_routing_of_newer_releases_writes_them():
    text = json.dumps({
        "name": "edx.video.position.changed", "timestamp": BASE["time"],
        "data": {"id": "v1", "currentTime": 194, "new_time": 195, "duration": 195},
        "context": {"user_id": 3, "username": "edx", "course_id": COURSE},
    })  # fmt: skip
    found = statement(text)
    assert found["actor"]["account"]["name"] == "3"
    assert statement(text, "username")["actor"]["account"]["name"] == "edx"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.NOT_JSON),
        ("{", Reason.NOT_JSON),
        ("{" * 100_000, Reason.NOT_JSON),
        ("[1]", Reason.NOT_JSON),
        ("{}", Reason.EVENT_UNKNOWN),
        (line("edx.unheard.of", {}), Reason.EVENT_UNKNOWN),
        (line("/courses/x/xblock/y/handler/xmodule_handler/problem_get"), Reason.EVENT_UNKNOWN),
        (line("page_close", page="http://[bad"), Reason.REFERENCE_UNKNOWN),
        (line("play_video", '{"code": "x"'), Reason.REFERENCE_UNKNOWN),
        (line("page_close", context={"user_id": ""}), Reason.NOBODY),
        (line("page_close", context={"user_id": None}), Reason.NOBODY),
        (line("page_close", time=""), Reason.TIME_MISSING),
    ],
)
def test_what_is_refused_and_why(text, reason):
    found = only(text)
    assert isinstance(found, Refused)
    assert (found.text, found.reason) == (text, reason)


def test_what_the_transport_wrote_in_front_changes_nothing():
    text = line("edx.bookmark.added", {"id": "b"})
    plain = statement(text)
    assert statement(f"Mar  2 09:02:03 lms [tracking][env:lms] INFO - {text}\r") == plain
    assert statement(text.replace('"li"', '"wang"'))["id"] != plain["id"]


def test_every_event_of_the_table_becomes_a_statement():
    said = {"id": "x", "problem_id": "p", "target_url": f"{SITE}/p", "user_id": 8}
    for name in EVENTS:
        found = statement(line(name, said, page=f"{SITE}/p"))
        assert found["verb"]["id"].startswith("http")
