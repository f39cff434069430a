"""Communication 2.4, 2.5 and 2.8: agents, activities, and what the store says of itself."""

import pytest

from tests.conformance.client import ACTIVITY, AGENT
from tests.conformance.requirement import requirement
from tests.hall.factories import person as make_person
from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records.models import Actor
from xueqiao.records.personas import membership

MBOX = {"mbox": "mailto:wei@school.example", "name": "Wei"}
SHA1 = {"mbox_sha1sum": "a" * 40}
OPENID = {"openid": "https://id.school.example/wei"}


def person(lrs, agent):
    answer = lrs.get("agents", {"agent": agent})
    assert answer.status_code == 200, answer.content
    return answer.json()


@requirement("XAPI-00236", "200 with a person")
@requirement("XAPI-00245", "at agents")
@requirement("XAPI-00237", "objectType Person")
@requirement("XAPI-00247", "what was asked, as lists")
@requirement("XAPI-00238", "name")
@requirement("XAPI-00239", "mbox")
@requirement("XAPI-00240", "mbox_sha1sum")
@requirement("XAPI-00241", "openid")
@requirement("XAPI-00242", "account")
@requirement("XAPI-00244", "mailto addresses")
@pytest.mark.parametrize("agent", [MBOX, SHA1, OPENID, {"account": AGENT["account"]}])
def test_an_agent_nobody_knows_is_answered_as_it_was_asked(lrs, agent):
    expected = {name: [value] for name, value in agent.items()}
    assert person(lrs, agent) == {"objectType": "Person"} | expected


@requirement("XAPI-00246", "several identifiers")
@requirement("XAPI-00248", "those of the agent asked for")
def test_a_person_has_the_identifiers_that_were_linked_and_no_others(lrs):
    for agent in (MBOX, SHA1, OPENID, AGENT):
        lrs.store(f.statement(actor=agent | {"name": "Wei Li"}))
    link("mbox|mailto:wei@school.example", "account|https://school.example|wei")
    assert person(lrs, {"mbox": MBOX["mbox"]}) == {
        "objectType": "Person",
        "name": ["Wei Li"],
        "mbox": [MBOX["mbox"]],
        "account": [AGENT["account"]],
    }
    assert "mbox" not in person(lrs, SHA1), "the same name is no proof"


def link(*identifiers):
    """One person behind several actors, as ``actors.resolve`` writes it."""
    found = make_person()
    assert Actor.objects.filter(ifi__in=identifiers).update(
        person=found, updated_at=clock.now()
    ) == len(identifiers)
    return found


@requirement("XAPI-00246", "those of one persona")
def test_a_persona_is_one_person_without_an_account_here(lrs):
    for agent in (MBOX, SHA1, AGENT):
        lrs.store(f.statement(actor=agent))
    membership.join(
        identifiers=["mbox|mailto:wei@school.example", f"sha1|{'a' * 40}"],
        why="form 12",
        by=make_person(),
        at=clock.now(),
    )
    found = person(lrs, SHA1)
    assert (found["mbox"], found["mbox_sha1sum"]) == ([MBOX["mbox"]], [SHA1["mbox_sha1sum"]])
    assert "account" not in found


def test_identifiers_of_other_sources_are_for_readers_of_all(lrs):
    for agent in (MBOX, AGENT):
        lrs.store(f.statement(actor=agent))
    link("mbox|mailto:wei@school.example", "account|https://school.example|wei")
    mine = lrs.limited("statements/read/mine")
    assert "account" not in person(mine, MBOX)
    assert "account" in person(lrs.limited("statements/read"), MBOX)
    assert lrs.limited("statements/write").get("agents", {"agent": MBOX}).status_code == 403


@requirement("XAPI-00243", "400")
def test_agents_needs_an_agent(lrs):
    assert lrs.get("agents").status_code == 400


@requirement("XAPI-00249", "no JSON, no identifier, two of them, a wrong one")
@pytest.mark.parametrize(
    "agent", ["x", "{}", "7", '{"mbox": "wei"}', '{"mbox": "mailto:a@b.c", "openid": "http://a/"}']
)
def test_an_agent_that_is_none_is_refused(lrs, agent):
    assert lrs.get("agents", {"agent": agent}).status_code == 400


@requirement("XAPI-00250", "missing, and no address")
def test_activities_needs_an_address(lrs):
    assert lrs.get("activities").status_code == 400
    assert lrs.get("activities", {"activityId": "x"}).status_code == 400


@requirement("XAPI-00252", "at activities")
@requirement("XAPI-00253", "GET is taken")
def test_an_activity_nobody_described_is_answered_by_its_address(lrs):
    answer = lrs.get("activities", {"activityId": ACTIVITY})
    assert answer.status_code == 200
    assert answer.json() == {"objectType": "Activity", "id": ACTIVITY}


@requirement("XAPI-00251", "the whole activity")
@requirement("XAPI-00254", "both languages, from two statements")
def test_an_activity_has_what_any_statement_said_of_it(lrs):
    for tag, name in (("en", "Tea"), ("zh-Hans", "茶")):
        definition = {"name": {tag: name}, "type": "http://adlnet.gov/expapi/activities/course"}
        lrs.store(f.statement(object={"id": ACTIVITY, "definition": definition}))
    assert lrs.get("activities", {"activityId": ACTIVITY}).json() == {
        "objectType": "Activity",
        "id": ACTIVITY,
        "definition": {
            "name": {"en": "Tea", "zh-Hans": "茶"},
            "type": "http://adlnet.gov/expapi/activities/course",
        },
    }


@requirement("XAPI-00315", "about answers")
@requirement("XAPI-00318", "a list of texts")
@requirement("XAPI-00319", "200 with a version")
def test_about_names_versions_to_anybody(lrs):
    nobody = {"Authorization": None, "X-Experience-API-Version": None}
    answer = lrs.get("about", headers=nobody)
    assert answer.status_code == 200
    assert answer.json()["version"]
    assert all(isinstance(each, str) for each in answer.json()["version"])


@requirement("XAPI-00316", "only versions that the client's version knows")
@requirement("XAPI-00317", "the version spoken is among them")
def test_about_names_the_version_spoken(lrs):
    known = {"1.0.0", "1.0.1", "1.0.2", "1.0.3"} | ({"2.0.0"} if lrs.version == "2.0.0" else set())
    assert set(lrs.get("about").json()["version"]) == known


@requirement("XAPI-00320", "an object whose keys are addresses")
def test_about_has_extensions(lrs):
    extensions = lrs.get("about").json()["extensions"]
    assert all(name.startswith("http") for name in extensions)
    assert extensions["http://127.0.0.1:8000/xapi/ns/endpoints"]["2.0.0"].endswith("/xapi/2.0/")
