"""Data 2.3, 2.4.1, 2.4.8 to 2.4.10, Communication 2.1.1 and 2.1.2: storing and voiding."""

import json
from datetime import datetime, timedelta

import pytest

from tests.conformance.requirement import requirement
from tests.conformance.samples import LI, REFERENCE, WEI, rich, within
from tests.records.factories import statement
from xueqiao.kernel import clock

VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def about(key, verb="https://school.example/commented", **changes):
    """A statement about another one."""
    made = {"verb": {"id": verb}, "object": {"objectType": "StatementRef", "id": key}}
    return statement(**made | changes)


def voids(key, **changes):
    return about(key, VOIDED, **changes)


def voided(lrs):
    """A statement that was voided, and what voided it."""
    [gone] = lrs.store(statement())
    [why] = lrs.store(voids(gone))
    return gone, why


def status(lrs, **asked):
    return lrs.get("statements", asked).status_code


@requirement("XAPI-00016", "once and twice, in either order")
def test_a_voiding_statement_is_not_voided(lrs):
    gone, why = voided(lrs)
    [again] = lrs.store(voids(why))
    for key in (why, again):
        assert (status(lrs, statementId=key), status(lrs, voidedStatementId=key)) == (200, 404)
    assert status(lrs, statementId=gone) == 404
    early = voids(statement()["id"])
    lrs.store(voids(early["id"]), early)
    assert status(lrs, statementId=early["id"]) == 200


@requirement("XAPI-00017", "about an activity, an agent and nothing")
def test_only_a_reference_can_be_voided(lrs):
    for thing in ({"id": "https://a.example"}, LI | {"objectType": "Agent"},
                  within(rich())["object"], {"id": REFERENCE["id"]}):  # fmt: skip
        found = lrs.refused(statement(verb={"id": VOIDED}, object=thing))
        assert found["pointer"].startswith("/object")


@requirement("XAPI-00018", "by its id, before and after")
def test_a_voided_statement_is_gone(lrs):
    [key] = lrs.store(statement())
    assert (status(lrs, statementId=key), status(lrs, voidedStatementId=key)) == (200, 404)
    lrs.store(voids(key))
    assert (status(lrs, statementId=key), status(lrs, voidedStatementId=key)) == (404, 200)
    late = statement()
    lrs.store(voids(late["id"]))
    lrs.store(late)
    assert status(lrs, statementId=late["id"]) == 404


@requirement("XAPI-00019", "this verb does, a like one does not")
def test_the_verb_makes_a_statement_voiding(lrs):
    [key] = lrs.store(statement())
    lrs.store(about(key, "https://school.example/voided"))
    assert status(lrs, statementId=key) == 200
    lrs.store(voids(key))
    assert status(lrs, statementId=key) == 404


@requirement("XAPI-00020", "a reference in the right form only")
def test_the_object_of_a_voiding_statement_is_a_reference(lrs):
    [key] = lrs.store(statement())
    for kind in ("statementref", "Statement", "Activity"):
        lrs.refused(voids(key, object={"objectType": kind, "id": key}))
    assert status(lrs, statementId=key) == 200
    assert lrs.store(voids(key))


def test_a_source_does_not_void_what_another_stored(lrs):
    [key] = lrs.store(statement())
    other = type(lrs)(lrs.version)
    found = other.refused(voids(key), status=403)
    assert (found["code"], found["pointer"]) == ("records.voids_anothers", "/object/id")
    assert other.refused([statement(), voids(key)], status=403)["pointer"] == "/1/object/id"
    assert status(lrs, statementId=key) == 200
    assert lrs.listed() == [key]


@requirement("XAPI-00023", "a time of the store's own, between before and after")
def test_stored_is_a_time(lrs):
    before = clock.now()
    [key] = lrs.store(statement())
    stored = datetime.fromisoformat(lrs.statement(key)["stored"])
    assert before <= stored <= clock.now()


@requirement("XAPI-00097", "whatever was sent")
def test_stored_is_set_by_the_store(lrs):
    sent = statement(stored="2011-07-15T00:00:00.000Z")
    lrs.store(sent)
    assert lrs.statement(sent["id"])["stored"] > "2026"
    number = statement()["id"]
    assert lrs.put("statements", {"statementId": number}, sent | {"id": number}).status_code == 204
    assert lrs.statement(number)["stored"] > "2026"


@requirement("XAPI-00026", "alone and in a list")
def test_an_id_is_made(lrs):
    keys = lrs.store(statement(id=None), statement(), statement(id=None))
    assert len(set(keys)) == 3
    for key in keys:
        assert lrs.statement(key)["id"] == key


@requirement("XAPI-00099", "an agent, whatever was sent")
def test_the_authority_is_the_source(lrs):
    plain, claimed = lrs.store(statement(), statement(authority=WEI))
    assert lrs.statement(plain)["authority"] == lrs.source.authority
    assert lrs.statement(claimed)["authority"] == lrs.source.authority


@requirement("XAPI-00101", "versions of the other kind, and no versions", versions=("1.0.3",))
def test_a_version_is_one_of_1_0(lrs):
    for wrong in ("should fail", "0.9.9", "1.1.0", "2.0.0", "1", "", 1.0, None):
        assert lrs.refused(statement(version=wrong) | {"version": wrong})["pointer"] == "/version"
    for right in ("1.0", "1.0.0", "1.0.3", "1.0.9"):
        lrs.store(statement(version=right))


@requirement("XAPI-00101", "versions of no kind; those of 1.0 are taken", versions=("2.0.0",))
def test_a_version_is_one_of_2_0_or_before(lrs):
    for wrong in ("should fail", "0.9.9", "1.1.0", "2.1.0", "2", "", 2.0, None):
        assert lrs.refused(statement(version=wrong) | {"version": wrong})["pointer"] == "/version"
    for right in ("1.0", "1.0.9", "2.0.0", "2.0.1"):
        lrs.store(statement(version=right))


@requirement("XAPI-00332", "the one that was sent; without one the first of its kind")
def test_a_version_is_kept(lrs):
    bare, first, third = lrs.store(
        statement(), statement(version="1.0.0"), statement(version="1.0.3")
    )
    assert lrs.statement(first)["version"] == "1.0.0"
    assert lrs.statement(third)["version"] == "1.0.3"
    assert lrs.statement(bare)["version"] == f"{lrs.version[0]}.0.0"


@requirement("XAPI-00330", "the text stays, whoever reads it")
def test_a_statement_is_not_rewritten(lrs):
    sent = rich(version="1.0.0")
    lrs.store(sent)
    kept = lrs.statement(sent["id"])
    other = lrs.other("1.0.3").statement(sent["id"])
    assert lrs.statement(sent["id"]) == kept
    for name in ("actor", "verb", "object", "result", "context", "attachments"):
        assert kept[name] == other[name] == sent[name]
    assert other["version"] == "1.0.0"


@requirement("XAPI-00142", "other content, by PUT and by POST")
def test_a_statement_never_changes(lrs):
    for first in ("PUT", "POST"):
        for second in ("PUT", "POST"):
            sent = statement()
            other = sent | {"verb": {"id": "https://school.example/other"}}
            assert send(lrs, first, sent) in {200, 204}
            kept = lrs.statement(sent["id"])
            assert send(lrs, second, other) == 409
            assert send(lrs, second, sent) in {200, 204}, "the same one again is no conflict"
            assert lrs.statement(sent["id"]) == kept


def send(lrs, method, sent):
    if method == "PUT":
        return lrs.put("statements", {"statementId": sent["id"]}, sent).status_code
    return lrs.post("statements", body=sent).status_code


@requirement("XAPI-00143", "with and without an id in the statement")
def test_put_is_answered_with_204(lrs):
    for own in (True, False):
        sent = statement()
        body = sent if own else {k: v for k, v in sent.items() if k != "id"}
        answer = lrs.put("statements", {"statementId": sent["id"]}, body)
        assert (answer.status_code, answer.content) == (204, b"")
        assert lrs.statement(sent["id"])["id"] == sent["id"]


@requirement("XAPI-00144", "and with one that is that of the statement")
def test_put_needs_the_id_of_the_statement(lrs):
    sent = statement()
    assert lrs.put("statements", {"statementId": sent["id"]}, sent).status_code == 204
    assert lrs.put("statements", {"statementId": statement()["id"]}, sent).status_code == 400
    assert lrs.put("statements", {"statementId": "true"}, sent | {"id": True}).status_code == 400


@requirement("XAPI-00145", "none, an empty one, one in other case")
def test_put_without_an_id_is_refused(lrs):
    sent = statement()
    for asked in ({}, {"statementId": ""}, {"statementid": sent["id"]}):
        assert lrs.put("statements", asked, sent).status_code == 400
    assert lrs.listed() == []


@requirement("XAPI-00146", "in the order that they were sent")
def test_post_answers_with_the_ids(lrs):
    sent = [statement() for _ in range(5)]
    answer = lrs.post("statements", body=sent)
    assert (answer.status_code, answer.json()) == (200, [each["id"] for each in sent])
    one = statement()
    assert lrs.post("statements", body=one).json() == [one["id"]]


@requirement("XAPI-00147", "one statement, a list, an empty list")
def test_post_is_taken(lrs):
    for body in (statement(), [statement(), statement()], []):
        assert lrs.post("statements", body=body).status_code == 200


@pytest.mark.parametrize("wrong", [{"verb": {"id": "should fail"}}, {"timestamp": "x"}])
def test_a_list_is_stored_as_a_whole_or_not_at_all(lrs, wrong):
    sent = [statement(), statement(**wrong), statement()]
    assert lrs.refused(sent)["pointer"].startswith("/1/")
    assert lrs.listed() == []


def test_one_id_twice_in_a_list_is_refused(lrs):
    sent = statement()
    assert lrs.refused([sent, sent])["pointer"] == "/1/id"
    assert lrs.refused([sent, sent | {"result": {"success": True}}])["pointer"] == "/1/id"
    assert lrs.listed() == []


def test_five_minutes_ahead_are_taken_and_two_days_are_not(lrs):
    soon, far = clock.now() + timedelta(minutes=5), clock.now() + timedelta(days=2)
    lrs.store(statement(timestamp=soon.isoformat()))
    found = lrs.refused(statement(timestamp=far.isoformat()))
    assert (found["code"], found["pointer"]) == ("records.time_ahead", "/timestamp")
    assert lrs.refused(statement(timestamp="2099-01-01T00:00:00Z"))["pointer"] == "/timestamp"


@requirement("IEEE-UTC", "answered in UTC", versions=("2.0.0",))
def test_times_are_answered_in_utc(lrs):
    east = statement(timestamp="2026-03-02T09:30:00.5+08:00")
    plain = statement(timestamp="2026-03-02T01:30:00.123456789Z")
    nested = within(rich() | {"timestamp": "2026-03-02 09:30:00+08:00"})
    lrs.store(east, plain, nested)
    assert lrs.statement(east["id"])["timestamp"] == "2026-03-02T01:30:00.500000Z"
    assert lrs.statement(plain["id"])["timestamp"] == plain["timestamp"]
    found = lrs.statement(nested["id"])
    assert found["object"]["timestamp"] == "2026-03-02T01:30:00.000000Z"
    old = lrs.other("1.0.3").statement(east["id"])
    assert old["timestamp"] == east["timestamp"], "a reader of 1.0.3 gets it as it came"


@requirement("IEEE-DOWNGRADE", "outside and inside", versions=("1.0.3",))
def test_readers_of_1_0_get_nothing_of_2_0(lrs):
    roles = {
        "contextAgents": [{"objectType": "contextAgent", "agent": WEI}],
        "contextGroups": [
            {"objectType": "contextGroup", "group": {"objectType": "Group", "member": [LI]}}
        ],
    }
    sent = rich(context={"language": "zh", **roles})
    assert lrs.refused(sent)["pointer"].startswith("/context/context")
    outer, nested = lrs.other("2.0.0").store(sent, within(sent))
    assert lrs.statement(outer)["context"] == {"language": "zh"}
    assert lrs.statement(nested)["object"]["context"] == {"language": "zh"}
    assert lrs.statement(outer)["version"] == "1.0.0"
    assert lrs.other("2.0.0").statement(outer)["context"] == {"language": "zh", **roles}
    page = lrs.get("statements").json()
    assert "context" not in json.dumps(page["statements"]).replace('"context"', "")
