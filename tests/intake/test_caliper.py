"""Caliper envelopes, written after the published examples of the specification."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.intake.caliper_events import EDU, PERSON, QUIZ, SECTION, envelope, event
from xueqiao.intake import caliper, caliper_words
from xueqiao.kernel import ids
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason
from xueqiao.records.xapi import validate


def items(*data, **changes):
    return caliper.items(json.dumps(envelope(*data, **changes)).encode())


def only(*data):
    (found,), _described = items(*data)
    if isinstance(found, Incoming):
        validate.check(found.statement)
        assert json.loads(found.text) == found.statement
    return found


def statement(*data):
    found = only(*data)
    assert isinstance(found, Incoming), found
    return found.statement


def test_every_event_may_say_its_actions_and_no_other():
    attempt = {"id": f"{QUIZ}/attempts/1", "type": "Attempt", "assignee": PERSON}
    for kind, actions in caliper_words.ACTIONS.items():
        change = {"object": attempt} if kind == "GradeEvent" else {}
        for action in actions:
            found = statement(event(kind, action, **change))
            assert found["verb"]["id"].startswith("http")
        assert only(event(kind, "Flew")).reason == Reason.EVENT_UNKNOWN
    assert only(event("RocketEvent", "Started")).reason == Reason.EVENT_UNKNOWN


def test_an_action_without_a_register_of_its_own_keeps_its_address():
    verb = statement(event("ThreadEvent", "MarkedAsRead"))["verb"]
    assert verb == {
        "id": "http://purl.imsglobal.org/caliper/actions/MarkedAsRead",
        "display": {"en": "marked as read"},
    }


def test_who_what_where_when():
    sent = event(
        "NavigationEvent",
        "NavigatedTo",
        object={"id": f"{EDU}/pages/2", "type": "WebPage", "name": "Page 2",
                "isPartOf": {"id": SECTION, "type": "CourseSection"}},
        referrer=f"{EDU}/pages/1",
    )  # fmt: skip
    found = statement(sent)
    assert found["id"] == sent["id"].removeprefix("urn:uuid:")
    assert found["actor"]["account"] == {"homePage": EDU, "name": PERSON}
    assert found["timestamp"] == sent["eventTime"]
    assert found["object"] == {
        "id": f"{EDU}/pages/2",
        "definition": {
            "type": "http://activitystrea.ms/schema/1.0/page", "name": {"und": "Page 2"},
        },
    }  # fmt: skip
    around = found["context"]["contextActivities"]
    assert [each["id"] for each in around["parent"]] == [SECTION]
    assert [each["id"] for each in around["grouping"]] == [SECTION, f"{EDU}/courses/7"]
    assert found["context"]["platform"] == EDU
    kept = found["context"]["extensions"][caliper.EXTENSION]
    assert (kept["referrer"], kept["profile"]) == (f"{EDU}/pages/1", "GeneralProfile")


def test_entities_of_the_envelope_describe_what_events_point_at():
    person = {"id": PERSON, "type": "Person"}
    quiz = {"id": QUIZ, "type": "Assessment", "name": "Quiz One"}
    sent = event("AssessmentEvent", "Started", actor=PERSON, object=QUIZ, group=SECTION)
    found, described = items(person, quiz, sent)
    assert described == 2
    assert found[0].statement["object"]["definition"]["name"] == {"und": "Quiz One"}
    assert found[0].at == "/data/2"


def test_a_grade_is_of_the_learner_and_of_the_work():
    attempt = {
        "id": f"{QUIZ}/users/1/attempts/1", "type": "Attempt", "assignee": PERSON,
        "assignable": {"id": QUIZ, "type": "Assessment"}, "duration": "PT40M12S", "count": 1,
    }  # fmt: skip
    score = {"id": f"{QUIZ}/scores/1", "type": "Score", "maxScore": 15.0, "scoreGiven": 10.0}
    grader = {"id": f"{EDU}/autograder", "type": "SoftwareApplication"}
    found = statement(event("GradeEvent", "Graded", actor=grader, object=attempt, generated=score))
    assert found["actor"]["account"]["name"] == PERSON
    assert found["object"]["id"] == QUIZ
    assert found["verb"]["id"] == "http://adlnet.gov/expapi/verbs/scored"
    assert found["result"] == {
        "score": {"raw": 10.0, "max": 15.0, "min": 0, "scaled": 10 / 15},
        "duration": "PT40M12S",
    }
    assert found["context"]["registration"] == str(ids.stable_uuid("caliper", attempt["id"]))
    teacher = {"id": f"{EDU}/users/9", "type": "Person"}
    given = statement(event("GradeEvent", "Graded", actor=teacher, object=attempt))
    assert given["context"]["instructor"]["account"]["name"] == teacher["id"]
    nobody = attempt | {"assignee": None}
    held = only(event("GradeEvent", "Graded", actor=teacher, object=nobody))
    assert (held.reason, held.pointer) == (Reason.NOBODY, "/data/0/object/assignee")


def test_an_answer_keeps_what_was_said():
    response = {"id": "urn:r1", "type": "FillinBlankResponse", "values": ["subject", "object"]}
    found = statement(event("AssessmentItemEvent", "Completed", generated=response))
    assert found["verb"]["id"] == "http://adlnet.gov/expapi/verbs/answered"
    assert found["result"] == {"completion": True, "response": '["subject","object"]'}
    one = response | {"type": "OpenEndedResponse", "value": "because", "values": None}
    assert statement(event("QuestionnaireItemEvent", "Completed", generated=one))["result"] == {
        "completion": True,
        "response": "because",
    }


def test_a_medium_says_where_it_was_paused():
    target = {"id": "urn:m", "type": "MediaLocation", "currentTime": "PT30M54S"}
    found = statement(event("MediaEvent", "Paused", target=target))
    assert found["verb"]["id"] == "https://w3id.org/xapi/video/verbs/paused"
    assert found["result"]["extensions"] == {"https://w3id.org/xapi/video/extensions/time": 1854.0}
    jumped = statement(event("MediaEvent", "JumpedTo", target=target))
    assert list(jumped["result"]["extensions"]) == [
        "https://w3id.org/xapi/video/extensions/time-to"
    ]


@pytest.mark.parametrize(
    ("change", "reason", "pointer"),
    [
        ({"id": "https://no.uuid"}, Reason.INVALID, "/id"),
        ({"id": None}, Reason.INVALID, "/id"),
        ({"action": None}, Reason.INVALID, "/type"),
        ({"eventTime": None}, Reason.TIME_MISSING, "/eventTime"),
        ({"actor": None}, Reason.NOBODY, "/actor"),
        ({"actor": {"type": "Person"}}, Reason.NOBODY, "/actor"),
        ({"actor": "http://purl.imsglobal.org/caliper/Person"}, Reason.NOBODY, "/actor"),
        ({"actor": {"id": f"{EDU}/bot", "type": "SoftwareApplication"}},
         Reason.NOT_A_LEARNER, "/actor"),
        ({"object": None}, Reason.REFERENCE_UNKNOWN, "/object"),
        ({"object": {"id": ""}}, Reason.REFERENCE_UNKNOWN, "/object"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(change, reason, pointer):
    sent = event("ViewEvent", "Viewed", **change)
    found = only(sent)
    assert isinstance(found, Refused)
    assert (found.reason, found.pointer) == (reason, f"/data/0{pointer}")
    assert json.loads(found.text) == sent


def test_things_that_are_no_objects_are_refused_one_by_one():
    found, described = items(1, None, "x", [], {}, event("ViewEvent", "Viewed"))
    assert [type(each) for each in found] == [Refused] * 5 + [Incoming]
    assert described == 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b'{"sensor": "x"}', b"\xff\xfe", b"[" * 100_000,
        json.dumps(envelope() | {"data": {}}).encode(), json.dumps(envelope(sensor=1)).encode(),
        b'{"sensor": "x", "sendTime": "x", "data": [{"a": 1,}], "dataVersion": "x"}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_envelope(body):
    with pytest.raises(caliper.EnvelopeUnfit):
        caliper.items(body)


def test_a_version_that_is_not_spoken():
    with pytest.raises(caliper.VersionUnknown):
        items(dataVersion="http://purl.imsglobal.org/ctx/caliper/v9p9")
    assert items(dataVersion="http://purl.imsglobal.org/ctx/caliper/v1p1") == ([], 0)


def test_deep_nesting_ends():
    found = {"id": "https://e.org/0", "type": "Group"}
    for n in range(1, 50):
        found = {"id": f"https://e.org/{n}", "type": "Group", "subOrganizationOf": found}
    sent = event("ViewEvent", "Viewed", group=found)
    grouping = statement(sent)["context"]["contextActivities"]["grouping"]
    assert len(grouping) == 4
    assert uuid.UUID(statement(sent)["id"])
