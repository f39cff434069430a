"""Communication 2.6 and 2.7: documents about agents and about activities."""

import pytest

from tests.conformance.client import activity_profile, agent_profile
from tests.conformance.requirement import requirement

AGENTS, ACTIVITIES = "agents/profile", "activities/profile"
NOTE = {"taste": ["诗", "tea"]}
NEW = {"If-None-Match": "*"}
METHODS = ("GET", "PUT", "POST", "DELETE")
NO_AGENTS = ["not JSON", "true", "{}", '{"key": "value"}', "1"]


def send(lrs, method, path, asked):
    body = NOTE if method in {"PUT", "POST"} else None
    return lrs.send(method, path, asked, body, headers=NEW if method == "PUT" else {})


def puts_and_gets(lrs, path, asked):
    assert lrs.put(path, asked, NOTE, headers=NEW).status_code == 204
    answer = lrs.get(path, asked)
    assert (answer.status_code, answer.json()) == (200, NOTE)


def posts_and_gets(lrs, path, asked):
    assert lrs.post(path, asked, NOTE).status_code == 204
    assert lrs.get(path, asked).json() == NOTE


def deletes(lrs, path, asked, neighbour):
    for each in (asked, neighbour):
        assert lrs.post(path, each, NOTE).status_code == 204
    assert lrs.delete(path, asked).status_code == 204
    assert [lrs.get(path, each).status_code for each in (asked, neighbour)] == [404, 200]


def lists(lrs, path, one, two):
    """Ids in order; with since only the later one."""
    assert lrs.post(path, one, NOTE).status_code == 204
    middle = lrs.moment()
    assert lrs.post(path, two, NOTE).status_code == 204
    place = {name: value for name, value in one.items() if name != "profileId"}
    answer = lrs.get(path, place)
    assert (answer.status_code, answer.json()) == (
        200,
        sorted([one["profileId"], two["profileId"]]),
    )
    assert lrs.get(path, place | {"since": middle}).json() == [two["profileId"]]
    assert lrs.get(path, place | {"since": "not a timestamp"}).status_code == 400


def merges(lrs, path, asked):
    assert lrs.post(path, asked, {"car": "Hongqi", "old": 1}).status_code == 204
    assert lrs.post(path, asked, {"type": "H9", "old": 2}).status_code == 204
    assert lrs.get(path, asked).json() == {"car": "Hongqi", "old": 2, "type": "H9"}


def refuses_to_merge(lrs, path, make):
    for held, held_as, sent, sent_as in [
        (b'{"a": 1}', "application/json", b"abc", "text/plain"),
        (b"abc", "application/octet-stream", b'{"a": 1}', "application/json"),
        (b'{"a": 1}', "application/json", b"[1]", "application/json"),
        (b"[1]", "application/json", b'{"a": 1}', "application/json"),
    ]:
        asked = make()
        assert lrs.put(path, asked, held, kind=held_as, headers=NEW).status_code == 204
        assert lrs.post(path, asked, sent, kind=sent_as).status_code == 400
        assert lrs.get(path, asked).content == held


@requirement("XAPI-00273", "PUT of a new profile")
@requirement("XAPI-00274", "GET is taken")
@requirement("XAPI-00282", "at agents/profile")
@requirement("XAPI-00259", "200 with the profile")
@requirement("XAPI-00269", "the one asked for")
def test_an_agent_profile_that_was_put_is_answered(lrs):
    puts_and_gets(lrs, AGENTS, agent_profile())


@requirement("XAPI-00273", "400 without If-Match and If-None-Match", versions=("1.0.3",))
@requirement("XAPI-00293", "400 without If-Match and If-None-Match", versions=("1.0.3",))
def test_1_0_3_refuses_a_new_profile_without_a_condition(lrs):
    for path, asked in ((AGENTS, agent_profile()), (ACTIVITIES, activity_profile())):
        answer = lrs.put(path, asked, NOTE)
        assert (answer.status_code, answer.json()["code"]) == (
            400,
            "records.document_condition_missing",
        )
        assert lrs.get(path, asked).status_code == 404


@requirement("XAPI-00272", "204")
@requirement("XAPI-00280", "nothing held: stored")
@requirement("XAPI-00283", "POST is taken")
def test_an_agent_profile_that_was_posted_is_stored(lrs):
    posts_and_gets(lrs, AGENTS, agent_profile())


@requirement("XAPI-00271", "204, and it is gone")
def test_an_agent_profile_that_was_deleted_is_gone(lrs):
    deletes(lrs, AGENTS, agent_profile(), agent_profile())


@requirement("XAPI-00255", "DELETE")
@requirement("XAPI-00256", "POST")
@requirement("XAPI-00257", "PUT")
@requirement("XAPI-00258", "GET")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("agent", NO_AGENTS)
def test_an_agent_profile_of_no_agent_is_refused(lrs, method, agent):
    assert send(lrs, method, AGENTS, agent_profile(agent=agent)).status_code == 400


@requirement("XAPI-00261", "GET")
@requirement("XAPI-00262", "DELETE")
@requirement("XAPI-00263", "POST")
@requirement("XAPI-00264", "PUT")
@pytest.mark.parametrize("method", METHODS)
def test_an_agent_profile_without_an_agent_is_refused(lrs, method):
    assert send(lrs, method, AGENTS, agent_profile(agent=None)).status_code == 400


@requirement("XAPI-00265", "DELETE")
@requirement("XAPI-00266", "POST")
@requirement("XAPI-00267", "PUT")
@pytest.mark.parametrize("method", ["DELETE", "POST", "PUT"])
def test_an_agent_profile_without_its_id_is_refused(lrs, method):
    assert send(lrs, method, AGENTS, agent_profile(profileId=None)).status_code == 400


@requirement("XAPI-00260", "400 for no timestamp")
@requirement("XAPI-00268", "since is understood")
@requirement("XAPI-00270", "a list of ids")
@requirement("XAPI-00275", "later ones only")
def test_agent_profiles_are_listed_by_their_ids(lrs):
    lists(lrs, AGENTS, agent_profile(), agent_profile())


@requirement("XAPI-00279", "properties of both")
def test_json_is_merged_into_an_agent_profile(lrs):
    merges(lrs, AGENTS, agent_profile())


@requirement("XAPI-00278", "one is of another type")
@requirement("XAPI-00281", "one is no JSON object")
def test_what_cannot_be_merged_into_an_agent_profile_is_refused(lrs):
    refuses_to_merge(lrs, AGENTS, agent_profile)


@requirement("XAPI-00284", "agents")
@requirement("XAPI-00314", "activities")
@pytest.mark.parametrize("body", [b"{", b" ", b'{"a": 1, "a": 2}', b"\xff"])
def test_broken_json_is_refused(lrs, body):
    for path, asked in ((AGENTS, agent_profile()), (ACTIVITIES, activity_profile())):
        assert lrs.post(path, asked, body, kind="application/json").status_code == 400
        assert lrs.get(path, asked).status_code == 404


@requirement("XAPI-00287", "204")
@requirement("XAPI-00288", "the one asked for")
@requirement("XAPI-00290", "GET is taken")
@requirement("XAPI-00293", "PUT is taken")
@requirement("XAPI-00311", "at activities/profile")
def test_an_activity_profile_that_was_put_is_answered(lrs):
    puts_and_gets(lrs, ACTIVITIES, activity_profile())


@requirement("XAPI-00286", "204")
@requirement("XAPI-00292", "POST is taken")
@requirement("XAPI-00310", "nothing held: stored")
@requirement("XAPI-00312", "POST is taken")
def test_an_activity_profile_that_was_posted_is_stored(lrs):
    posts_and_gets(lrs, ACTIVITIES, activity_profile())


@requirement("XAPI-00285", "204, and it is gone")
@requirement("XAPI-00291", "DELETE is taken")
def test_an_activity_profile_that_was_deleted_is_gone(lrs):
    deletes(lrs, ACTIVITIES, activity_profile(), activity_profile())


@requirement("XAPI-00289", "a list of ids")
@requirement("XAPI-00294", "later ones only")
@requirement("XAPI-00295", "400 for no timestamp")
@requirement("XAPI-00303", "since is understood")
def test_activity_profiles_are_listed_by_their_ids(lrs):
    lists(lrs, ACTIVITIES, activity_profile(), activity_profile())


@requirement("XAPI-00296", "GET")
@requirement("XAPI-00297", "DELETE")
@requirement("XAPI-00298", "POST")
@requirement("XAPI-00299", "PUT")
@pytest.mark.parametrize("method", METHODS)
def test_an_activity_profile_without_an_activity_is_refused(lrs, method):
    assert send(lrs, method, ACTIVITIES, activity_profile(activityId=None)).status_code == 400
    assert send(lrs, method, ACTIVITIES, activity_profile(activityId="x")).status_code == 400


@requirement("XAPI-00300", "DELETE")
@requirement("XAPI-00301", "POST")
@requirement("XAPI-00302", "PUT")
@pytest.mark.parametrize("method", ["DELETE", "POST", "PUT"])
def test_an_activity_profile_without_its_id_is_refused(lrs, method):
    assert send(lrs, method, ACTIVITIES, activity_profile(profileId=None)).status_code == 400


@requirement("XAPI-00304", "agent is not a parameter of this resource")
def test_an_activity_profile_has_no_agent(lrs):
    for agent in ("not JSON", '{"mbox": "mailto:li@example.org"}'):
        assert lrs.get(ACTIVITIES, activity_profile() | {"agent": agent}).status_code == 400


@requirement("XAPI-00308", "properties of both")
def test_json_is_merged_into_an_activity_profile(lrs):
    merges(lrs, ACTIVITIES, activity_profile())


@requirement("XAPI-00309", "one is of another type")
@requirement("XAPI-00313", "one is no JSON object")
def test_what_cannot_be_merged_into_an_activity_profile_is_refused(lrs):
    refuses_to_merge(lrs, ACTIVITIES, activity_profile)
