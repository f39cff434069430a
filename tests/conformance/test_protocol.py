"""Communication 1, 3 and 4: how requests are read and answered, whatever the resource."""

import json
import uuid
from urllib.parse import urlencode

import pytest

from tests.conformance.client import (
    ACTIVITY,
    AGENT,
    BASES,
    activity_profile,
    agent_profile,
    state,
)
from tests.conformance.requirement import requirement
from tests.records import factories as f
from xueqiao.records.models import Document, Statement

RESOURCES = {
    "statements": {"limit": "1"},
    "activities": {"activityId": ACTIVITY},
    "agents": {"agent": AGENT},
    "activities/state": state(stateId=None),
    "agents/profile": agent_profile(profileId=None),
    "activities/profile": activity_profile(profileId=None),
}
VERSION = "X-Experience-API-Version"
each_resource = pytest.mark.parametrize("path", RESOURCES)


@requirement("XAPI-00125", "same status and headers, no body")
@requirement("XAPI-00126", "HEAD is taken")
@pytest.mark.parametrize("path", [*RESOURCES, "about"])
def test_head_is_get_without_a_body(lrs, path):
    lrs.store(f.statement())
    asked = RESOURCES.get(path)
    get, head = lrs.get(path, asked), lrs.send("HEAD", path, asked)
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    assert int(head["Content-Length"]) == len(get.content) > 0
    # What is long enough to be compressed says that it may be.
    changing = {"X-Experience-API-Consistent-Through", "Content-Length", "Vary"}
    assert {name: value for name, value in head.items() if name not in changing} == {
        name: value for name, value in get.items() if name not in changing
    }


@requirement("XAPI-00126", "404 like GET")
def test_head_of_what_is_not_held_is_a_404(lrs):
    assert lrs.send("HEAD", "activities/state", state()).status_code == 404


@requirement("XAPI-00321", "400 without a version")
@requirement("XAPI-00331", "400 for a version that is not spoken")
@each_resource
@pytest.mark.parametrize("version", [None, "", "0.9", "0.95", "1.0.x", "1.1", "2.1.0", "3.0.0"])
@pytest.mark.parametrize("authorization", ["", None])
def test_a_version_that_is_not_spoken_is_refused(lrs, path, version, authorization):
    headers = {VERSION: version} | ({} if authorization else {"Authorization": authorization})
    answer = lrs.get(path, RESOURCES[path], headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "records.version_unknown")
    assert answer[VERSION] == lrs.version, "the answer names the version of the path"


@requirement("XAPI-00333", "the latest patch of it")
@pytest.mark.parametrize("path", [*RESOURCES, "about"])
@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.9", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.1", "2.0.0"),
    ],
)
def test_the_answer_names_the_version_spoken(lrs, path, asked, spoken):
    answer = lrs.get(path, RESOURCES.get(path), headers={VERSION: asked})
    assert (answer.status_code, answer[VERSION]) == (200, spoken)


def test_old_clients_may_be_let_in_without_a_version(lrs, settings):
    settings.XAPI_VERSION_NEEDED = False
    answer = lrs.get("statements", headers={VERSION: None})
    assert (answer.status_code, answer[VERSION]) == (200, lrs.version)


@requirement("XAPI-00153", "also where the request is refused")
@pytest.mark.parametrize("path", [*RESOURCES, "about"])
def test_every_answer_says_through_when_it_is_consistent(lrs, path):
    for answer in (lrs.get(path, RESOURCES.get(path)), lrs.get(path, {"x": "1"})):
        assert answer["X-Experience-API-Consistent-Through"].endswith("Z")


@requirement("XAPI-00334", "no key, a wrong key, a wrong secret")
@each_resource
@pytest.mark.parametrize("given", [None, "Basic", "Basic !!!", "Basic bm9ib2R5Om5vdGhpbmc=", "x"])
def test_without_a_key_there_is_a_401_that_says_how(lrs, path, given):
    answer = lrs.get(path, RESOURCES[path], headers={"Authorization": given})
    assert answer.status_code == 401
    assert "Basic" in answer["WWW-Authenticate"]


@requirement("XAPI-00335", "a key and its secret")
@each_resource
def test_http_basic_is_understood(lrs, path):
    assert lrs.headers["Authorization"].startswith("Basic ")
    assert lrs.get(path, RESOURCES[path]).status_code == 200


@requirement("XAPI-00327", "a key that may not")
@each_resource
def test_a_key_for_something_else_is_a_403(lrs, path):
    limited = lrs.limited("statements/write")
    assert limited.get(path, RESOURCES[path]).status_code == 403
    reading = lrs.limited("statements/read")
    assert reading.post("statements", body=f.statement()).status_code == 403
    assert Statement.objects.count() == 0


@requirement("XAPI-00324", "any parameter that is not known")
@requirement("XAPI-00325", "or is in other letter case")
@pytest.mark.parametrize("path", [*RESOURCES, "about"])
def test_an_unknown_parameter_is_refused(lrs, path):
    asked = RESOURCES.get(path, {})
    assert lrs.get(path, {**asked, "foo": "bar"}).status_code == 400
    for name, value in asked.items():
        others = {other: given for other, given in asked.items() if other != name}
        assert lrs.get(path, others | {name.title(): value}).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["activities/state", "agents/profile", "activities/profile"])
def test_an_unknown_parameter_stores_and_deletes_nothing(lrs, path, method):
    asked = {"activities/state": state, "agents/profile": agent_profile}.get(
        path, activity_profile
    )()
    assert lrs.send(method, path, asked | {"foo": "1"}, {"page": 1}).status_code == 400
    assert Document.objects.count() == 0


def test_a_parameter_that_stands_twice_is_refused(lrs):
    answer = lrs.http.get(f"{BASES[lrs.version]}statements?limit=1&limit=2", headers=lrs.headers)
    assert answer.status_code == 400


@requirement("XAPI-00323", "405 with the methods there are")
@pytest.mark.parametrize(
    ("path", "method"),
    [("statements", "DELETE"), ("statements", "PATCH"),
     *((path, method) for path in ("activities", "agents", "about")
       for method in ("POST", "PUT", "DELETE")),
     ("activities/state", "PATCH")],
)  # fmt: skip
def test_another_method_is_a_405_with_and_without_a_key(lrs, path, method):
    for headers in ({}, {"Authorization": None}):
        answer = lrs.send(method, path, RESOURCES.get(path), headers=headers)
        assert answer.status_code == 405
        assert "GET" in answer["Allow"]
        assert method not in answer["Allow"]


@requirement("XAPI-00328", "413, and nothing is stored")
def test_a_request_over_the_limit_is_a_413(lrs, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    many = [f.statement() for _ in range(10)]
    answer = lrs.post("statements", body=many)
    assert (answer.status_code, answer.json()["code"]) == (413, "records.body_too_large")
    assert Statement.objects.count() == 0
    assert lrs.post("activities/state", state(), b"x" * 1001, kind="text/plain").status_code == 413
    assert Document.objects.count() == 0


@requirement("XAPI-00326", "the good one is not kept")
@requirement("XAPI-00182", "a refused list stores nothing")
def test_one_bad_statement_refuses_the_list(lrs):
    good = f.statement()
    assert lrs.refused([good, f.statement(verb={"id": "x"})])["pointer"].startswith("/1/verb")
    assert lrs.get("statements", {"statementId": good["id"]}).status_code == 404


@requirement("XAPI-00014", "broken JSON is a 400")
@requirement("XAPI-00015", "as are other bytes than UTF-8")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}{}", b"null", b"\xff\xfe{}", b'{"actor": "\xed\xa0\x80"}', rb'"\ud800"',
     b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"9" * 5000, b"1e999", b"[1, 2"],
)  # fmt: skip
def test_what_is_no_json_is_refused(lrs, body):
    assert lrs.post("statements", body=body, kind="application/json").status_code == 400


@requirement("XAPI-00015", "text of any script comes back as it was sent")
def test_any_script_comes_back(lrs):
    sent = f.statement(result={"response": '学桥 ᠮᠣᠩᠭᠣᠯ \U00020000 \\ " é'})
    lrs.store(sent)
    assert lrs.statement(sent["id"])["result"] == sent["result"]


@requirement("XAPI-00021", "at any depth, however it is escaped")
@pytest.mark.parametrize(
    ("once", "twice"),
    [
        ('"timestamp"', '"timestamp": "2026-03-02T09:30:00Z", "timestamp"'),
        ('"account"', '"name": "a", "name": "b", "account"'),
        ('"account"', '"name": "a", "n\\u0061me": "b:", "account"'),
        ('"account"', '"name": "\\u003a", "name": "b", "account"'),
    ],
)
@pytest.mark.parametrize("is_list", [True, False])
def test_a_name_that_stands_twice_is_refused(lrs, once, twice, is_list):
    text = json.dumps(f.statement())
    assert text.count(once) == 1
    wrong = text.replace(once, twice)
    answer = lrs.post("statements", body=f"[{text}, {wrong}]" if is_list else wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "records.not_json")
    assert Statement.objects.count() == 0


def test_colons_in_text_are_no_names(lrs):
    sent = f.statement(result={"response": ": : \\u003a {"})
    text = json.dumps(sent).replace("saw", "saw\\u003a")
    assert lrs.post("statements", body=text).status_code == 200


def test_deep_json_is_refused_before_it_is_walked(lrs):
    for depth, status in ((80, 200), (200, 400), (900, 400), (50_000, 400)):
        deep = '{"a":' * depth + "1" + "}" * depth
        body = json.dumps(f.statement(result={"extensions": {"http://a.example/": 7}}))
        answer = lrs.post("statements", body=body.replace(": 7", f": {deep}"))
        assert answer.status_code == status, depth


@pytest.mark.parametrize("charset", ["gb18030", "utf-16"])
def test_json_is_utf_8(lrs, charset):
    body = json.dumps(f.statement()).encode(charset)
    answer = lrs.post("statements", body=body, kind=f"application/json; charset={charset}")
    assert answer.status_code == 400


# --- a form in place of another request ---


def form(lrs, method, fields, headers=None, query=None):
    """A POST of the alternate request syntax."""
    path = f"{BASES[lrs.version]}{fields.pop('path', 'statements')}"
    return lrs.http.post(
        f"{path}?{urlencode(query or {'method': method})}",
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers=lrs.headers if headers is None else headers,
    )


@requirement("XAPI-00148", "GET in a form", versions=("1.0.3",))
@requirement("XAPI-00336", "GET in a form", versions=("1.0.3",))
def test_a_form_may_stand_for_get(lrs):
    sent = [f.statement() for _ in range(3)]
    lrs.store(*sent)
    page = form(lrs, "GET", {"limit": "2", "verb": sent[0]["verb"]["id"]})
    assert page.status_code == 200
    assert len(page.json()["statements"]) == 2
    rest = lrs.http.get(page.json()["more"], headers=lrs.headers)
    assert len(rest.json()["statements"]) == 1


@requirement("XAPI-00336", "PUT in a form, with its headers", versions=("1.0.3",))
def test_a_form_may_stand_for_put(lrs):
    sent = f.statement()
    fields = {"statementId": sent["id"], "content": json.dumps(sent), **lrs.headers}
    assert form(lrs, "PUT", fields, headers={}).status_code == 204
    assert lrs.statement(sent["id"])["actor"] == sent["actor"]


@requirement("XAPI-00336", "conditions and types of documents", versions=("1.0.3",))
def test_a_form_carries_what_headers_would(lrs):
    asked = agent_profile()
    fields = {
        "path": "agents/profile",
        "agent": json.dumps(asked["agent"]),
        "profileId": asked["profileId"],
        "content": "茶",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "3",
    }
    assert form(lrs, "PUT", fields | {"If-None-Match": "*"}).status_code == 204
    assert form(lrs, "PUT", fields | {"If-None-Match": "*"}).status_code == 412
    answer = lrs.get("agents/profile", asked)
    assert (answer.content.decode(), answer["Content-Type"]) == ("茶", "text/plain; charset=utf-8")
    asked = {name: fields[name] for name in ("path", "agent", "profileId")}
    assert form(lrs, "DELETE", dict(asked)).status_code == 204
    assert form(lrs, "GET", dict(asked)).status_code == 404


@requirement("XAPI-00336", "a header counts more than the form", versions=("1.0.3",))
def test_the_header_counts_more_than_the_form(lrs):
    sent = f.statement()
    fields = {"statementId": sent["id"], "content": json.dumps(sent), VERSION: "0.8"}
    assert form(lrs, "PUT", fields).status_code == 204


@requirement("XAPI-00336", "what has no place in it is refused", versions=("1.0.3",))
def test_a_form_that_is_not_one_request_is_refused(lrs):
    sent = f.statement()
    fields = {"statementId": sent["id"], "content": json.dumps(sent)}
    extra = {"method": "PUT", "statementId": sent["id"]}
    assert form(lrs, "PUT", dict(fields), query=extra).status_code == 400
    assert form(lrs, "PUT", {"statementId": sent["id"]}).status_code == 400
    assert form(lrs, "GET", dict(fields)).status_code == 400
    assert form(lrs, "PUT", fields | {"foo": "1"}).status_code == 400
    assert form(lrs, "SPILL", {"statementId": sent["id"]}).status_code == 405
    nothing = lrs.post("statements", {"method": "PUT"}, json.dumps(fields))
    assert nothing.status_code == 400
    assert lrs.get("statements", {"method": "POST"}).status_code == 400
    assert Statement.objects.count() == 0


@requirement("XAPI-00336", "2.0.0 took it out", versions=("2.0.0",))
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_2_0_0_refuses_a_form_in_place_of_a_request(lrs, method):
    sent = f.statement()
    fields = {"statementId": sent["id"], "content": json.dumps(sent)}
    assert form(lrs, method, dict(fields)).status_code == 400
    assert form(lrs, method, fields | lrs.headers, headers={}).status_code == 400
    assert lrs.put("statements", {"method": "POST"}, sent).status_code == 400
    assert Statement.objects.count() == 0


# --- pages of other origins ---


@pytest.mark.parametrize("path", [*RESOURCES, "about"])
def test_a_page_of_another_origin_may_ask(lrs, path):
    preflight = lrs.send(
        "OPTIONS",
        path,
        headers={
            "Authorization": None,
            VERSION: None,
            "Origin": "https://course.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": f"authorization,{VERSION}",
        },
    )
    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Origin"] == "*"
    assert "GET" in preflight["Access-Control-Allow-Methods"]
    for header in ("Authorization", VERSION, "If-Match", "If-None-Match", "Content-Type"):
        assert header in preflight["Access-Control-Allow-Headers"]
    answer = lrs.get(path, RESOURCES.get(path), headers={"Origin": "https://course.example"})
    assert answer["Access-Control-Allow-Origin"] == "*"
    for header in ("ETag", "Last-Modified", VERSION, "X-Experience-API-Consistent-Through"):
        assert header in answer["Access-Control-Expose-Headers"]


def test_origins_may_be_narrowed(lrs, settings):
    settings.XAPI_ORIGINS = ("https://course.example",)
    let_in = lrs.get("about", headers={"Origin": "https://course.example"})
    assert let_in["Access-Control-Allow-Origin"] == "https://course.example"
    assert "Access-Control-Allow-Origin" not in lrs.get(
        "about", headers={"Origin": "https://other.example"}
    )


@requirement("XAPI-00012", "an id, an address, an agent, a time, a number, a flag")
@pytest.mark.parametrize(
    ("path", "asked"),
    [("statements", {"statementId": "1"}), ("statements", {"verb": "passed"}),
     ("statements", {"activity": "x"}), ("statements", {"since": "yesterday"}),
     ("statements", {"limit": "-1"}), ("statements", {"ascending": "yes"}),
     ("statements", {"agent": '{"mbox": "wei"}'}), ("statements", {"registration": "1"}),
     ("activities", {"activityId": "a b"}), ("agents", {"agent": '{"mbox": 7}'}),
     ("activities/state", state(registration="1")),
     ("activities/state", state(activityId="course"))],
)  # fmt: skip
def test_parameters_are_held_to_what_statements_are(lrs, path, asked):
    assert lrs.get(path, asked).status_code == 400


def test_a_key_that_nobody_has_is_no_error(lrs):
    asked = {"statementId": str(uuid.uuid4())}
    assert lrs.get("statements", asked).status_code == 404
