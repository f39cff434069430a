"""Data 2.5 and Communication 2.1.3, 2.1.4: finding statements, page by page."""

from datetime import datetime

import pytest

from tests.conformance.requirement import requirement
from tests.conformance.samples import WEI, rich
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
    for asked in ({}, {"verb": PASSED}, {"limit": "1"}, {"ascending": "true"}):
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
