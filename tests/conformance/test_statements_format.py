"""Data 2.2 to 2.4.3 and 4: what a statement looks like, who did it, and with which verb."""

import itertools
import json

import pytest

from tests.conformance.requirement import requirement
from tests.conformance.samples import LI, OUT, REFERENCE, WEI, bad, good, rich, within
from tests.records.factories import statement


def test_a_statement_with_everything_is_taken(lrs):
    lrs.store(rich())
    lrs.store(within(rich()))


@requirement("XAPI-00001", "null anywhere but inside extensions")
def test_null_is_no_value(lrs):
    for pointer in ("/actor", "/verb/display", "/object/definition", "/result/score/raw"):
        bad(lrs, pointer, None)
    bad(lrs, "/actor/member/0/name", None)
    bad(lrs, "/verb/display/zh", None)
    bad(lrs, "/context/registration", None)
    bad(lrs, "/object/definition/moreInfo", None)
    bad(lrs, "/id", None, inside=False)
    bad(lrs, "/timestamp", None)


@requirement("XAPI-00001", "an empty object anywhere but inside extensions")
@pytest.mark.parametrize(
    "pointer",
    [
        "/actor", "/verb", "/verb/display", "/object", "/object/definition", "/result",
        "/object/definition/name", "/object/definition/description", "/result/score", "/context",
        "/context/contextActivities",
    ],
)  # fmt: skip
def test_an_empty_object_is_no_value(lrs, pointer):
    bad(lrs, pointer, {})


@requirement("XAPI-00001", "of an attachment")
@pytest.mark.parametrize("name", ["display", "description"])
def test_an_empty_language_map_of_an_attachment_is_no_value(lrs, name):
    bad(lrs, f"/attachments/0/{name}", {})


@requirement("XAPI-00002", "numbers come back as they were sent")
def test_numbers_keep_their_precision(lrs):
    score = {"min": 0.12123434, "raw": 12.125, "max": 45.45, "scaled": 0.12123434}
    [key] = lrs.store(statement(result={"score": score}))
    assert lrs.statement(key)["result"]["score"] == score


@requirement("XAPI-00003", "no actor")
def test_an_actor_is_needed(lrs):
    bad(lrs, "/actor", OUT, at="")


@requirement("XAPI-00004", "no verb")
def test_a_verb_is_needed(lrs):
    bad(lrs, "/verb", OUT, at="")


@requirement("XAPI-00005", "no object")
def test_an_object_is_needed(lrs):
    bad(lrs, "/object", OUT, at="")


@requirement("XAPI-00006", "text for numbers and booleans, numbers for text, lists for objects")
def test_types_are_those_of_the_standard(lrs):
    bad(lrs, "/result/score/max", "100", "one hundred", True)
    bad(lrs, "/result/completion", "false", 0)
    bad(lrs, "/result", [], "done")
    bad(lrs, "/context/platform", 7)
    bad(lrs, "/attachments", {}, "file")


@requirement("XAPI-00007", "empty and misspelt identifiers, mailboxes, addresses")
def test_formats_are_those_of_the_standard(lrs):
    bad(lrs, "/id", "", "AA97B177-9383-4934-8543-0F91A7A028368", 12345, {}, inside=False)
    bad(lrs, "/verb/id", "", "answered", 7)
    bad(lrs, "/actor/member/0/mbox", "", "wei@school.example", "mailto:wei")
    bad(lrs, "/context/registration", "", "1234")


@requirement("XAPI-00008", "names of properties in other letter case")
def test_property_names_have_their_case(lrs):
    bad(lrs, "/Result", {}, at="/Result")
    bad(lrs, "/verb/ID", "https://a.example/v", at="/verb/ID")
    bad(lrs, "/context/Platform", "x", at="/context/Platform")
    bad(lrs, "/object/definition/moreinfo", "https://a.example", at="/object/definition/moreinfo")


@requirement("XAPI-00009", "objectType and interactionType in other letter case")
def test_enumerated_values_have_their_case(lrs):
    bad(lrs, "/actor/objectType", "group", "GROUP")
    bad(lrs, "/object/objectType", "activity", "agent")
    bad(lrs, "/object/definition/interactionType", "Choice", "True-False")


@requirement("XAPI-00010", "a property of nobody's at every level")
def test_nothing_is_added_to_the_standard(lrs):
    for pointer in ("", "/actor", "/verb", "/object", "/object/definition", "/result", "/context",
                    "/result/score", "/attachments/0", "/actor/member/1/account",
                    "/object/definition/choices/0", "/context/statement"):  # fmt: skip
        bad(lrs, f"{pointer}/mine", "x", at=f"{pointer}/mine")


@requirement("XAPI-00011", "every address, without its scheme")
def test_addresses_have_a_scheme(lrs):
    for pointer in ("/verb/id", "/object/id", "/object/definition/type", "/attachments/0/fileUrl",
                    "/object/definition/moreInfo", "/attachments/0/usageType",
                    "/actor/member/1/account/homePage"):  # fmt: skip
        bad(lrs, pointer, "school.example/x", "//school.example/x")
    bad(lrs, "/actor/member/0", {"openid": "id.example/wei"})
    for part in ("/object/definition", "/result", "/context"):
        bad(lrs, f"{part}/extensions", {"school.example/x": 1})


@requirement("XAPI-00013", "the order and length of subtags")
def test_language_tags_have_their_form(lrs):
    for tag in ("de-419-DE", "a12345678", "en_US", "e", "en-", "-en", "zh-Hans-Hant"):
        bad(lrs, "/verb/display", {tag: "x"})
        bad(lrs, "/object/definition/name", {tag: "x"})
        bad(lrs, "/attachments/0/description", {tag: "x"})
    good(lrs, "/verb/display", {"und": "x"}, {"zh-Hans-CN": "x", "sr-Latn-RS": "x", "x-own": "x"})


@requirement("XAPI-00022", "text that is no time, and no text")
def test_a_timestamp_is_one(lrs):
    bad(lrs, "/timestamp", "should fail", "01/011/2015", 20260302, "2026-02-30T10:00:00Z")
    bad(lrs, "/stored", "should fail", inside=False)


@requirement("XAPI-00123", "forms of ISO 8601 are taken, a negative zero offset is not")
def test_timestamps_are_those_of_iso_8601(lrs):
    bad(lrs, "/timestamp", "2008-09-15T15:53:00.601-00", "2008-09-15T15:53:00.601-0000",
        "2008-09-15T15:53:00.601-00:00", "2008-09-15")  # fmt: skip
    good(lrs, "/timestamp", "2008-09-15T15:53:00.601+00:00", "2008-09-15T15:53:00Z",
         "2008-09-15T15:53:00.601+08:00", "2008-09-15 15:53:00.601+00:00")  # fmt: skip


@requirement("XAPI-00122", "milliseconds of the timestamp and of the stored time")
def test_timestamps_keep_milliseconds(lrs):
    [key] = lrs.store(statement(timestamp="2026-03-02T01:30:00.123Z"))
    found = lrs.statement(key)
    assert found["timestamp"] == "2026-03-02T01:30:00.123Z"
    assert len(found["stored"].partition(".")[2]) >= len("123Z")


@requirement("XAPI-00124", "a duration written as a point in time, or mixed with weeks")
def test_durations_are_those_of_iso_8601(lrs):
    bad(lrs, "/result/duration", "P0003-06-04T12:30:05", "PA1H0M0S", "P", "PT", "1H", "P4W1D", 5)
    good(lrs, "/result/duration", "PT4H35M59.14S", "PT16559.14S", "P3Y1M29DT4H35M59.14S", "P3Y",
         "P4W")  # fmt: skip


@requirement("XAPI-00077", "in a result")
def test_a_duration_in_a_result_is_one(lrs):
    bad(lrs, "/result/duration", "should fail", 12345, {})


@requirement("XAPI-00118", "in definition, result and context")
def test_keys_of_extensions_are_addresses(lrs):
    for part in ("/object/definition", "/result", "/context"):
        bad(lrs, f"{part}/extensions", {"should fail": 1}, {"": 1})


@requirement("XAPI-00119", "null, empty text and empty objects come back")
def test_extensions_may_hold_anything(lrs):
    held = {"https://a.example/n": None, "https://a.example/t": "", "https://a.example/o": {}}
    for part in ("/object/definition", "/result", "/context"):
        good(lrs, f"{part}/extensions", held, {})
    [key] = lrs.store(rich(context={"extensions": held}))
    assert lrs.statement(key)["context"]["extensions"] == held
    sent = rich(id=statement()["id"], context={"extensions": held})
    assert lrs.put("statements", {"statementId": sent["id"]}, sent).status_code == 204


@requirement("XAPI-00120", "text, numbers and lists in their place")
def test_extensions_are_an_object(lrs):
    for part in ("/object/definition", "/result", "/context"):
        bad(lrs, f"{part}/extensions", "x", 7, [], None)


@requirement("XAPI-00121", "in verb, definition, component and attachment")
def test_keys_of_language_maps_are_language_tags(lrs):
    wrong = {"a12345678": "x"}
    for pointer in ("/verb/display", "/object/definition/name", "/object/definition/description",
                    "/object/definition/choices/0/description", "/attachments/0/display",
                    "/attachments/0/description"):  # fmt: skip
        bad(lrs, pointer, wrong)


@requirement("XAPI-00024", "numbers, text and an activity")
def test_an_authority_is_an_agent_or_a_group(lrs):
    bad(lrs, "/authority", 7, "x", {"id": "https://a.example"}, {}, inside=False)
    good(lrs, "/authority", LI, inside=False)


@requirement("XAPI-00098", "one member, three, an identifier besides")
def test_an_authority_that_is_a_group_has_two_members(lrs):
    group = {"objectType": "Group"}
    bad(lrs, "/authority", group, group | {"member": [WEI]}, group | WEI,
        group | {"member": [WEI, LI]} | {"mbox": "mailto:a@b.example"}, inside=False)  # fmt: skip


@requirement("XAPI-00100", "three members")
def test_an_authority_has_no_more_than_two_members(lrs):
    three = {"objectType": "Group", "member": [WEI, LI, {"mbox": "mailto:a@b.example"}]}
    bad(lrs, "/authority", three, inside=False)


@requirement("XAPI-00027", "an id that is no UUID")
def test_an_id_is_a_uuid(lrs):
    bad(lrs, "/id", "12345", "MA97B177-9383-4934-8543-0F91A7A02836", inside=False)


@requirement("XAPI-00028", "an id that is no text")
def test_an_id_is_text(lrs):
    bad(lrs, "/id", 12345, {}, [], True, inside=False)


@requirement("XAPI-00029", "braces, no hyphens, a prefix")
def test_uuids_have_their_standard_form(lrs):
    plain = "12345678123442348234567812345679"
    wrong = (plain, f"urn:uuid:{plain}", "{12345678-1234-4234-8234-567812345679}")
    bad(lrs, "/id", *wrong, inside=False)
    bad(lrs, "/context/registration", *wrong)


@requirement("XAPI-00030", "too long, and letters that are no digits")
def test_uuids_are_those_of_rfc_4122(lrs):
    wrong = ("AA97B177-9383-4934-8543-0F91A7A028368", "MA97B177-9383-4934-8543-0F91A7A02836")
    bad(lrs, "/context/registration", *wrong)
    bad(lrs, "/context/statement", *(REFERENCE | {"id": each} for each in wrong))


@requirement("XAPI-00031", "an actor of another kind")
def test_an_actor_is_an_agent_or_a_group(lrs):
    bad(lrs, "/actor/objectType", "Activity", "Person", "StatementRef")


@requirement("XAPI-00032", "an objectType that is no text")
def test_an_object_type_is_text(lrs):
    bad(lrs, "/actor/objectType", 7, {}, [])
    bad(lrs, "/object/objectType", 7, {}, [])
    bad(lrs, "/context/instructor", WEI | {"objectType": 7})


@requirement("XAPI-00033", "a name that is no text")
def test_a_name_is_text(lrs):
    bad(lrs, "/actor/name", 7, {}, [])
    bad(lrs, "/context/instructor", WEI | {"name": 7})


@requirement("XAPI-00034", "none, and each pair of the four")
def test_an_agent_has_one_identifier(lrs):
    kinds = WEI | LI | {"openid": "https://id.example/wei", "mbox_sha1sum": "a" * 40}
    pairs = [dict(pair) for pair in itertools.combinations(kinds.items(), 2)]
    bad(lrs, "/actor", {}, {"name": "Wei"}, *pairs)
    good(lrs, "/actor", *({name: value} for name, value in kinds.items()))


@requirement("XAPI-00035", "members of an agent, of a verb, of an activity")
def test_members_are_those_of_a_group(lrs):
    bad(lrs, "/actor", WEI | {"member": [LI]}, WEI | {"objectType": "Agent", "member": [LI]})
    bad(lrs, "/object/member", [LI])
    bad(lrs, "/context/instructor", WEI | {"member": [LI]})


@requirement("XAPI-00036", "text, an agent, a group among them")
def test_members_are_agents(lrs):
    bad(lrs, "/actor/member", "wei", WEI, [7], [{}], [{"objectType": "Group", "member": [WEI]}])


@requirement("XAPI-00037", "two identifiers, or none and no member")
def test_a_group_has_an_identifier_or_members(lrs):
    group = {"objectType": "Group"}
    bad(lrs, "/actor", group, group | {"member": []}, group | WEI | LI)
    good(lrs, "/actor", group | WEI, group | LI | {"member": [WEI]}, group | {"member": [LI]})


@requirement("XAPI-00038", "mailboxes of agents and groups")
def test_an_mbox_is_a_mailto_address(lrs):
    for mbox in ("wei@school.example", "mailto:school.example", "http://wei@school.example", 7):
        bad(lrs, "/actor", {"mbox": mbox}, {"objectType": "Group", "mbox": mbox})


@requirement("XAPI-00039", "too short, and no hexadecimal digits")
def test_an_mbox_sha1sum_is_a_sha1(lrs):
    for sha1 in ("a" * 39, "g" * 40, 7, {}):
        bad(lrs, "/actor", {"mbox_sha1sum": sha1}, {"objectType": "Group", "mbox_sha1sum": sha1})


@requirement("XAPI-00040", "no address")
def test_an_openid_is_an_address(lrs):
    for openid in ("id.example", "ab=c://should.fail.com", 7):
        bad(lrs, "/actor", {"openid": openid}, {"objectType": "Group", "openid": openid})


@requirement("XAPI-00041", "text, and an object with more")
def test_an_account_is_an_object(lrs):
    bad(lrs, "/actor", {"account": "wei"}, {"account": []}, {"account": {}},
        {"account": LI["account"] | {"mbox": "x"}})  # fmt: skip


@requirement("XAPI-00042", "missing, and no address")
def test_an_account_has_a_home_page(lrs):
    bad(lrs, "/actor", {"account": {"name": "li"}},
        {"account": {"name": "li", "homePage": "school.example"}},
        {"account": {"name": "li", "homePage": 7}})  # fmt: skip


@requirement("XAPI-00043", "missing, and no text")
def test_an_account_has_a_name(lrs):
    home = {"homePage": "https://school.example"}
    bad(lrs, "/actor", {"account": home}, {"account": home | {"name": 7}},
        {"account": home | {"name": {}}})  # fmt: skip


@requirement("XAPI-00044", "missing, and no address")
def test_a_verb_has_an_address(lrs):
    bad(lrs, "/verb", {}, {"display": {"en": "x"}}, {"id": "passed"}, {"id": 7}, "passed")


@requirement("XAPI-00045", "text, and numbers for words")
def test_the_display_of_a_verb_is_a_language_map(lrs):
    bad(lrs, "/verb/display", "passed", 7, [], {"en": 7})


def test_one_name_twice_in_an_object_is_refused(lrs):
    text = json.dumps(statement()).replace('"verb"', '"verb": {"id": "a:b"}, "verb"', 1)
    assert lrs.post("statements", body=text).status_code == 400
    assert lrs.listed() == []
