"""Whatever is asked or sent, the answer is one of the standard: never a fault of the server."""

import copy
import json
from urllib.parse import urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conformance.client import ACTIVITY, AGENT, BASES
from tests.conformance.requirement import requirement
from tests.records import factories as f

CODES = {200, 204, 400, 403, 404, 405, 409, 412, 413}
PATHS = (
    "statements", "activities", "agents", "activities/state", "agents/profile",
    "activities/profile", "about",
)  # fmt: skip
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH")
ID = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"
TIMES = ("2026-03-02T09:30:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2099")
WORDS = {
    "statementId": (ID, "1"), "voidedStatementId": (ID,), "stateId": ("page",),
    "profileId": ("taste",), "registration": (ID,), "activityId": (ACTIVITY,),
    "agent": (json.dumps(AGENT), '{"mbox": "mailto:a@b.example"}', '{"objectType": "Group"}'),
    "activity": (ACTIVITY,), "verb": ("http://adlnet.gov/expapi/verbs/experienced",),
    "since": TIMES, "until": TIMES, "limit": ("0", "1", "99999999999"),
    "format": ("ids", "exact", "canonical"), "attachments": ("true", "false"),
    "ascending": ("true", "false"), "related_agents": ("true",), "related_activities": ("true",),
    "from": ("MQ", "MTc3MjQwMDAwMDAwMDAwMC4x"), "method": ("GET", "PUT", "POST", "DELETE"),
}  # fmt: skip
TEXT = st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=8,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "If-Match": st.sampled_from(["*", '"', '""', ", ,", 'W/"a"', "a" * 300]),
        "If-None-Match": st.sampled_from(["*", '"', "W/", "\t"]),
        "Accept-Language": st.sampled_from(["zh-Hans", "*;q=0", "en;q=x, ,;", "é", "a" * 999]),
        "Authorization": st.sampled_from(["Basic", "Basic ===", "Bearer a.b.c", "x"]),
    },
)
KINDS = st.sampled_from(
    ["application/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded",
     "multipart/mixed", "multipart/mixed; boundary=a", 'multipart/mixed; boundary="', "text/plain",
     "multipart/form-data; boundary=a", ";", "", "é/é", "a" * 300]
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b"", b"[" * 5000, b"{}", b"[{}]", b"--a\r\n\r\n{}\r\n--a--", b"--a--", b"a=b&=&"]
    ),
    st.dictionaries(st.sampled_from([*WORDS, "content", "Content-Type"]), TEXT).map(
        lambda form: urlencode(form, errors="replace").encode()
    ),
)
FORM = "application/x-www-form-urlencoded"
# A header of two lines, hidden in a form.
SPLIT = (
    b"content=a&Content-Type=a%0d%0ab&profileId=a&agent="
    + urlencode({"": '{"mbox": "mailto:a@b.example"}'}).removeprefix("=").encode()
)
FUZZ = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def parameters(draw):
    names = draw(st.lists(st.sampled_from(sorted(WORDS)) | TEXT, max_size=4))
    return [(name, draw(st.sampled_from(WORDS.get(name, ("x",))) | TEXT)) for name in names]


@st.composite
def broken(draw, whole):
    """A statement with one value changed, taken out or added, anywhere in it."""
    made = copy.deepcopy(whole)
    here, name = made, None
    while True:
        names = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not names:
            break
        name = draw(st.sampled_from(names))
        below = here[name]
        if not isinstance(below, dict | list) or not below or draw(st.booleans()):
            break
        here = below
    change = draw(st.sampled_from(["value", "take out", "add", "name"]))
    if change == "take out" and names:
        del here[name]
    elif change == "value" and names:
        here[name] = draw(JSON)
    elif isinstance(here, dict):
        here[draw(st.sampled_from(["objectType", "id", "mbox", "member", "definition"]) | TEXT)] = (
            draw(JSON)
        )
    return made


def full():
    """A statement with nearly everything that one may have."""
    activity = {
        "id": ACTIVITY,
        "definition": {
            "name": {"zh-Hans": "茶"}, "type": "http://adlnet.gov/expapi/activities/question",
            "interactionType": "choice", "correctResponsesPattern": ["a"],
            "choices": [{"id": "a", "description": {"en": "A"}}],
            "extensions": {"http://a.example/x": None},
        },
    }  # fmt: skip
    context = {
        "registration": ID, "instructor": AGENT, "revision": "1", "platform": "x",
        "team": {"objectType": "Group", "member": [AGENT]}, "language": "zh-Hans",
        "statement": {"objectType": "StatementRef", "id": ID},
        "contextActivities": {"parent": [activity], "other": activity},
        "extensions": {"http://a.example/y": {"z": [1.5, None]}},
    }  # fmt: skip
    score = {"scaled": 0.5, "raw": 5, "min": 0, "max": 10}
    result = {"score": score, "success": True, "duration": "PT1H", "response": "茶"}
    attachment = {
        "usageType": "http://a.example/u", "display": {"en": "x"}, "contentType": "text/plain",
        "length": 3, "sha2": "a" * 64, "fileUrl": "http://a.example/f",
    }  # fmt: skip
    plain = f.statement(context=context, result=result, attachments=[attachment], object=activity)
    inner = {name: plain[name] for name in ("actor", "verb", "object", "result", "context")}
    return plain, f.statement(object={"objectType": "SubStatement", **inner})


@requirement("XAPI-00323", "random requests to every resource")
@FUZZ
@given(
    path=st.sampled_from(PATHS), method=st.sampled_from(METHODS), asked=parameters(),
    headers=HEADERS, kind=KINDS, body=BODIES,
)  # fmt: skip
@example("activities/state", "PUT", [("stateId", "\x00")], {}, "text/plain", b"")
@example(
    "statements",
    "POST",
    [("method", "PUT")],
    {},
    "application/x-www-form-urlencoded",
    b"content=%ff",
)
@example("agents/profile", "POST", [("method", "PUT")], {}, FORM, SPLIT)
def test_no_request_causes_a_fault(lrs, path, method, asked, headers, kind, body):  # noqa: PLR0917
    with transaction.atomic():
        answer = lrs.http.generic(
            method, f"{BASES[lrs.version]}{path}?{urlencode(asked, errors='replace')}", body,
            content_type=kind, headers=lrs.headers | headers,
        )  # fmt: skip
    assert answer.status_code in CODES | ({401} if "Authorization" in headers else set())
    assert answer["X-Experience-API-Version"] in {"1.0.3", "2.0.0"}
    if answer.status_code >= 400 and method != "HEAD" and answer["Content-Type"] != "text/plain":
        assert answer.json()["title"]


@requirement("XAPI-00323", "statements with one thing changed")
@FUZZ
@given(data=st.data())
def test_no_statement_causes_a_fault(lrs, data):
    whole = data.draw(st.sampled_from(full()))
    sent = data.draw(broken(whole))
    answer = lrs.post("statements", body=json.dumps([sent, f.statement()]))
    assert answer.status_code in {200, 400, 409}, answer.content
    if answer.status_code == 200:
        held = lrs.get("statements", {"statementId": answer.json()[0]})
        assert held.status_code == 200
        for form in ("ids", "canonical", "exact"):
            assert lrs.get("statements", {"limit": "1", "format": form}).status_code in {200, 501}


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("time", TIMES)
def test_times_at_the_edge_of_time_are_times_or_refused(lrs, name, time):
    assert lrs.get("statements", {name: time}).status_code in {200, 400}
