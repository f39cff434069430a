"""Data 2.5 and Communication 2.1.3, 2.1.4: finding statements, and the forms they come in."""

from datetime import datetime

import pytest

from tests.conformance.requirement import requirement
from tests.conformance.samples import LI, WEI, definition, rich, within
from tests.conformance.test_statements_stored import about, voids
from tests.records.factories import statement

COURSE = "https://school.example/course/2"
PASSED = "http://adlnet.gov/expapi/verbs/passed"
NOBODY = {"mbox": "mailto:nobody@school.example"}


def page(lrs, **asked):
    answer = lrs.get("statements", asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def found(lrs, **asked):
    return set(lrs.listed(**asked))


@requirement("XAPI-00108", "the rest, with the same filters, without repeat or gap")
def test_more_leads_to_the_next_page(lrs):
    sent = lrs.store(*(statement(verb={"id": PASSED}) for _ in range(5)))
    lrs.store(statement())
    first = page(lrs, verb=PASSED, limit="2")
    assert first["more"].startswith("/xapi/")
    assert [each["id"] for each in first["statements"]] == sent[:2:-1]
    assert lrs.listed(verb=PASSED, limit="2") == sent[::-1]
    assert lrs.listed(verb=PASSED, limit="2", ascending="true") == sent


@requirement("XAPI-00109", "empty at the end")
def test_more_is_empty_at_the_end(lrs):
    lrs.store(statement(), statement())
    for limit in ("2", "3", "0"):
        assert page(lrs, limit=limit)["more"] == ""
    assert page(lrs, limit="1")["more"] != ""


@requirement("XAPI-00110", "statements as they are read one by one")
def test_a_list_holds_statements(lrs):
    keys = lrs.store(rich(), statement())
    assert page(lrs)["statements"] == [lrs.statement(key) for key in reversed(keys)]


@requirement("XAPI-00111", "each page holds both, and nothing else")
def test_further_pages_have_the_form_of_the_first(lrs):
    lrs.store(statement(), statement(), statement())
    here = page(lrs, limit="1")
    for _ in range(2):
        assert set(here) == {"statements", "more"}
        here = lrs.http.get(here["more"], headers=lrs.headers).json()
    assert (len(here["statements"]), here["more"]) == (1, "")


@requirement("XAPI-00112", "200 and an empty list")
@requirement("XAPI-00149", "for each filter")
def test_nothing_found_is_an_empty_list(lrs):
    lrs.store(statement())
    early = "2012-06-01T19:09:13.245Z"
    for asked in ({"verb": PASSED}, {"activity": COURSE}, {"agent": NOBODY}, {"until": early},
                  {"registration": statement()["id"]}):  # fmt: skip
        assert page(lrs, **asked) == {"statements": [], "more": ""}


@requirement("XAPI-00113", "one of each")
def test_a_list_is_statements_and_more(lrs):
    lrs.store(statement(), statement())
    for limit in ("1", "5"):
        text = lrs.get("statements", {"limit": limit}).content.decode()
        assert (text.count('"statements":'), text.count('"more":')) == (1, 1)


@requirement("XAPI-00114", "as many pages as it takes")
def test_a_long_list_comes_in_pages(lrs):
    keys, pages = lrs.store(*(statement() for _ in range(7))), 0
    here, seen = page(lrs, limit="3"), []
    while True:
        pages, seen = pages + 1, seen + [each["id"] for each in here["statements"]]
        if not here["more"]:
            break
        here = lrs.http.get(here["more"], headers=lrs.headers).json()
    assert (pages, seen) == (3, keys[::-1])


def test_a_damaged_link_to_the_next_page_is_refused(lrs):
    lrs.store(statement(), statement())
    more = page(lrs, limit="1")["more"]
    bare = {"X-Experience-API-Version": lrs.version}
    assert lrs.http.get(more, headers=bare).status_code == 401, "the link is no key"
    for wrong in ("x", "MQ", "....", "LTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4x", "%00", "A" * 5000):
        link = more.partition("from=")[0] + f"from={wrong}"
        assert lrs.http.get(link, headers=lrs.headers).status_code == 400, wrong


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


@requirement("XAPI-00152", "of a list that was just stored")
@pytest.mark.django_db(transaction=True)
def test_an_answer_is_consistent_through_what_it_holds(transactional_db, lrs):
    lrs.store(statement(), statement())
    answer = lrs.get("statements")
    through = answer.headers["X-Experience-API-Consistent-Through"]
    assert [each["stored"] <= through for each in answer.json()["statements"]] == [True, True]


@requirement("XAPI-00160", "with and without filters, found or refused")
def test_consistent_through_is_a_time(lrs):
    lrs.store(statement())
    for asked in ({}, {"agent": WEI}, {"limit": "1"}, {"format": "ids"}, {"attachments": "true"},
                  {"statementId": statement()["id"]}, {"verb": "no address"}):  # fmt: skip
        answer = lrs.get("statements", asked)
        through = answer.headers["X-Experience-API-Consistent-Through"]
        assert datetime.fromisoformat(through).utcoffset().total_seconds() == 0


@requirement("XAPI-00154", "without any parameter and with each filter")
def test_a_get_without_an_id_is_a_list(lrs):
    lrs.store(rich())
    for asked in ({}, *({name: value} for name, value in OTHERS.items())):
        assert set(page(lrs, **asked)) == {"statements", "more"}


@requirement("XAPI-00155", "and it is that one")
@requirement("XAPI-00157", "in each form")
def test_a_voided_statement_is_found_as_voided(lrs):
    sent = statement()
    lrs.store(sent)
    lrs.store(voids(sent["id"]))
    for form in ("exact", "ids", "canonical"):
        assert page(lrs, voidedStatementId=sent["id"], format=form)["id"] == sent["id"]
    assert page(lrs, voidedStatementId=sent["id"])["verb"] == sent["verb"]
    assert lrs.get("statements", {"voidedStatementId": statement()["id"]}).status_code == 404


@requirement("XAPI-00156", "and it is that one, in any letter case")
@requirement("XAPI-00158", "in each form")
def test_a_statement_is_found_by_its_id(lrs):
    sent = statement()
    lrs.store(sent)
    for key in (sent["id"], sent["id"].upper()):
        for form in ("exact", "ids", "canonical"):
            assert page(lrs, statementId=key, format=form)["id"] == sent["id"]
    assert lrs.get("statements", {"statementId": statement()["id"]}).status_code == 404


@requirement("XAPI-00159", "GET and HEAD, and the time it was stored")
def test_get_is_taken(lrs):
    [key] = lrs.store(statement())
    get, head = (lrs.send(method, "statements", {"statementId": key}) for method in ("GET", "HEAD"))
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    kept = ("Content-Type", "Content-Length", "Last-Modified", "X-Experience-API-Version")
    assert [get.headers.get(name) for name in kept[:1] + kept[2:]] == [
        head.headers.get(name) for name in kept[:1] + kept[2:]
    ]
    stored = datetime.fromisoformat(get.json()["stored"])
    assert get.headers["Last-Modified"] == f"{stored:%a, %d %b %Y %H:%M:%S} GMT"


@requirement("XAPI-00162", "and statements about those, by filters, times and limit")
def test_statements_about_a_voided_one_are_found(lrs):
    verb = "https://school.example/tried"
    gone = statement(verb={"id": verb}, object={"id": COURSE})
    lrs.store(gone)
    [why] = lrs.store(voids(gone["id"]))
    [also] = lrs.store(about(gone["id"], verb))
    [chain] = lrs.store(about(also))
    lrs.store(about(statement()["id"]))
    assert lrs.listed(verb=verb) == [chain, also, why]
    assert lrs.listed(activity=COURSE) == [chain, also, why]
    assert lrs.listed(activity=COURSE, verb=verb, limit="1", ascending="true") == [why, also, chain]
    assert lrs.listed(verb=verb, limit="1") == [chain, also, why]
    stored = lrs.statement(why)["stored"]
    assert lrs.listed(verb=verb, since=stored) == [chain, also]
    assert lrs.listed(verb=verb, until=stored) == [why]
    assert lrs.listed(agent=NOBODY, verb=verb) == []


def test_a_chain_holds_in_whatever_order_it_comes(lrs):
    end = statement(object={"id": COURSE})
    middle = about(end["id"])
    first, ring = about(middle["id"]), about(middle["id"])
    for each in (first, ring, middle, end):
        lrs.store(each)
    assert found(lrs, activity=COURSE) == {each["id"] for each in (first, ring, middle, end)}
    one, other = statement(), statement()
    lrs.store(about(one["id"], id=other["id"]), about(other["id"], id=one["id"]))
    assert found(lrs, activity=COURSE) == {each["id"] for each in (first, ring, middle, end)}


@requirement("XAPI-00163", "by no filter and by no id")
def test_a_voided_statement_is_in_no_list(lrs):
    sent = statement(verb={"id": PASSED})
    lrs.store(sent)
    [why] = lrs.store(voids(sent["id"]))
    for asked in ({}, {"verb": PASSED}, {"ascending": "true"}, {"limit": "1"}):
        assert lrs.listed(**asked) == [why]
    assert lrs.get("statements", {"statementId": sent["id"]}).status_code == 404


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


@requirement("XAPI-00165", "of a list, a statement, a refusal and a message")
def test_an_answer_has_a_content_type(lrs):
    [key] = lrs.store(statement())
    json = "application/json"
    assert lrs.get("statements").headers["Content-Type"] == json
    assert lrs.get("statements", {"statementId": key}).headers["Content-Type"] == json
    wrong = lrs.get("statements", {"limit": "x"})
    assert wrong.headers["Content-Type"] == "application/problem+json"
    files = lrs.get("statements", {"attachments": "true"})
    assert files.headers["Content-Type"].startswith("multipart/mixed; boundary=")


@requirement("XAPI-00166", "true, false and neither")
def test_ascending_is_oldest_first(lrs):
    keys = [key for _ in range(3) for key in lrs.store(statement())]
    assert lrs.listed(ascending="true") == keys
    assert lrs.listed(ascending="false") == lrs.listed() == keys[::-1]
    assert lrs.get("statements", {"ascending": "yes"}).status_code == 400


@requirement("XAPI-00173", "of each page; all for 0 and none")
def test_limit_cuts_a_list(lrs):
    keys = lrs.store(*(statement() for _ in range(4)))
    for limit in (1, 2, 3):
        assert len(page(lrs, limit=str(limit))["statements"]) == limit
    for asked in ({}, {"limit": "0"}, {"limit": "9"}):
        assert len(page(lrs, **asked)["statements"]) == len(keys)
    for wrong in ("-1", "1.5", "one", ""):
        assert lrs.get("statements", {"limit": wrong}).status_code == 400


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


def described():
    """A statement with words for everything, in two languages."""
    words = {"en-GB": "colour", "en-US": "color"}
    thing = {"objectType": "Activity", "id": f"https://a.example/{statement()['id']}",
             "definition": definition("choice", name=words, description=words,
                                      choices=[{"id": "a", "description": words}])}  # fmt: skip
    made = rich(
        actor=WEI | {"objectType": "Agent", "name": "Wei"},
        verb={"id": PASSED, "display": words},
        object=thing,
        context={
            "contextActivities": {"category": [thing]},
            "instructor": {"objectType": "Group", "name": "G", "member": [WEI | {"name": "W"}]},
            "team": LI | {"objectType": "Group", "name": "T", "member": [WEI]},
        },
    )
    return made, thing


@requirement("XAPI-00168", "exact is the form of none")
@requirement("XAPI-00170", "in words and order of what was sent")
def test_exact_is_what_was_received(lrs):
    sent, _thing = described()
    outer, nested = lrs.store(sent, within(sent))
    for asked in ({}, {"format": "exact"}):
        got = lrs.statement(outer, **asked)
        for name in ("actor", "verb", "object", "result", "context", "attachments"):
            assert got[name] == sent[name]
        inner = lrs.statement(nested, **asked)["object"]
        assert inner == within(sent)["object"] | {"timestamp": inner["timestamp"]}
    assert lrs.get("statements", {"format": "short"}).status_code == 400


@requirement("XAPI-00171", "agents, groups, members, verbs and activities, outside and inside")
def test_ids_are_identifiers_only(lrs):
    sent, thing = described()
    outer, nested = lrs.store(sent, within(sent))
    expected = {
        "actor": WEI | {"objectType": "Agent"},
        "verb": {"id": PASSED},
        "object": {"id": thing["id"]},
        "context": {
            "contextActivities": {"category": [{"id": thing["id"]}]},
            "instructor": {"objectType": "Group", "member": [WEI]},
            "team": LI | {"objectType": "Group"},
        },
    }
    got = lrs.statement(outer, format="ids")
    assert {name: got[name] for name in expected} == expected
    inner = lrs.statement(nested, format="ids")["object"]
    assert {name: inner[name] for name in expected} == expected
    [first, _second] = page(lrs, format="ids")["statements"]
    assert "name" not in first["authority"]


@requirement("XAPI-00169", "what others said of the activity, in one language")
def test_canonical_is_what_the_store_knows(lrs):
    sent, thing = described()
    bare = statement(object={"id": thing["id"]})
    lrs.store(sent)
    lrs.store(bare)
    new = {"name": {"zh-Hans": "颜色"}, "moreInfo": "https://a.example/more"}
    lrs.store(statement(object={"id": thing["id"], "definition": new}))
    wanted = {"Accept-Language": "zh-CN, zh-Hans, en-GB;q=0.5"}
    for key in (sent["id"], bare["id"]):
        asked = {"statementId": key, "format": "canonical"}
        told = lrs.get("statements", asked, headers=wanted).json()
        assert told["object"]["definition"] == thing["definition"] | new | {
            "name": {"zh-Hans": "颜色"},
            "description": {"en-GB": "colour"},
            "choices": [{"id": "a", "description": {"en-GB": "colour"}}],
        }
    assert told["actor"] == bare["actor"]
    assert lrs.statement(bare["id"])["object"] == {"id": thing["id"]}


@requirement("XAPI-00172", "by weight, by range, and something where nothing fits")
def test_the_reader_chooses_the_language(lrs):
    sent, _thing = described()
    lrs.store(sent)

    def told(wanted, form="canonical"):
        header = {"Accept-Language": wanted} if wanted else {}
        asked = {"statementId": sent["id"], "format": form}
        got = lrs.get("statements", asked, headers=header).json()
        category = got["context"]["contextActivities"]["category"][0]
        assert category["definition"]["name"] == got["verb"]["display"]
        return set(got["verb"]["display"])

    assert told("en-GB") == {"en-GB"}
    assert told("en-US, en-GB;q=0.9") == {"en-US"}
    assert told("en-US;q=0.1, en-GB;q=0.9") == {"en-GB"}
    assert told("fr, en;q=0.5, *;q=0.1") in ({"en-GB"}, {"en-US"})
    for odd in ("fr", None, "*", ";;q=x,,", "en-US;q=0"):
        assert len(told(odd)) == 1
    assert told("en-GB", form="exact") == {"en-GB", "en-US"}


def test_a_key_without_the_scope_to_define_leaves_definitions_as_they_are(lrs):
    sent, thing = described()
    lrs.limited("statements/write").store(sent)
    [key] = lrs.store(statement(object={"id": thing["id"]}))
    assert "definition" not in lrs.statement(key, format="canonical")["object"]
    lrs.store(statement(object=thing))
    assert lrs.statement(key, format="canonical")["object"]["definition"]


def test_a_reader_of_its_own_sees_only_its_own(lrs):
    other = type(lrs)(lrs.version)
    [mine] = lrs.store(statement(verb={"id": PASSED}))
    [yours] = other.store(statement(verb={"id": PASSED}))
    [about_yours] = lrs.store(about(yours))
    reader = lrs.limited("statements/read/mine")
    assert set(reader.listed()) == {mine, about_yours}
    assert reader.listed(verb=PASSED) == [mine]
    assert found(lrs, verb=PASSED) == {mine, yours, about_yours}
