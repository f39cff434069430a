"""Data 2.4.6 and 2.4.11: the context and the attachments of a statement."""

from tests.conformance.requirement import requirement
from tests.conformance.samples import LI, OUT, REFERENCE, SHA2, WEI, bad, good, rich, within
from tests.conformance.test_statements_parts import inner

OBJECTS = (WEI | {"objectType": "Agent"}, LI | {"objectType": "Group"}, REFERENCE)


def only_of_activities(lrs, name):
    for thing in OBJECTS:
        outer = rich(object=thing, context={name: "x"})
        bad(lrs, f"/context/{name}", "x", outer=outer)
    assert lrs.refused(inner() | {"context": {name: "x"}})["pointer"] == f"/context/{name}"


@requirement("XAPI-00084", "beside an agent, a group, a reference and a statement")
def test_a_revision_is_one_of_an_activity(lrs):
    only_of_activities(lrs, "revision")


@requirement("XAPI-00085", "beside an agent, a group, a reference and a statement")
def test_a_platform_is_one_of_an_activity(lrs):
    only_of_activities(lrs, "platform")


@requirement("XAPI-00086", "text and lists")
def test_activities_of_the_context_are_an_object(lrs):
    bad(lrs, "/context/contextActivities", "x", [], 7)


@requirement("XAPI-00087", "a registration that is no UUID, an instructor who is nobody")
def test_registration_and_instructor_are_what_they_say(lrs):
    bad(lrs, "/context/registration", "x", 7, {})
    bad(lrs, "/context/instructor", {}, "wei", {"mbox": "wei"}, {"id": "https://a.example"})
    good(lrs, "/context/instructor", LI, {"objectType": "Group", "member": [WEI]})


@requirement("XAPI-00088", "an agent, and a group of nobody")
def test_a_team_is_a_group(lrs):
    bad(lrs, "/context/team", WEI, "team", {"objectType": "Group"})


@requirement("XAPI-00089", "numbers and objects")
def test_a_revision_is_text(lrs):
    bad(lrs, "/context/revision", 7, {})


@requirement("XAPI-00090", "numbers and objects")
def test_a_platform_is_text(lrs):
    bad(lrs, "/context/platform", 7, {})


@requirement("XAPI-00091", "no tag, and no text")
def test_a_language_is_a_language_tag(lrs):
    bad(lrs, "/context/language", "a12345678", "en_US", "", 7, {})


@requirement("XAPI-00092", "without its objectType, with no UUID, and text")
def test_a_statement_of_the_context_is_a_reference(lrs):
    bad(lrs, "/context/statement", {"id": REFERENCE["id"]}, REFERENCE | {"id": "1"}, "x", {})


@requirement("XAPI-00093", "the four are taken, others are not")
def test_activities_of_the_context_have_four_kinds(lrs):
    one = {"id": "https://a.example/course"}
    bad(lrs, "/context/contextActivities", {"cousin": [one]}, {"Parent": [one]})
    for kind in ("parent", "grouping", "category", "other"):
        good(lrs, "/context/contextActivities", {kind: one}, {kind: [one]}, {kind: []})


@requirement("XAPI-00094", "an agent, text, and one wrong in a list")
def test_activities_of_the_context_are_activities(lrs):
    one = {"id": "https://a.example/course"}
    for wrong in (WEI, "x", {}, {"key": "x"}, [one, {"key": "x"}], [WEI], {"objectType": "Agent"}):
        bad(lrs, "/context/contextActivities", {"parent": wrong})


@requirement("XAPI-00095", "none at all")
def test_activities_of_the_context_are_not_nothing(lrs):
    bad(lrs, "/context/contextActivities", {})


@requirement("XAPI-00096", "one comes back as a list, outside and inside")
def test_activities_of_the_context_come_back_as_lists(lrs):
    one = {"id": "https://a.example/course", "objectType": "Activity"}
    sent = rich(context={"contextActivities": {"parent": one, "other": [one]}})
    expected = {"parent": [one], "other": [one]}
    outer, nested = lrs.store(sent, within(sent))
    assert lrs.statement(outer)["context"]["contextActivities"] == expected
    assert lrs.statement(nested)["object"]["context"]["contextActivities"] == expected


@requirement("XAPI-00025", "an object, text, and text in the list")
def test_attachments_are_a_list_of_objects(lrs):
    bad(lrs, "/attachments", {}, "x", ["x"], [7], [[]])


@requirement("XAPI-00102", "missing, text, and no whole number")
def test_a_length_is_a_whole_number(lrs):
    bad(lrs, "/attachments/0/length", OUT, at="/attachments/0")
    bad(lrs, "/attachments/0/length", "27", 27.5, -1, {}, None, True)


@requirement("XAPI-00103", "missing, numbers, and no hash")
def test_a_sha2_is_a_hash(lrs):
    bad(lrs, "/attachments/0/sha2", OUT, at="/attachments/0")
    bad(lrs, "/attachments/0/sha2", 7, {}, "", SHA2[1:], "g" * 64)


@requirement("XAPI-00104", "no address")
def test_a_file_url_is_an_address(lrs):
    bad(lrs, "/attachments/0/fileUrl", "file", 7, {}, "")


@requirement("XAPI-00105", "missing, numbers, and no media type")
def test_a_content_type_is_a_media_type(lrs):
    bad(lrs, "/attachments/0/contentType", OUT, at="/attachments/0")
    bad(lrs, "/attachments/0/contentType", "text", 7, {}, "", "text/plain\r\nX: 1")


@requirement("XAPI-00106", "missing, text, and numbers for words")
def test_the_display_of_an_attachment_is_a_language_map(lrs):
    bad(lrs, "/attachments/0/display", OUT, at="/attachments/0")
    bad(lrs, "/attachments/0/display", "essay", 7, {"en": 7})


@requirement("XAPI-00107", "missing, and no address")
def test_a_usage_type_is_an_address(lrs):
    bad(lrs, "/attachments/0/usageType", OUT, at="/attachments/0")
    bad(lrs, "/attachments/0/usageType", "essay", 7, {})


def role(kind, who, **more):
    return {"objectType": f"context{kind.title()}", kind: who, **more}


@requirement("IEEE-CONTEXT-AGENTS", "kind, agent and relevant types", versions=("2.0.0",))
def test_context_agents_are_agents_in_roles(lrs):
    types = ["https://a.example/role"]
    bad(lrs, "/context/contextAgents", {}, "x", ["x"], [WEI], [role("agent", {})],
        [role("agent", WEI) | {"objectType": "Agent"}], [role("agent", WEI, more=1)],
        [role("agent", WEI, relevantTypes=[])], [role("agent", WEI, relevantTypes=["abc"])],
        [{"objectType": "contextAgent"}])  # fmt: skip
    good(lrs, "/context/contextAgents", [role("agent", WEI)],
         [role("agent", LI, relevantTypes=types), role("agent", WEI)])  # fmt: skip


@requirement("IEEE-CONTEXT-GROUPS", "kind, group and relevant types", versions=("2.0.0",))
def test_context_groups_are_groups_in_roles(lrs):
    group, types = {"objectType": "Group", "member": [WEI]}, ["https://a.example/role"]
    bad(lrs, "/context/contextGroups", {}, "x", ["x"], [group], [role("group", {})],
        [role("group", WEI)], [role("group", group) | {"objectType": "Group"}],
        [role("group", group, relevantTypes=[])], [role("group", group, relevantTypes=["abc"])],
        [role("group", group, member=[WEI])])  # fmt: skip
    good(lrs, "/context/contextGroups", [role("group", group)],
         [role("group", LI | {"objectType": "Group"}, relevantTypes=types)])  # fmt: skip
