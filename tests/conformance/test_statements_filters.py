"""Communication 2.1.3: the filters of a list, each alone and together."""

from tests.conformance.requirement import requirement
from tests.conformance.samples import LI, WEI, within
from tests.conformance.test_statements_find import COURSE, PASSED, found
from tests.conformance.test_statements_stored import about, voids
from tests.records.factories import statement

OTHERS = {
    "agent": WEI, "verb": PASSED, "activity": COURSE, "registration": statement()["id"],
    "related_activities": "true", "related_agents": "true", "since": "2012-06-01T19:09:13.245Z",
    "until": "2012-06-01T19:09:13.245Z", "limit": "1", "ascending": "true",
}  # fmt: skip


def alone(lrs, name, key):
    for other, value in OTHERS.items():
        assert lrs.get("statements", {name: key, other: value}).status_code == 400, other
    assert lrs.get("statements", {name: key, "format": "ids"}).status_code == 200
    assert lrs.get("statements", {name: key, "attachments": "true"}).status_code == 200
    both = {"statementId": key, "voidedStatementId": key}
    assert lrs.get("statements", both).status_code == 400


@requirement("XAPI-00151", "each other parameter")
def test_statement_id_stands_alone(lrs):
    [key] = lrs.store(statement())
    alone(lrs, "statementId", key)


@requirement("XAPI-00150", "each other parameter")
def test_voided_statement_id_stands_alone(lrs):
    [key] = lrs.store(statement())
    lrs.store(voids(key))
    alone(lrs, "voidedStatementId", key)


@requirement("XAPI-00164", "all filters at once")
def test_filters_are_joined(lrs):
    registration = statement()["id"]
    full = {"actor": LI, "verb": {"id": PASSED}, "object": {"id": COURSE},
            "context": {"registration": registration}}  # fmt: skip
    asked = {"agent": LI, "verb": PASSED, "activity": COURSE, "registration": registration}
    [wanted] = lrs.store(statement(**full))
    lrs.store(*(statement(**{k: v for k, v in full.items() if k != name}) for name in full))
    since = {"since": "2012-06-01T19:09:13.245Z", "format": "ids", "attachments": "false"}
    for related in ({}, {"related_activities": "true"}, {"related_agents": "true"},
                    {"related_activities": "true", "related_agents": "true"}):  # fmt: skip
        assert lrs.listed(**asked, **since, **related) == [wanted]


def thrice(lrs):
    keys = [key for _ in range(3) for key in lrs.store(statement())]
    return keys, lrs.statement(keys[1])["stored"]


@requirement("XAPI-00174", "the one stored then is in")
def test_until_holds_the_time_itself(lrs):
    keys, middle = thrice(lrs)
    assert lrs.listed(until=middle) == [keys[1], keys[0]]


@requirement("XAPI-00175", "the one stored then is out")
def test_since_leaves_the_time_itself_out(lrs):
    keys, middle = thrice(lrs)
    assert lrs.listed(since=middle) == [keys[2]]
    assert lrs.get("statements", {"since": "yesterday"}).status_code == 400


@requirement("XAPI-00178", "and no other")
def test_registration_filters(lrs):
    one, other = statement()["id"], statement()["id"]
    keys = lrs.store(*(statement(context={"registration": each}) for each in (one, other)))
    assert lrs.listed(registration=one) == keys[:1]
    assert lrs.listed(registration=other.upper()) == keys[1:]


@requirement("XAPI-00179", "as object only")
def test_activity_filters(lrs):
    [wanted, *_others] = lrs.store(
        statement(object={"id": COURSE}), statement(), within(statement(object={"id": COURSE})),
        statement(context={"contextActivities": {"parent": [{"id": COURSE}]}}),
    )  # fmt: skip
    assert lrs.listed(activity=COURSE) == [wanted]


@requirement("XAPI-00180", "exactly")
def test_verb_filters(lrs):
    [wanted, *_others] = lrs.store(
        statement(verb={"id": PASSED}), statement(verb={"id": f"{PASSED}/"}), statement()
    )
    assert lrs.listed(verb=PASSED) == [wanted]


@requirement("XAPI-00181", "as actor, as object, as member, by each identifier")
def test_agent_filters(lrs):
    group = {"objectType": "Group", "member": [WEI, LI]}
    keys = lrs.store(
        statement(actor=WEI), statement(actor=group), statement(object=group),
        statement(object=WEI | {"objectType": "Agent"}),
        statement(actor=WEI | {"objectType": "Group"}),
    )  # fmt: skip
    lrs.store(statement(actor=LI), statement(context={"instructor": WEI}))
    assert found(lrs, agent=WEI) == set(keys)
    assert found(lrs, agent=WEI | {"name": "another name"}) == set(keys)
    for agent in (LI, {"openid": "https://id.example/x"}, {"mbox_sha1sum": "b" * 40}):
        [key] = lrs.store(statement(actor=agent, verb={"id": PASSED}))
        assert lrs.listed(agent=agent, verb=PASSED)[:1] == [key]
    for wrong in ({}, {"mbox": "wei"}, {"objectType": "Group", "member": [WEI]}, [], "x"):
        assert lrs.get("statements", {"agent": wrong}).status_code == 400


def placed(who):
    """Statements that name somebody in each place but actor and object."""
    group = {"objectType": "Group", "member": [who]}
    return [
        statement(context={"instructor": who}),
        statement(context={"instructor": group}),
        statement(context={"team": group}),
        statement(context={"team": who | {"objectType": "Group"}}),
        within(statement(actor=who)),
        within(statement(actor=group)),
        within(statement(object=who | {"objectType": "Agent"})),
        within(statement(context={"instructor": who})),
        within(statement(context={"team": group})),
    ]


@requirement("XAPI-00176", "instructor, team, members, inside, and the authority")
def test_related_agents_are_found_wherever_they_stand(lrs):
    near = lrs.store(statement(actor=WEI), statement(object=WEI | {"objectType": "Agent"}))
    far = lrs.store(*placed(WEI))
    lrs.store(*placed(LI))
    assert found(lrs, agent=WEI) == set(near)
    assert found(lrs, agent=WEI, related_agents="false") == set(near)
    assert found(lrs, agent=WEI, related_agents="true") == {*near, *far}
    assert lrs.listed(agent=WEI, related_agents="true", limit="2") == [*near, *far][::-1]
    assert lrs.listed(agent=WEI, related_agents="true", limit="2", ascending="true") == [
        *near, *far,
    ]  # fmt: skip
    authority = lrs.source.authority
    assert len(lrs.listed(agent=authority, related_agents="true")) == len(lrs.listed()) == 20
    assert lrs.listed(agent=authority) == []


@requirement("IEEE-RELATED-CONTEXT", "agents, groups and members", versions=("2.0.0",))
def test_agents_and_groups_of_the_context_are_related(lrs):
    group = LI | {"objectType": "Group", "member": [WEI]}
    roles = (
        {"contextAgents": [{"objectType": "contextAgent", "agent": WEI}]},
        {"contextGroups": [{"objectType": "contextGroup", "group": group}]},
    )
    keys = lrs.store(*(statement(context=each) for each in roles))
    inner = lrs.store(*(within(statement(context=each)) for each in roles))
    assert found(lrs, agent=WEI, related_agents="true") == {*keys, *inner}
    assert found(lrs, agent=LI, related_agents="true") == {keys[1], inner[1]}
    assert found(lrs, agent=WEI) == set()


@requirement("XAPI-00177", "each kind of context, and inside")
def test_related_activities_are_found_wherever_they_stand(lrs):
    near = lrs.store(statement(object={"id": COURSE}))
    contexts = [
        {"contextActivities": {kind: each}}
        for kind in ("parent", "grouping", "category", "other")
        for each in ({"id": COURSE}, [{"id": "https://a.example"}, {"id": COURSE}])
    ]
    far = lrs.store(
        *(statement(context=each) for each in contexts),
        *(within(statement(context=each)) for each in contexts),
        within(statement(object={"id": COURSE})),
    )
    lrs.store(statement())
    assert found(lrs, activity=COURSE) == set(near)
    assert lrs.listed(activity=COURSE, related_activities="true", limit="3") == [*near, *far][::-1]
    asked = {"related_agents": "true", "related_activities": "true"}
    assert found(lrs, agent=lrs.source.authority, activity=COURSE, **asked) == {*near, *far}


def test_a_reader_of_its_own_sees_only_its_own(lrs):
    other = type(lrs)(lrs.version)
    [mine] = lrs.store(statement(verb={"id": PASSED}))
    [yours] = other.store(statement(verb={"id": PASSED}))
    [about_yours] = lrs.store(about(yours))
    reader = lrs.limited("statements/read/mine")
    assert set(reader.listed()) == {mine, about_yours}
    assert reader.listed(verb=PASSED) == [mine]
    assert found(lrs, verb=PASSED) == {mine, yours, about_yours}
