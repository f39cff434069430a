"""Communication 2.3: what an activity remembers of a learner."""

import uuid

import pytest

from tests.conformance.client import state
from tests.conformance.requirement import requirement

PATH = "activities/state"
NOTE = {"page": 7, "notes": ["好"]}
METHODS = ("GET", "PUT", "POST", "DELETE")


def hold(lrs, **changes):
    """Store a state; its parameters."""
    asked = state(**changes)
    assert lrs.post(PATH, asked, NOTE).status_code == 204
    return asked


def without(asked, *names):
    return {name: value for name, value in asked.items() if name not in names}


def send(lrs, method, asked):
    return lrs.send(method, PATH, asked, NOTE if method in {"PUT", "POST"} else None)


@requirement("XAPI-00190", "PUT stores")
@requirement("XAPI-00230", "at activities/state")
@requirement("XAPI-00188", "GET answers the document")
@requirement("XAPI-00192", "by its stateId")
@requirement("XAPI-00217", "stateId of GET")
def test_a_state_that_was_put_is_answered(lrs):
    asked = state()
    assert lrs.put(PATH, asked, NOTE).status_code == 204
    answer = lrs.get(PATH, asked)
    assert (answer.status_code, answer.json()) == (200, NOTE)
    assert answer["Content-Type"] == "application/json"


@requirement("XAPI-00189", "204")
@requirement("XAPI-00231", "POST is taken")
@requirement("XAPI-00233", "nothing held: stored as it came")
def test_a_state_that_was_posted_is_stored(lrs):
    asked = state()
    assert lrs.post(PATH, asked, NOTE).status_code == 204
    assert lrs.get(PATH, asked).json() == NOTE


@requirement("XAPI-00187", "204")
@requirement("XAPI-00191", "the document is gone")
@requirement("XAPI-00216", "stateId of DELETE")
def test_a_state_that_was_deleted_is_gone_and_its_neighbour_is_not(lrs):
    asked, neighbour = hold(lrs), hold(lrs)
    assert lrs.delete(PATH, asked).status_code == 204
    assert lrs.get(PATH, asked).status_code == 404
    assert lrs.get(PATH, neighbour).status_code == 200
    assert lrs.delete(PATH, asked).status_code == 204, "deleting again does no harm"


@requirement("XAPI-00193", "a list of ids")
def test_without_a_state_id_the_ids_are_answered(lrs):
    one, two = hold(lrs), hold(lrs)
    elsewhere = hold(lrs, activityId="https://school.example/course/2")
    answer = lrs.get(PATH, without(one, "stateId"))
    assert answer.status_code == 200
    assert answer.json() == sorted([one["stateId"], two["stateId"]])
    assert lrs.get(PATH, without(elsewhere, "stateId")).json() == [elsewhere["stateId"]]


@requirement("XAPI-00194", "the whole context is emptied")
def test_without_a_state_id_all_of_the_context_is_deleted(lrs):
    one, two = hold(lrs), hold(lrs, registration=str(uuid.uuid4()))
    elsewhere = hold(lrs, activityId="https://school.example/course/2")
    assert lrs.delete(PATH, without(one, "stateId")).status_code == 204
    assert [lrs.get(PATH, each).status_code for each in (one, two, elsewhere)] == [404, 404, 200]


@requirement("XAPI-00195", "later ones only")
@requirement("XAPI-00221", "since of GET")
@requirement("XAPI-00222", "no earlier ones")
def test_since_lists_what_was_stored_after_it(lrs):
    early = hold(lrs)
    middle = lrs.moment()
    late = hold(lrs)
    context = without(early, "stateId")
    assert lrs.get(PATH, context | {"since": middle}).json() == [late["stateId"]]
    assert len(lrs.get(PATH, context | {"since": "2012-06-01T00:00:00Z"}).json()) == 2


@requirement("XAPI-00196", "DELETE")
@requirement("XAPI-00197", "GET")
@requirement("XAPI-00198", "POST")
@requirement("XAPI-00199", "PUT")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("agent", ["not JSON", "true", "{}", '{"key": "value"}', '["a"]'])
def test_an_agent_that_is_none_is_refused(lrs, method, agent):
    assert send(lrs, method, state(agent=agent)).status_code == 400


@requirement("XAPI-00200", "DELETE")
@requirement("XAPI-00201", "GET")
@requirement("XAPI-00202", "POST")
@requirement("XAPI-00203", "PUT")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("registration", ["true", "7", "1234567890abcdef", ""])
def test_a_registration_that_is_no_uuid_is_refused(lrs, method, registration):
    assert send(lrs, method, state(registration=registration)).status_code == 400


@requirement("XAPI-00204", "a word, a number, a half date")
@pytest.mark.parametrize("since", ["not a timestamp", "7", "2026-13-01T00:00:00Z"])
def test_a_since_that_is_no_timestamp_is_refused(lrs, since):
    assert lrs.get(PATH, state(stateId=None, since=since)).status_code == 400


@requirement("XAPI-00205", "refused", versions=("1.0.3",))
def test_a_since_of_delete_that_is_no_timestamp_is_refused_and_deletes_nothing(lrs):
    asked = hold(lrs)
    assert lrs.delete(PATH, without(asked, "stateId") | {"since": "x"}).status_code == 400
    assert lrs.get(PATH, asked).status_code == 200


@requirement("XAPI-00223", "deletes what was stored after it", versions=("1.0.3",))
def test_since_of_delete_spares_what_is_older(lrs):
    early = hold(lrs)
    middle = lrs.moment()
    late = hold(lrs)
    assert lrs.delete(PATH, without(early, "stateId") | {"since": middle}).status_code == 204
    assert [lrs.get(PATH, each).status_code for each in (early, late)] == [200, 404]


@requirement("XAPI-00206", "PUT")
@requirement("XAPI-00211", "POST")
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_document_without_a_state_id_is_refused(lrs, method):
    assert send(lrs, method, state(stateId=None)).status_code == 400
    assert send(lrs, method, state(stateId="")).status_code == 400


@requirement("XAPI-00207", "DELETE")
@requirement("XAPI-00208", "GET")
@requirement("XAPI-00209", "POST")
@requirement("XAPI-00210", "PUT")
@pytest.mark.parametrize("method", METHODS)
def test_a_request_without_an_activity_is_refused(lrs, method):
    assert send(lrs, method, state(activityId=None)).status_code == 400
    assert send(lrs, method, state(activityId="no address")).status_code == 400


@requirement("XAPI-00212", "DELETE")
@requirement("XAPI-00213", "GET")
@requirement("XAPI-00214", "POST")
@requirement("XAPI-00215", "PUT")
@pytest.mark.parametrize("method", METHODS)
def test_a_request_without_an_agent_is_refused(lrs, method):
    assert send(lrs, method, state(agent=None)).status_code == 400


@requirement("XAPI-00218", "PUT")
@requirement("XAPI-00219", "DELETE")
@requirement("XAPI-00220", "GET")
@requirement("XAPI-00227", "POST")
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_each_registration_has_its_own_state(lrs, method):
    plain = state()
    first, second = (plain | {"registration": str(uuid.uuid4())} for _ in range(2))
    for page, asked in enumerate((plain, first, second)):
        assert lrs.send(method, PATH, asked, {"page": page}).status_code == 204
    assert [lrs.get(PATH, each).json()["page"] for each in (plain, first, second)] == [0, 1, 2]
    assert lrs.get(PATH, without(first, "stateId")).json() == [plain["stateId"]]

    assert lrs.delete(PATH, first).status_code == 204
    assert [lrs.get(PATH, each).status_code for each in (plain, first, second)] == [200, 404, 200]


@requirement("XAPI-00229", "one is no JSON object")
@requirement("XAPI-00232", "one is of another type")
@pytest.mark.parametrize(
    ("held", "held_as", "sent", "sent_as"),
    [
        (b'{"a": 1}', "application/json", b"abc", "text/plain"),
        (b"abc", "application/octet-stream", b'{"a": 1}', "application/json"),
        (b'{"a": 1}', "application/json", b'{"a": 1}{', "application/json"),
        (b'{"a": 1}', "application/json", b"[1]", "application/json"),
        (b"[1]", "application/json", b'{"a": 1}', "application/json"),
    ],
)
def test_what_cannot_be_merged_is_refused_and_changes_nothing(lrs, held, held_as, sent, sent_as):
    asked = state()
    assert lrs.put(PATH, asked, held, kind=held_as).status_code == 204
    assert lrs.post(PATH, asked, sent, kind=sent_as).status_code == 400
    answer = lrs.get(PATH, asked)
    assert (answer.content, answer["Content-Type"]) == (held, held_as)


@requirement("XAPI-00234", "properties of both")
def test_json_is_merged_into_json(lrs):
    asked = state()
    assert lrs.post(PATH, asked, {"car": "Hongqi"}).status_code == 204
    assert lrs.post(PATH, asked, {"type": "H9"}).status_code == 204
    assert lrs.get(PATH, asked).json() == {"car": "Hongqi", "type": "H9"}


@requirement("XAPI-00235", "refused, and nothing is stored")
@pytest.mark.parametrize(
    "body", [b"{", b" ", b'{"a": 1, "a": 2}', b"\xff", b"[" * 500 + b"]" * 500]
)
def test_broken_json_is_refused(lrs, body):
    asked = state()
    assert lrs.post(PATH, asked, body, kind="application/json").status_code == 400
    assert lrs.get(PATH, asked).status_code == 404
