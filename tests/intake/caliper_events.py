"""Events and envelopes of Caliper 1.2, as its specification describes them."""

from __future__ import annotations

from xueqiao.kernel import ids

EDU = "https://edu.example"
PERSON = f"{EDU}/users/554433"
QUIZ = f"{EDU}/courses/7/assess/1"
SECTION = f"{EDU}/courses/7/sections/1"
CONTEXT = "http://purl.imsglobal.org/ctx/caliper/v1p2"


def event(kind, action, number=0, /, **changes):
    key = ids.stable_uuid("caliper test", kind, action, str(number))
    body = {
        "@context": CONTEXT, "id": f"urn:uuid:{key}", "type": kind, "profile": "GeneralProfile",
        "actor": {"id": PERSON, "type": "Person"}, "action": action,
        "object": {"id": QUIZ, "type": "Assessment", "name": "Quiz One"},
        "eventTime": "2026-03-02T10:15:00.000Z", "edApp": EDU,
        "group": {
            "id": SECTION, "type": "CourseSection",
            "subOrganizationOf": {"id": f"{EDU}/courses/7", "type": "CourseOffering"},
        },
        "membership": {"id": f"{SECTION}/rosters/1", "type": "Membership", "roles": ["Learner"]},
        "session": {"id": f"{EDU}/sessions/1", "type": "Session"},
    }  # fmt: skip
    return body | changes


def envelope(*data, **changes):
    return {
        "sensor": f"{EDU}/sensors/1", "sendTime": "2026-03-02T11:05:01.000Z",
        "dataVersion": CONTEXT, "data": list(data),
    } | changes  # fmt: skip
