"""Registrations, launches, tokens and the end of sessions, through the verbs."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest

from tests.cmi5 import learning, packages
from tests.cmi5.learning import SESSION, Unit, given, launch, opened, register, said, token
from tests.cmi5.packages import COURSE, block, unit
from xueqiao.cmi5 import arrival, registrations, rules, sessions
from xueqiao.cmi5 import packages as bringing
from xueqiao.cmi5.models import Reason, Registration, Session, Standing
from xueqiao.kernel import clock
from xueqiao.people import identity
from xueqiao.records import documents
from xueqiao.records.checking import Incoming
from xueqiao.records.documents import DocumentKind, Place
from xueqiao.records.xapi import agents

pytestmark = pytest.mark.django_db

E = "https://w3id.org/xapi/cmi5/context/extensions/"


def say(launched, *statements, at=None):
    items = [Incoming(json.dumps(each), each) for each in statements]
    return arrival.accept(
        session=launched.session, items=items, at=at or clock.now(), batch_key=str(uuid.uuid4())
    )


@pytest.fixture
def mine(person):
    return register(learning.course(), person("wei"))


def test_a_registration_is_found_again(person):
    version, wei = learning.course(), person("wei")
    first = register(version, wei)
    assert register(version, wei) == first
    assert register(version, person("li")) != first
    assert Registration.objects.count() == 2


def test_a_registration_stays_with_its_version(person):
    wei, li = person("wei"), person("li")
    first = register(learning.course(), wei)
    newer = learning.course(unit("two"))
    assert register(newer, wei) == first
    assert register(newer, li).version == newer


def test_the_learner_is_an_account_that_is_linked_and_says_nothing(mine):
    account = json.loads(given(launch(mine))["actor"])["account"]
    assert account["name"] == str(mine.person.key)
    assert identity.person_of(account["homePage"], account["name"]) == mine.person_id


def test_what_is_optional_is_satisfied_at_registration(person):
    version = learning.course(block("a", unit("one")), block("b", unit("two", moveOn="Passed")))
    mine = register(version, person("wei"))
    assert said(mine) == ["satisfied"]
    found = learning.texts(mine, "satisfied")[0]
    assert found["object"]["definition"]["type"].endswith("/block")
    assert mine.satisfied_at is None


def test_a_course_of_optional_units_is_satisfied_at_once(person):
    mine = register(learning.course(block("a", unit("one"))), person("wei"))
    assert said(mine) == ["satisfied", "satisfied"]
    kinds = [each["object"]["definition"]["type"] for each in learning.texts(mine, "satisfied")]
    assert [kind.rpartition("/")[2] for kind in kinds] == ["block", "course"]
    assert [key for key, _payload in learning.told()] == [f"registration:{mine.key}"]


def test_a_closed_course_takes_nobody_new(person):
    version = learning.course()
    first = register(version, person("wei"))
    bringing.close(course_id=version.course_id, at=clock.now())
    assert register(version, person("wei")) == first
    with pytest.raises(registrations.NotOffered):
        register(version, person("li"))


def test_a_course_is_taken_anew_when_it_was_finished(person):
    wei = person("wei")
    version = learning.course(unit("one", moveOn="Completed"))
    mine = register(version, wei)
    again = {"course_id": version.course_id, "person_id": wei.pk, "at": clock.now(), "anew": True}
    with pytest.raises(registrations.NotFinished):
        registrations.register(**again)
    speaks = Unit(launched := launch(mine))
    say(launched, speaks.initialized(), speaks.completed(), speaks.terminated())
    second = registrations.register(**again)
    assert (second.number, second.satisfied_at) == (2, None)
    assert second.key != mine.key


def test_a_launch_is_said_before_the_address_is_given(mine):
    launched = launch(mine)
    assert said(mine) == ["launched"]
    found = learning.texts(mine, "launched")[0]
    plain = launched.address.partition("?")[0]
    assert found["context"]["extensions"] == {
        SESSION: str(launched.session.key),
        f"{E}launchmode": "Normal",
        f"{E}launchurl": plain,
        f"{E}moveon": "CompletedAndPassed",
        f"{E}masteryscore": 0.9,
    }
    assert found["context"]["registration"] == str(mine.key)
    assert found["context"]["contextActivities"] == {
        "grouping": [{"objectType": "Activity", "id": f"{COURSE}/units/one"}],
        "category": [
            {"objectType": "Activity", "id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}
        ],
    }
    assert found["object"]["id"] == given(launched)["activityId"]
    assert found["timestamp"].endswith("Z")
    assert "result" not in found


def test_the_address_has_the_five_parameters_beside_the_units_own(person):
    version = learning.course(unit("one", url="index.html?a=1&amp;b=%20x#top", moveOn="Completed"))
    launched = launch(register(version, person("wei")))
    found = given(launched)
    assert set(found) == {"a", "b", "endpoint", "fetch", "actor", "registration", "activityId"}
    assert (found["a"], found["b"]) == ("1", " x")
    assert launched.address.endswith("#top")
    assert found["endpoint"] == "http://testserver/xapi/"
    assert found["activityId"] != f"{COURSE}/units/one"
    assert json.loads(found["actor"])["objectType"] == "Agent"


def test_a_unit_elsewhere_is_launched_there(person):
    version = learning.course(unit("one", url="https://elsewhere.example/go?x=1"))
    launched = launch(register(version, person("wei")))
    assert launched.address.startswith("https://elsewhere.example/go?x=1&endpoint=")


def test_the_activity_is_the_same_in_every_launch_and_for_everybody(person):
    version = learning.course()
    one, two = register(version, person("wei")), register(version, person("li"))
    ids = {given(launch(each))["activityId"] for each in (one, one, two)}
    assert len(ids) == 1


def document(mine, kind, key, **of):
    actor = json.loads(given(launch(mine))["actor"])
    place = Place(kind, agent=agents.identifier(actor), key=key, **of)
    return json.loads(bytes(documents.read(place).content))


def test_the_launch_data_hold_what_the_structure_says(person):
    inner = "<launchParameters> start=1 </launchParameters><entitlementKey>xyz</entitlementKey>"
    version = learning.course(
        unit("one", inner=inner, moveOn="Passed", masteryScore="0.25", launchMethod="OwnWindow")
    )
    mine = register(version, person("wei"))
    where = {"activity": learning.part(mine).activity_id, "registration": mine.key}
    found = document(mine, DocumentKind.STATE, "LMS.LaunchData", **where)
    session = Session.objects.latest("pk")
    assert found == {
        "contextTemplate": {
            "contextActivities": {
                "grouping": [{"objectType": "Activity", "id": f"{COURSE}/units/one"}]
            },
            "extensions": {SESSION: str(session.key)},
        },
        "launchMode": "Normal",
        "launchMethod": "OwnWindow",
        "moveOn": "Passed",
        "returnURL": "http://testserver/online/1/",
        "masteryScore": 0.25,
        "launchParameters": "start=1",
        "entitlementKey": {"courseStructure": "xyz"},
    }


def test_preferences_are_written_once_and_left_to_the_learner(mine):
    found = document(mine, DocumentKind.AGENT_PROFILE, "cmi5LearnerPreferences")
    assert found == {"languagePreference": "zh-CN,en", "audioPreference": "on"}


def test_a_token_is_handed_out_once(mine):
    launched = launch(mine)
    first, second = token(launched), token(launched)
    assert (first.code, bool(first.token)) == ("", True)
    assert (second.code, second.token) == ("1", "")
    assert opened(first).key == launched.session.key


def test_a_token_of_nobody_and_one_of_a_session_that_ran_out(mine):
    assert sessions.fetch(token="nothing", at=clock.now()).code == "2"
    launched = launch(mine)
    assert token(launched, at=clock.now() + sessions.LONGEST).code == "1"


SECRETS = ["", "cmi5-", "cmi5-x", "cmi5-77c2b900-56b2-4a6e-b5bf-13af862e120c", "x\x00y"]


@pytest.mark.parametrize("key", SECRETS)
def test_what_is_no_credential_of_a_session(mine, key):
    token(launch(mine))
    assert sessions.authenticate(key=key, secret="", at=clock.now()) is None


def test_before_it_is_fetched_no_secret_opens_a_session(mine):
    key = launch(mine).session.key
    assert sessions.authenticate(key=f"cmi5-{key}", secret="", at=clock.now()) is None


def test_another_launch_abandons_the_session_before(person):
    version = learning.course(unit("one", moveOn="Passed"), unit("two", moveOn="Passed"))
    mine = register(version, person("wei"))
    first = launch(mine, "one")
    held = token(first)
    second = launch(mine, "two")
    assert said(mine) == ["launched", "abandoned", "launched"]
    assert opened(held) is None
    found = learning.texts(mine, "abandoned")[0]
    assert found["context"]["extensions"] == {SESSION: str(first.session.key)}
    assert found["object"]["id"] == given(first)["activityId"]
    assert "duration" in found["result"]
    assert token(second).code == ""
    with pytest.raises(arrival.SessionOver):
        say(first, Unit(first).initialized())


def test_a_session_that_ended_is_not_abandoned(mine):
    launched = launch(mine)
    speaks = Unit(launched)
    say(launched, speaks.initialized(), speaks.terminated())
    launch(mine)
    assert "abandoned" not in said(mine)
    assert not sessions.abandon(session_id=launched.session.pk, at=clock.now())


def test_the_duration_of_an_abandoned_session_ends_with_its_last_statement(mine):
    start = clock.now()
    launched = launch(mine, at=start)
    say(launched, Unit(launched).initialized(), at=start + timedelta(seconds=90))
    assert sessions.abandon(session_id=launched.session.pk, at=start + timedelta(hours=1))
    assert learning.texts(mine, "abandoned")[0]["result"] == {"duration": "PT90S"}


def test_sessions_that_ran_out_or_fell_silent_are_abandoned(person):
    version = learning.course()
    start = clock.now()
    silent, fresh = register(version, person("wei")), register(version, person("li"))
    launched = launch(silent, at=start)
    say(launched, Unit(launched).initialized(), at=start)
    launch(fresh, at=start)
    assert sessions.abandon_due(at=start + sessions.IDLE - timedelta(seconds=1)) == 0
    assert sessions.abandon_due(at=start + sessions.IDLE) == 1
    assert sessions.abandon_due(at=start + sessions.LONGEST) == 1
    assert sessions.abandon_due(at=start + sessions.LONGEST) == 0
    assert (said(silent)[-1], said(fresh)) == ("abandoned", ["launched", "abandoned"])


def test_a_unit_of_another_course_is_not_launched(person):
    wei = person("wei")
    mine = register(learning.course(), wei)
    other = bringing.import_package(
        file=packages.package(course=f"{COURSE}/other"), name="x", at=clock.now(), by_id=None
    )
    foreign = other.parts.get(is_block=False)
    with pytest.raises(sessions.NoSuchUnit):
        sessions.launch(
            registration_id=mine.pk,
            part_id=foreign.pk,
            mode=rules.Mode.NORMAL,
            site="http://testserver",
            return_url="",
            languages="en",
            at=clock.now(),
        )


def waive(mine, name="one", by=None):
    return registrations.waive(
        registration_id=mine.pk,
        part_id=learning.part(mine, name).pk,
        reason=Reason.TESTED_OUT,
        note="test of 1 September",
        by_id=(by or mine.person).pk,
        at=clock.now(),
    )


def test_a_waived_unit_is_satisfied_in_a_session_of_its_own(mine):
    launched = launch(mine)
    waive(mine)
    waive(mine)
    assert said(mine) == ["launched", "waived", "satisfied", "satisfied"]
    found = learning.texts(mine, "waived")[0]
    key = found["context"]["extensions"][SESSION]
    assert key != str(launched.session.key)
    assert found["result"] == {
        "success": True,
        "completion": True,
        "extensions": {"https://w3id.org/xapi/cmi5/result/extensions/reason": "Tested Out"},
    }
    categories = [each["id"] for each in found["context"]["contextActivities"]["category"]]
    assert [each.rpartition("/")[2] for each in categories] == ["cmi5", "moveon"]
    for each in learning.texts(mine, "satisfied"):
        assert each["context"]["extensions"][SESSION] == key
    mine.refresh_from_db()
    assert mine.satisfied_at is not None


@pytest.mark.parametrize("name", ["a", "two"])
def test_blocks_and_finished_units_are_not_waived(person, name):
    version = learning.course(
        block("a", unit("one", moveOn="Completed")), unit("two", moveOn="Completed")
    )
    mine = register(version, person("wei"))
    speaks = Unit(launched := launch(mine, "two"))
    say(launched, speaks.initialized(), speaks.completed())
    with pytest.raises(registrations.NothingToWaive):
        waive(mine, name)


def test_blocks_are_satisfied_from_the_inside_and_once(person):
    version = learning.course(
        block("outer", unit("one", moveOn="Passed"), block("inner", unit("two", moveOn="Passed")))
    )
    mine = register(version, person("wei"))
    for name in ("two", "one"):
        speaks = Unit(launched := launch(mine, name))
        say(launched, speaks.initialized(), speaks.passed(mastery=None), speaks.terminated())
    found = [
        each["object"]["definition"]["name"]["en"] for each in learning.texts(mine, "satisfied")
    ]
    assert found == ["Block inner", "Block outer", "Geology"]
    sessions_named = [
        each["context"]["extensions"][SESSION] for each in learning.texts(mine, "satisfied")
    ]
    last = Session.objects.latest("pk")
    assert sessions_named[1:] == [str(last.key)] * 2
    grouping = [
        each["context"]["contextActivities"]["grouping"][0]["id"]
        for each in learning.texts(mine, "satisfied")
    ]
    assert grouping == [f"{COURSE}/blocks/inner", f"{COURSE}/blocks/outer", COURSE]


def test_the_course_reaches_the_log_once(mine):
    waive(mine)
    assert learning.told() == [
        (
            f"registration:{mine.key}",
            {
                "registration": str(mine.key),
                "person_id": mine.person_id,
                "course_id": mine.course_id,
                "publisher_id": COURSE,
                "version": 1,
            },
        )
    ]


def test_what_the_learner_did_is_kept(mine):
    speaks = Unit(launched := launch(mine))
    begun = speaks.initialized()
    half = speaks.own(result={"extensions": {learning.PROGRESS: 40}})
    say(launched, begun, half, speaks.failed(0.4567))
    found = Standing.objects.get(part__is_block=False)
    assert (found.progress_percent, found.score, found.passed_at) == (40, 4567, None)
    assert found.failed_at is not None
    again = Unit(launched := launch(mine))
    say(launched, again.initialized(), again.passed(), again.completed())
    found.refresh_from_db()
    assert (found.progress_percent, found.score) == (100, 9500)
    assert None not in (found.passed_at, found.completed_at, found.satisfied_at)
