"""Which JSON is a statement: the table of the standard, and fuzz that finds no other exception."""

import copy
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records import factories as f
from xueqiao.records.xapi import facts, validate, values

SHA = "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a"
WEI = {"mbox": "mailto:wei@school.example"}
RICH = {
    "id": "12345678-1234-5678-1234-567812345678",
    "actor": {"objectType": "Group", "name": "小组", "member": [WEI, f.agent("li")]},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"zh-Hans": "回答"}},
    "object": {
        "objectType": "Activity", "id": "https://school.example/question/1",
        "definition": {
            "name": {"en-GB": "Q", "und": "Q"}, "description": {"zh": "问"},
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "moreInfo": "https://school.example/question/1.html", "interactionType": "choice",
            "correctResponsesPattern": ["a[,]b"],
            "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
            "extensions": {"https://school.example/x": {"any": [None, 1]}},
        },
    },
    "result": {
        "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10}, "success": True,
        "completion": False, "response": "a", "duration": "P1DT2H3.5S", "extensions": {},
    },
    "context": {
        "registration": "12345678-1234-5678-1234-567812345679", "instructor": WEI,
        "team": {"objectType": "Group", "mbox_sha1sum": "a" * 40},
        "contextActivities": {"parent": [{"id": "https://a.example/"}], "other": {"id": "a:b"}},
        "revision": "1", "platform": "p", "language": "zh-Hans-CN",
        "statement": {"objectType": "StatementRef", "id": "12345678-1234-5678-1234-567812345670"},
        "extensions": {"https://school.example/y": None},
    },
    "timestamp": "2026-03-02T09:30:00.123456789+08:00",
    "stored": "2026-03-02T01:30:00Z",
    "authority": {"objectType": "Group", "member": [WEI, {"openid": "https://id.example/wei"}]},
    "version": "1.0.3",
    "attachments": [
        {"usageType": "https://a.example/t", "display": {"en": "t"}, "contentType": "text/plain",
         "length": 27, "sha2": SHA, "fileUrl": "https://a.example/f", "description": {"en": "d"}},
    ],
}  # fmt: skip


def changed(pointer, value):
    """RICH with the value at a pointer replaced; ``...`` takes it out."""
    made = copy.deepcopy(RICH)
    *way, last = [int(step) if step.isdecimal() else step for step in pointer.split("/")[1:]]
    place = made
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return made


def pointer_of(statement, **options):
    with pytest.raises(values.Invalid) as why:
        validate.check(statement, **options)
    assert why.value.text
    return why.value.pointer


def test_a_statement_with_everything_is_one():
    validate.check(RICH)
    sub = {name: RICH[name] for name in ("actor", "verb", "object", "result", "context")}
    validate.check(f.statement(object={"objectType": "SubStatement", **sub}))


GOOD = [
    ("/timestamp", "2026-03-02T09:30:00Z"), ("/timestamp", "2026-03-02T09:30:00+0800"),
    ("/timestamp", "2026-03-02T09:30"), ("/timestamp", "2026-03-02T09:30:00,5+08"),
    ("/result/duration", "PT0S"), ("/result/duration", "P4W"), ("/result/score/scaled", -1),
    ("/actor", {"openid": "https://id.example/wei"}), ("/context/language", "x-own"),
    ("/actor", {"account": {"homePage": "http://学校.example/", "name": "魏"}}),
    ("/verb/id", "urn:verb:看"), ("/object/id", "uuid://7d4f"), ("/version", "1.0"),
    ("/object/definition/interactionType", "sequencing"), ("/attachments", []),
]  # fmt: skip


@pytest.mark.parametrize(("pointer", "value"), GOOD)
def test_what_the_standard_allows(pointer, value):
    validate.check(changed(pointer, value))


BAD = [
    ("/id", "1234"), ("/id", 7), ("/id", "{12345678-1234-5678-1234-567812345678}"),
    ("/actor", "wei"), ("/actor", {}), ("/actor", None), ("/actor/member", []),
    ("/actor/member/0", {"objectType": "Group", "member": [WEI]}), ("/actor/objectType", "group"),
    ("/actor/member/0/mbox", "wei@school.example"), ("/actor/member/0/name", 1),
    ("/actor/member/1/account/homePage", "school"), ("/actor/member/1/account/name", ""),
    ("/actor/member/1/account/name", "a\x00"), ("/actor/member/1/account/name", "长" * 200),
    ("/actor/member/1/account/more", 1), ("/actor/member/0/mbox_sha1sum", "a" * 40),
    ("/context/team/mbox_sha1sum", "a" * 39), ("/context/team", WEI), ("/actor/mailbox", "x"),
    ("/verb/id", "answered"), ("/verb/id", "https://a b.example"), ("/verb/id", "a:" + "b" * 2001),
    ("/verb/id", ...), ("/verb/display", {"English!": "x"}), ("/verb/display", {"en": 1}),
    ("/verb/name", "x"), ("/object/objectType", "activity"), ("/object/objectType", None),
    ("/object/objectType", []), ("/object/id", ...), ("/object/definition/interactionType", "quiz"),
    ("/object/definition/interactionType", ...), ("/object/definition/interactionType", "likert"),
    ("/object/definition/choices/1/id", "a"), ("/object/definition/choices", {}),
    ("/object/definition/correctResponsesPattern", [1]), ("/object/definition/type", "quiz"),
    ("/object/definition/extensions", {"x": 1}), ("/object/definition/colour", "red"),
    ("/result/score/scaled", 1.01), ("/result/score/scaled", "1"), ("/result/score/raw", 11),
    ("/result/score/raw", True), ("/result/score/min", 10), ("/result/success", "true"),
    ("/result/completion", 1), ("/result/response", 5), ("/result/duration", "1 hour"),
    ("/result/duration", "P"), ("/result/duration", "PT"), ("/result/extensions", []),
    ("/context/registration", "x"), ("/context/instructor", {}), ("/context/language", "zh_CN"),
    ("/context/contextActivities/parents", []), ("/context/contextActivities", []),
    ("/context/contextActivities/parent", ["a"]), ("/context/statement/objectType", ...),
    ("/context/contextAgents", []), ("/context/platform", None),
    ("/timestamp", "2026-03-02"), ("/timestamp", "2026-02-30T00:00:00Z"), ("/timestamp", 1),
    ("/timestamp", "2026-03-02T09:30:00-00:00"), ("/timestamp", "2026-03-02T25:30:00Z"),
    ("/timestamp", "0001-01-01T00:00:00+08:00"), ("/stored", "now"), ("/version", "2.0.0"),
    ("/result/score", {}), ("/context", {}), ("/result", {}), ("/verb/display", {}),
    ("/version", "1.1.0"), ("/authority/member", [WEI]), ("/authority", {}),
    ("/attachments", {}), ("/attachments/0/sha2", "x"), ("/attachments/0/length", -1),
    ("/attachments/0/length", 2.5), ("/attachments/0/contentType", "text"),
    ("/attachments/0/usageType", ...), ("/attachments/0/file", "x"), ("/Actor", WEI),
    ("/result/score/scaled", float("inf")), ("/verb/id", "https://a.example/\ud800"),
]  # fmt: skip


@pytest.mark.parametrize(("pointer", "value"), BAD)
def test_what_the_standard_forbids_is_refused_near_where_it_stands(pointer, value):
    found = pointer_of(changed(pointer, value))
    near = pointer.rpartition("/")[0]
    assert found.startswith(near), found


def test_the_pointer_begins_where_the_statement_stands_and_is_escaped():
    bad = f.statement(result={"extensions": {"a/b~c": 1}})
    assert pointer_of(bad, at="/3") == "/3/result/extensions/a~1b~0c"


def test_a_statement_inside_a_statement_is_one_and_does_not_nest():
    inner = {name: part for name, part in f.statement().items() if name != "id"}
    inner["objectType"] = "SubStatement"
    for pointer, broken in [
        ("/object/id", inner | {"id": RICH["id"]}),
        ("/object/object/objectType", inner | {"object": inner}),
        ("/object/verb/id", inner | {"verb": {"id": "x"}}),
    ]:
        assert pointer_of(f.statement(object=broken)) == pointer


def test_a_voiding_statement_refers_to_what_it_voids():
    assert pointer_of(f.statement(verb={"id": validate.VOIDED})) == "/object"


def test_revision_and_platform_need_an_activity():
    made = f.statement(object={"objectType": "Agent", **WEI}, context={"platform": "p"})
    assert pointer_of(made) == "/context/platform"


def test_agents_in_roles_came_with_2_0():
    group = {"objectType": "Group", **WEI}
    made = f.statement(
        context={
            "contextAgents": [
                {
                    "objectType": "contextAgent",
                    "agent": WEI,
                    "relevantTypes": ["https://a.example/t"],
                }
            ],
            "contextGroups": [{"objectType": "contextGroup", "group": group}],
        }
    )
    validate.check(made, version="2.0.0")
    assert pointer_of(made) == "/context/contextAgents"
    made["context"]["contextAgents"][0]["relevantTypes"] = []
    assert pointer_of(made, version="2.0.0") == "/context/contextAgents/0/relevantTypes"


@pytest.mark.parametrize(
    "tag", ["en", "zh-Hans-CN", "sl-rozaj-biske", "de-CH-1901", "en-a-bbb-x-a-ccc", "i-klingon"]
)
def test_tags_of_rfc_5646_are_languages(tag):
    assert values.is_language(tag)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value, at=""):
    """The pointer of every value in RICH."""
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, part in parts:
        if "/" not in str(name):
            yield f"{at}/{name}"
            yield from places(part, f"{at}/{name}")


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(places(RICH))), JSON, st.sampled_from(["1.0.3", "2.0.0"]))
def test_anything_anywhere_is_a_statement_or_a_refusal(pointer, value, version):
    """What passes is read without an exception and is the same statement as itself."""
    made = changed(pointer, value)
    try:
        validate.check(made, version=version)
    except values.Invalid as why:
        assert why.pointer.startswith("/")  # noqa: PT017 - either outcome is right
        return
    found = facts.read(made, version)
    assert found.verb == made["verb"]["id"]
    assert facts.same(made, copy.deepcopy(made)) or "nan" in json.dumps(made).lower()


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_at_all_is_a_statement_or_a_refusal(value):
    with pytest.raises(values.Invalid):
        validate.check(value)


YEARS = (datetime(1900, 1, 1), datetime(2199, 1, 1))  # noqa: DTZ001 - hypothesis adds the zones
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(max_examples=300, deadline=None)
@given(st.datetimes(*YEARS, timezones=OFFSETS))
def test_a_timestamp_names_the_instant_it_was_written_from(moment):
    assert values.instant(moment.isoformat()) == moment
    assert values.instant(moment.isoformat().replace("T", " ").replace("+00:00", "Z")) == moment
