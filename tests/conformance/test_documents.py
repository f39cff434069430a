"""Communication 2.2 and 3.1: what all documents share, and how two writers are kept apart."""

import hashlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from tests.conformance.client import activity_profile, agent_profile, state
from tests.conformance.requirement import requirement
from xueqiao.records.models import Document

RESOURCES = [
    ("activities/state", state),
    ("agents/profile", agent_profile),
    ("activities/profile", activity_profile),
]
each_resource = pytest.mark.parametrize(("path", "make"), RESOURCES, ids=[r[0] for r in RESOURCES])
WRONG = '"1111111111111111111111111111111111111111"'


def hold(lrs, path, make, body):
    asked = make()
    assert lrs.post(path, asked, body).status_code == 204
    return asked, lrs.get(path, asked)["ETag"]


@requirement("XAPI-00183", "one level deep")
@requirement("XAPI-00184", "the newer value wins")
@requirement("XAPI-00185", "one document of JSON")
@requirement("XAPI-00186", "both are read as objects")
@each_resource
def test_a_merge_replaces_whole_properties(lrs, path, make):
    asked, _tag = hold(lrs, path, make, {"car": {"make": "Hongqi", "model": "H9"}, "driver": "Li"})
    assert lrs.post(path, asked, {"car": {"make": "BYD"}, "page": 1e-7}).status_code == 204
    merged = lrs.get(path, asked)
    assert merged.json() == {"car": {"make": "BYD"}, "driver": "Li", "page": 1e-7}
    assert merged["Content-Type"] == "application/json"


@requirement("XAPI-00182", "a refused document leaves the one that is held")
@each_resource
def test_a_refused_request_changes_nothing(lrs, path, make):
    asked, tag = hold(lrs, path, make, {"page": 1})
    for method, headers, body, kind in [
        ("PUT", {"If-Match": WRONG}, b'{"page": 2}', "application/json"),
        ("PUT", {"If-Match": tag}, b"{", "application/json"),
        ("POST", {}, b"text", "text/plain"),
        ("DELETE", {"If-Match": WRONG}, None, None),
    ]:
        answer = lrs.send(method, path, asked, body, headers=headers, kind=kind)
        assert answer.status_code in {400, 412}
        held = lrs.get(path, asked)
        assert (held.json(), held["ETag"]) == ({"page": 1}, tag)


@each_resource
@pytest.mark.parametrize("kind", ["image/png", "text/plain; charset=gb18030", "not/json"])
def test_the_bytes_and_their_type_come_back_as_they_came(lrs, path, make, kind):
    asked, content = make(), bytes(range(256)) * 3
    new = {"If-None-Match": "*"}
    assert lrs.put(path, asked, content, kind=kind, headers=new).status_code == 204
    answer = lrs.get(path, asked)
    assert (answer.content, answer["Content-Type"]) == (content, kind)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


@each_resource
def test_a_document_without_a_type_is_bytes(lrs, path, make):
    asked = make()
    assert lrs.post(path, asked, b"abc", kind="").status_code == 204
    assert lrs.get(path, asked)["Content-Type"] == "application/octet-stream"


@requirement("XAPI-00322", "a quoted SHA-1 of the content")
@each_resource
def test_a_document_is_answered_with_the_sha1_of_its_bytes(lrs, path, make):
    asked = make()
    assert lrs.post(path, asked, b'{"page":  1}', kind="application/json").status_code == 204
    wanted = hashlib.sha1(b'{"page":  1}', usedforsecurity=False).hexdigest()
    assert lrs.get(path, asked)["ETag"] == f'"{wanted}"'


@requirement("XAPI-00322", "If-Match and If-None-Match of PUT")
@each_resource
def test_put_replaces_the_document_that_the_writer_knows(lrs, path, make):
    asked, tag = hold(lrs, path, make, {"page": 1})

    def put(page, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return lrs.put(path, asked, {"page": page}, headers=sent).status_code

    assert put(2, If_Match=WRONG) == 412
    assert put(2, If_Match="1234") == 412
    assert put(2, If_None_Match="*") == 412
    assert put(2, If_None_Match=tag) == 412
    assert lrs.get(path, asked).json() == {"page": 1}
    assert put(2, If_Match=tag) == 204
    assert put(3, If_Match=tag) == 412, "the tag is spent"
    assert put(4, If_None_Match=tag) == 204
    assert put(5, If_Match="*") == 204
    # Who compresses an answer on its way makes its tag a weak one; several may be named.
    assert put(6, If_Match=f"{WRONG}, W/{lrs.get(path, asked)['ETag']}") == 204
    assert lrs.get(path, asked).json() == {"page": 6}


@each_resource
def test_if_match_needs_a_document(lrs, path, make):
    for method in ("PUT", "POST", "DELETE"):
        answer = lrs.send(method, path, make(), {"page": 1}, headers={"If-Match": "*"})
        assert answer.status_code == 412


@requirement("XAPI-00322", "409 in plain words for a profile")
@pytest.mark.parametrize(("path", "make"), RESOURCES[1:])
def test_put_without_a_condition_does_not_replace_a_profile(lrs, path, make):
    asked, tag = hold(lrs, path, make, {"page": 1})
    answer = lrs.put(path, asked, {"page": 2})
    assert (answer.status_code, answer["Content-Type"]) == (409, "text/plain")
    assert "If-Match" in answer.content.decode()
    assert (lrs.get(path, asked).json(), lrs.get(path, asked)["ETag"]) == ({"page": 1}, tag)


@requirement("IEEE-409-STATE", "409 in plain words", versions=("2.0.0",))
def test_2_0_0_does_not_replace_a_state_without_a_condition(lrs):
    asked, _tag = hold(lrs, "activities/state", state, {"page": 1})
    answer = lrs.put("activities/state", asked, {"page": 2})
    assert (answer.status_code, answer["Content-Type"]) == (409, "text/plain")
    assert lrs.get("activities/state", asked).json() == {"page": 1}


@requirement("XAPI-00322", "1.0.3 leaves the state to its one writer", versions=("1.0.3",))
def test_1_0_3_replaces_a_state_without_a_condition(lrs):
    asked, _tag = hold(lrs, "activities/state", state, {"page": 1})
    assert lrs.put("activities/state", asked, {"page": 2}).status_code == 204
    assert lrs.get("activities/state", asked).json() == {"page": 2}


@requirement("IEEE-412-PUT", "the document stays", versions=("2.0.0",))
@requirement("IEEE-412-POST", "the document stays", versions=("2.0.0",))
@requirement("IEEE-412-DELETE", "the document stays", versions=("2.0.0",))
@each_resource
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_wrong_tag_is_a_412_and_the_right_one_is_not(lrs, path, make, method):
    asked, tag = hold(lrs, path, make, {"page": 1})
    body = None if method == "DELETE" else {"page": 2}
    wrong = lrs.send(method, path, asked, body, headers={"If-Match": WRONG})
    assert wrong.status_code == 412
    assert lrs.get(path, asked).json() == {"page": 1}
    right = lrs.send(method, path, asked, body, headers={"If-Match": tag})
    assert right.status_code == 204
    after = lrs.get(path, asked)
    assert after.status_code == 404 if method == "DELETE" else after.json() == {"page": 2}


@requirement("IEEE-LAST-MODIFIED", "moves with each change of a document", versions=("2.0.0",))
@each_resource
def test_last_modified_is_when_the_document_was_written(lrs, path, make):
    asked, _tag = hold(lrs, path, make, {"page": 1})
    old = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    Document.objects.update(updated_at=old)
    assert parsedate_to_datetime(lrs.get(path, asked)["Last-Modified"]) == old
    assert lrs.post(path, asked, {"page": 2}).status_code == 204
    assert parsedate_to_datetime(lrs.get(path, asked)["Last-Modified"]) > old


@each_resource
def test_documents_need_their_scope(lrs, path, make):
    right, wrong = ("state", "profile") if path == "activities/state" else ("profile", "state")
    asked = make()
    assert lrs.limited(right).post(path, asked, {"page": 1}).status_code == 204
    for scope in (wrong, "statements/read", "statements/write"):
        assert lrs.limited(scope).get(path, asked).status_code == 403
        assert lrs.limited(scope).post(path, asked, {"page": 2}).status_code == 403
    assert lrs.limited(right).get(path, asked).json() == {"page": 1}


@each_resource
def test_documents_are_shared_by_all_who_may_use_the_resource(lrs, path, make):
    asked, tag = hold(lrs, path, make, {"page": 1})
    stranger = type(lrs)(lrs.version)
    assert stranger.get(path, asked)["ETag"] == tag
    assert stranger.put(path, asked, {"page": 2}, headers={"If-Match": tag}).status_code == 204
    assert lrs.put(path, asked, {"page": 3}, headers={"If-Match": tag}).status_code == 412
    assert Document.objects.get().source == stranger.source


@each_resource
def test_a_document_does_not_outgrow_the_limit_by_merging(lrs, path, make, settings):
    asked, _tag = hold(lrs, path, make, {"a": "x" * 600})
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert lrs.post(path, asked, {"b": "x" * 600}).status_code == 413
    assert lrs.get(path, asked).json() == {"a": "x" * 600}
    assert lrs.post(path, make(), b"x" * 1001, kind="text/plain").status_code == 413


@each_resource
@pytest.mark.parametrize("key", ["课/程 ?&=+%", "a" * 1000, "' or 1=1 --", "\U0001f34e"])
def test_any_text_is_an_id(lrs, path, make, key):
    name = "stateId" if path == "activities/state" else "profileId"
    asked = make(**{name: key})
    assert lrs.post(path, asked, {"page": 1}).status_code == 204
    assert lrs.get(path, asked).json() == {"page": 1}


@each_resource
@pytest.mark.parametrize("key", ["a" * 1001, "a\x00b", ""])
def test_an_id_that_cannot_be_kept_is_refused(lrs, path, make, key):
    name = "stateId" if path == "activities/state" else "profileId"
    assert lrs.post(path, make(**{name: key}), {"page": 1}).status_code == 400
