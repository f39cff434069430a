"""The xAPI endpoint over HTTP."""

import json
import uuid
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records import keys, summary
from xueqiao.records.models import Batch, KeyPair, Statement

pytestmark = pytest.mark.django_db
PATH = "/xapi/statements"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def headers():
    return f.key("all")


def listed(client, headers, **asked):
    answer = client.get(PATH, asked, headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


def ids_of(found):
    return [each["id"] for each in found["statements"]]


def test_a_statement_that_was_posted_comes_back_with_what_the_store_sets(client, headers):
    sent = f.statement(authority=f.agent("somebody else"), stored="2001-01-01T00:00:00Z")

    answer = f.post(client, sent, headers)

    assert (answer.status_code, answer.json()) == (200, [sent["id"]])
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    got = client.get(PATH, {"statementId": sent["id"]}, headers=headers)
    row = Statement.objects.get()
    authority = {
        "objectType": "Agent",
        "name": "School school",
        "account": {"homePage": "http://127.0.0.1:8000/", "name": "school"},
    }
    stored = f"{row.stored_at:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert got.json() == sent | {"authority": authority, "stored": stored, "version": "1.0.0"}
    assert json.loads(row.text) == sent


def test_the_text_is_kept_byte_for_byte(client, headers):
    text = json.dumps(f.statement(), indent=1, ensure_ascii=False).replace("saw", "看了")
    f.post(client, f"[ {text} ,\n{json.dumps(f.statement())}]".encode(), headers)
    assert Statement.objects.order_by("pk").first().text == text


def test_a_list_is_all_or_nothing_and_the_pointer_says_where(client, headers):
    bad = f.statement(verb={"id": "no address"})

    answer = f.post(client, [f.statement(), bad, f.statement()], headers)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["pointer"] == "/1/verb/id"
    assert answer.json()["code"] == "records.statement_invalid"
    assert (Statement.objects.count(), Batch.objects.count()) == (0, 0)


def test_ids_come_back_in_the_order_sent_and_one_is_made_where_none_was(client, headers):
    sent = [f.statement(), f.statement(id=None), f.statement()]

    first, made, last = f.post(client, sent, headers).json()

    assert (first, last) == (sent[0]["id"], sent[2]["id"])
    assert client.get(PATH, {"statementId": made}, headers=headers).json()["id"] == made


def test_sent_again_is_fine_and_other_content_is_a_conflict(client, headers):
    sent = f.statement()
    f.post(client, sent, headers)

    again = f.post(client, sent | {"stored": "2026-01-01T00:00:00Z"}, headers)
    other = f.post(client, [f.statement(), sent | {"result": {"success": True}}], headers)

    assert (again.status_code, again.json()) == (200, [sent["id"]])
    assert (other.status_code, other.json()["pointer"]) == (409, "/1/id")
    assert Statement.objects.count() == 1
    received, accepted, duplicate = Batch.objects.order_by("pk").values_list(
        "received", "accepted", "duplicate"
    )[1]
    assert (received, accepted, duplicate) == (1, 0, 1)


def test_one_id_twice_in_one_request_is_refused(client, headers):
    sent = f.statement()
    answer = f.post(client, [sent, sent], headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "records.id_twice")


def test_put_stores_under_the_id_of_the_address(client, headers):
    number = str(uuid.uuid4())

    def put(body, **asked):
        words = f"{PATH}?" + "&".join(f"{name}={value}" for name, value in asked.items())
        return client.put(words, body, content_type="application/json", headers=headers)

    sent = f.statement(id=None)
    assert put(sent, statementId=number).status_code == 204
    assert put(sent, statementId=number).status_code == 204
    assert put(sent | {"result": {"success": True}}, statementId=number).status_code == 409
    assert put(f.statement(), statementId=number).json()["pointer"] == "/id"
    assert put([sent], statementId=number).status_code == 400
    assert put(sent).status_code == 400
    assert put(sent, statementId=number, other="1").status_code == 400
    assert client.get(PATH, {"statementId": number}, headers=headers).json()["id"] == number


def test_each_filter_finds_its_statements(client, headers):
    registration = str(uuid.uuid4())
    course, wei, li = "https://school.example/course/2", f.agent("wei"), f.agent("li")
    plain = f.statement()
    passed = f.statement(verb={"id": "http://adlnet.gov/expapi/verbs/passed"})
    other = f.statement(object={"id": course}, context={"registration": registration})
    praised = f.statement(actor=f.agent("chen"), object=li | {"objectType": "Agent"})
    team = f.statement(actor={"objectType": "Group", "member": [li, f.agent("zhao")]})
    f.post(client, [plain, passed, other, praised, team], headers)

    def find(**asked):
        return set(ids_of(listed(client, headers, **asked)))

    assert find(verb="http://adlnet.gov/expapi/verbs/passed") == {passed["id"]}
    assert find(activity=course) == {other["id"]}
    assert find(registration=registration) == {other["id"]}
    assert find(agent=json.dumps(wei)) == {plain["id"], passed["id"], other["id"]}
    assert find(agent=json.dumps(li)) == {praised["id"], team["id"]}
    assert find(agent=json.dumps(f.agent("nobody"))) == set()
    assert find(agent=json.dumps(wei), activity=course) == {other["id"]}


def test_since_excludes_and_until_includes_the_stored_time(client, headers):
    for _ in range(3):
        f.post(client, f.statement(), headers)
    middle = listed(client, headers)["statements"][1]

    newer = ids_of(listed(client, headers, since=middle["stored"]))
    older = ids_of(listed(client, headers, until=middle["stored"]))

    newest_first = ids_of(listed(client, headers))
    assert newer == newest_first[:1]
    assert older == newest_first[1:]
    assert ids_of(listed(client, headers, ascending="true")) == newest_first[::-1]


def test_more_leads_to_the_end_without_repeat_or_gap_while_others_write(client, headers):
    sent = [f.statement() for _ in range(7)]
    f.post(client, sent[:4], headers)
    f.post(client, sent[4:], headers)
    seen, path = [], f"{PATH}?limit=2&verb={sent[0]['verb']['id']}"
    while path:
        nobody = {"X-Experience-API-Version": "1.0.3"}
        assert client.get(path, headers=nobody).status_code == 401, "the link is no key"
        found = client.get(path, headers=headers).json()
        seen += ids_of(found)
        path = found["more"]
        f.post(client, f.statement(), headers)

    assert seen == [each["id"] for each in sent[4:][::-1] + sent[:4][::-1]]


@pytest.mark.parametrize(
    "asked",
    [
        {"statementId": "1"}, {"verb": "passed"}, {"activity": "x"}, {"since": "yesterday"},
        {"limit": "-1"}, {"limit": "one"}, {"ascending": "yes"}, {"format": "short"},
        {"agent": "{"}, {"agent": "{}"}, {"agent": "[" * 5000}, {"unknown": "1"},
        {"registration": "1"}, {"from": "!!"}, {"from": "MQ"}, {"Verb": "http://a.example/b"},
        {"statementId": str(uuid.UUID(int=1)), "verb": "http://a.example/b"},
        {"statementId": str(uuid.UUID(int=1)), "voidedStatementId": str(uuid.UUID(int=1))},
        {"agent": '{"objectType": "Group", "member": [{"mbox": "mailto:a@b.example"}]}'},
    ],
)  # fmt: skip
def test_what_is_no_parameter_of_the_standard_is_refused(client, headers, asked):
    answer = client.get(PATH, asked, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_a_voided_statement_is_found_only_as_voided(client, headers):
    first, second = f.statement(), f.statement()
    f.post(client, first, headers)
    voiding = voids(first)
    early = voids(second)
    f.post(client, [voiding, early], headers)
    f.post(client, second, headers)

    for gone in (first["id"], second["id"]):
        assert client.get(PATH, {"statementId": gone}, headers=headers).status_code == 404
        assert client.get(PATH, {"voidedStatementId": gone}, headers=headers).status_code == 200
    assert set(ids_of(listed(client, headers))) == {voiding["id"], early["id"]}


def test_a_source_cannot_void_the_statements_of_another(client, headers):
    sent = f.statement()
    f.post(client, sent, headers)
    f.post(client, voids(sent), f.key("all", of=f.source("other")))
    assert client.get(PATH, {"statementId": sent["id"]}, headers=headers).status_code == 200


def voids(other):
    return f.statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": other["id"]},
    )


def test_keys_open_only_what_their_scope_says(client):
    mine, other = f.source("mine"), f.source("other")
    f.store(f.statement(), of=mine)
    f.store(f.statement(), of=other)
    now = clock.now()
    expired = f.key("all", at=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    revoked = f.key("all")
    KeyPair.objects.filter(pk=KeyPair.objects.latest("pk").pk).update(revoked_at=clock.now())

    def reads(headers):
        answer = client.get(PATH, headers=headers)
        return len(answer.json()["statements"]) if answer.status_code == 200 else answer.status_code

    def writes(headers):
        return f.post(client, f.statement(), headers).status_code

    assert reads(f.key("statements/read")) == 2
    assert reads(f.key("statements/read/mine", of=mine)) == 1
    assert reads(f.key("statements/write")) == 403
    assert writes(f.key("statements/read")) == 403
    assert writes(f.key("statements/write")) == 200
    assert (reads(expired), reads(revoked)) == (401, 401)


@pytest.mark.parametrize(
    "given", ["", "Basic", "Basic !!!", "Bearer abc", "Basic bm9ib2R5", "Basic AAAA",
              "Basic bm9ib2R5Om5vdGhpbmc="]
)  # fmt: skip
def test_without_a_key_there_is_a_401_that_says_how(client, given):
    f.key()
    headers = {"Authorization": given, "X-Experience-API-Version": "1.0.3"}
    answer = client.get(PATH, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "are needed"), ("Digest x", "Digest"), ("Bearer abc", "Bearer"),
        ("Basic !!!", "base64"), ("Basic OnNlY3JldA==", "empty"),
        ("Basic bm9ib2R5Om5vdGhpbmc=", "No key in force"),
    ],
)  # fmt: skip
def test_a_401_says_what_is_wrong(client, given, said):
    headers = {"Authorization": given, "X-Experience-API-Version": "1.0.3"} | ENGLISH
    assert said in client.get(PATH, headers=headers).json()["title"]


def test_only_who_knows_the_secret_learns_that_a_key_was_revoked(client):
    headers = f.key() | ENGLISH
    pair = KeyPair.objects.get()
    keys.revoke_key(pair=pair, at=clock.now())

    assert "was revoked" in client.get(PATH, headers=headers).json()["title"]
    guessed = f.basic(pair.key, "guess") | ENGLISH
    assert "No key in force" in client.get(PATH, headers=guessed).json()["title"]


def test_a_right_key_with_a_wrong_secret_is_refused(client):
    f.key()
    answer = client.get(PATH, headers=f.basic(KeyPair.objects.get().key, "guess"))
    assert answer.status_code == 401


@pytest.fixture
def _version_not_needed(settings):
    settings.XAPI_VERSION_NEEDED = False


@pytest.mark.parametrize(
    ("path", "asked", "spoken"),
    [(PATH, None, "1.0.3"), ("/xapi/2.0/statements", None, "2.0.0"), (PATH, "2.0.0", "2.0.0"),
     (PATH, "1.0", "1.0.3"), ("/xapi/2.0/statements", "1.0.1", "1.0.3")],
)  # fmt: skip
@pytest.mark.usefixtures("_version_not_needed")
def test_the_version_is_the_header_or_the_path(client, headers, path, asked, spoken):
    del headers["X-Experience-API-Version"]
    extra = {"X-Experience-API-Version": asked} if asked else {}
    answer = client.get(path, headers=headers | extra)
    assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (200, spoken)


def test_properties_of_2_0_need_2_0_and_are_not_shown_to_readers_of_1_0(client, headers):
    role = {"objectType": "contextAgent", "agent": f.agent("li")}
    sent = f.statement(context={"contextAgents": [role], "language": "zh-Hans"})
    new = headers | {"X-Experience-API-Version": "2.0.0"}

    assert f.post(client, sent, headers).json()["pointer"] == "/context/contextAgents"
    assert f.post(client, sent, new).status_code == 200

    asked = {"statementId": sent["id"]}
    assert client.get(PATH, asked, headers=new).json()["context"] == sent["context"]
    assert client.get(PATH, asked, headers=headers).json()["context"] == {"language": "zh-Hans"}


@pytest.mark.parametrize("asked", ["0.95", "3.0.0", "", "1.0.x", "2"])
def test_another_version_is_refused(client, headers, asked):
    answer = client.get(PATH, headers=headers | {"X-Experience-API-Version": asked})
    assert (answer.status_code, answer.json()["code"]) == (400, "records.version_unknown")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b"null", b"[" * 20_000, b'{"a":' * 20_000, b"\xff\xfe", b'"text"', b"[[]]",
     b'{"actor": "\xed\xa0\x80"}', rb'{"actor": "\ud800"}', b"[null]"],
)  # fmt: skip
def test_a_body_that_is_no_statement_is_a_400(client, headers, body):
    assert f.post(client, body, headers).status_code == 400


def test_an_empty_list_stores_nothing_and_is_fine(client, headers):
    answer = f.post(client, [], headers)
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("kind", ["text/plain", ""])
def test_another_content_type_is_a_400(client, headers, kind):
    assert f.post(client, f.statement(), headers, content_type=kind).status_code == 400


def test_a_body_over_the_limit_is_a_413(client, headers, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = f.post(client, [f.statement() for _ in range(10)], headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "records.body_too_large")


def test_another_method_is_a_405_and_head_is_like_get(client, headers):
    f.post(client, f.statement(), headers)
    assert client.delete(PATH, headers=headers).status_code == 405
    head = client.head(PATH, headers=headers)
    assert (head.status_code, head.content) == (200, b"")


def test_every_answer_says_through_which_time_it_is_consistent(client, headers):
    before = clock.now() - timedelta(seconds=61)
    f.post(client, f.statement(), headers)
    answer = client.get(PATH, headers=headers)
    stored = answer.json()["statements"][0]["stored"]
    through = answer.headers["X-Experience-API-Consistent-Through"]
    assert (
        f"{before:%Y-%m-%dT%H:%M:%S.%f}Z"
        < through
        <= max(stored, f"{clock.now():%Y-%m-%dT%H:%M:%S.%f}Z")
    )
    assert "X-Experience-API-Consistent-Through" in f.post(client, b"{", headers).headers


def test_the_number_of_queries_does_not_grow_with_the_page(
    client, headers, django_assert_num_queries
):
    f.post(client, f.statement(), headers)
    for _ in range(2):
        with django_assert_num_queries(3):
            listed(client, headers)
        f.post(client, [f.statement() for _ in range(20)], headers)


def test_requests_are_counted_for_their_source(client, headers):
    sent = f.statement()
    f.post(client, [sent, f.statement()], headers)
    f.post(client, sent, headers)
    [found] = summary.by_source()
    assert (found.received, found.accepted, found.duplicate, found.quarantined) == (3, 2, 1, 0)


def test_more_keeps_the_filters_and_its_own_place_only(client, headers):
    f.post(client, [f.statement() for _ in range(3)], headers)
    more = listed(client, headers, limit="1", ascending="true")["more"]
    words = dict(parse_qsl(urlsplit(more).query))
    assert set(words) == {"limit", "ascending", "from"}
