"""What is read by familiar parts is good when it is checked in full, and says the same."""

import copy
import json
import uuid

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.records import factories
from xueqiao.kernel import errors
from xueqiao.records.xapi import facts, familiar, texts, validate

ID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
REGISTRATION = "ec531277-b57b-4c15-8d91-d292c5b2b8f7"
FULL = {
    "id": ID,
    "actor": {"objectType": "Agent", "name": "伟", "mbox": "mailto:Wei@School.example"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"zh-Hans": "回答"}},
    "object": {
        "objectType": "Activity",
        "id": "https://school.example/quiz/1",
        "definition": {
            "name": {"zh-Hans": "测验", "en": "Quiz: one"},
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "interactionType": "choice",
            "correctResponsesPattern": ["a"],
            "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
        },
    },
    "result": {
        "success": True,
        "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
        "duration": "PT1M",
        "extensions": {"https://school.example/x": {"a": [1, None]}},
    },
    "context": {
        "registration": REGISTRATION,
        "instructor": {"account": {"homePage": "https://school.example", "name": "teacher"}},
        "team": {"objectType": "Group", "member": [{"mbox": "mailto:a@school.example"}]},
        "contextActivities": {
            "parent": {"id": "https://school.example/course/1"},
            "grouping": [
                {"id": "https://school.example/quiz/1", "definition": {"name": {"en": "again"}}},
                {"id": "https://school.example/term", "definition": {"name": {"en": "term"}}},
            ],
        },
        "platform": "Moodle",
        "revision": "1",
        "language": "zh-Hans",
        "statement": {"objectType": "StatementRef", "id": REGISTRATION},
        "extensions": {"https://school.example/registration": REGISTRATION},
    },
    "timestamp": "2026-03-02T09:30:00.123+08:00",
    "stored": "2026-03-02T01:30:01Z",
    "version": "1.0.3",
    "authority": {"mbox": "mailto:lms@school.example"},
}
SMALL = {name: FULL[name] for name in ("actor", "verb", "object")}
PLAIN = SMALL | {"id": ID, "context": {"registration": REGISTRATION, "platform": "Moodle"}}
SHAPES = [FULL, SMALL, PLAIN, factories.statement()]
VALUES = [
    None, True, 0, -1, 1.5, "", "x", ID, [], {}, [{}], "2026-03-02T09:30:00-00:00",
    "1.0.3", "2.0.0",
    "http://adlnet.gov/expapi/verbs/voided", {"objectType": "StatementRef", "id": ID},
    {"objectType": "Group", "member": [{"mbox": "mailto:a@b.example"}]}, "mailto:a@b.example",
    {"objectType": "Agent", "mbox": "mailto:a@b.example"}, {"en": "x"}, "\ud800", "\u0000", ":",
    {"registration": ID}, "Group", "Activity", "a\\u003ab",
]  # fmt: skip
NAMES = [
    "id", "actor", "member", "objectType", "name", "definition", "registration", "attachments",
    "contextAgents", "team", "authority", "stored", "score", "Extensions", "x",
]  # fmt: skip
OLD = ['"id"', '"context"', "{", ":", '"', "2026", REGISTRATION, "5"]
NEW = ['"id":1,"id"', '"a":1,"a"', "\\u003a", "\x00", "{}", "\\u0022"]


def plain(found):
    """Facts whose equality says something."""
    named = found.named
    return (*found[:-1], named.agents, named.activities, named.definitions)


def in_full(raw, version):
    """The facts of a text that is checked in full; None where it is refused."""
    try:
        statement = texts.decode(raw)
        validate.check(statement, version=version)
    except errors.Refusal:
        return None
    return plain(facts.read(statement, version))


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, name))


@st.composite
def changed(draw):
    """A statement to which something was done, as text."""
    made = copy.deepcopy(draw(st.sampled_from(SHAPES)))
    for _each in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from([each for each in places(made) if each]))
        holder = made
        for step in path[:-1]:
            holder = holder[step]
        what = draw(st.sampled_from(["put", "take", "add"]))
        if what == "put":
            holder[path[-1]] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif what == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif what == "take":
            del holder[path[-1]]
    separators = draw(st.sampled_from([(",", ":"), (", ", " : "), (",\n", ":\t")]))
    text = json.dumps(made, ensure_ascii=draw(st.booleans()), separators=separators)
    if draw(st.booleans()):
        old = draw(st.sampled_from(['"id"', '"context"', "{", ":", '"', "2026", REGISTRATION, "5"]))
        new = draw(
            st.sampled_from(['"id":1,"id"', '"a":1,"a"', "\\u003a", "\x00", "{}", "\\u0022"])
        )
        text = text.replace(old, new, draw(st.sampled_from([1, -1])))
    return text.encode(errors="surrogatepass")


@settings(max_examples=600, deadline=None)
@given(changed(), st.sampled_from(["1.0.3", "2.0.0"]))
@example(json.dumps(PLAIN).replace('"registration"', '"registration":"x","registration"').encode(),
         "1.0.3")  # fmt: skip
def test_whoever_is_familiar_is_good_and_says_the_same(raw, version):
    """Whether its parts are met for the first time or again."""
    for _again in range(2):
        found = familiar.read(raw, version)
        assert found is None or plain(found) == in_full(raw, version)


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("made", SHAPES)
def test_the_common_shapes_are_familiar(made, version):
    made = made | {"id": str(uuid.uuid4())}
    raw = json.dumps(made, ensure_ascii=False).encode()

    assert plain(familiar.read(raw, version)) == in_full(raw, version)


def test_a_context_is_remembered_for_every_registration():
    for each in (REGISTRATION, str(uuid.uuid4()), ID.upper()):
        made = FULL | {"context": FULL["context"] | {"registration": each}}
        made["context"]["extensions"] = {"https://school.example/n": 1}

        found = familiar.read(json.dumps(made).encode(), "1.0.3")

        assert found.registration == uuid.UUID(each)


@pytest.mark.parametrize(
    "context",
    [
        '{"extensions": {"https://a.example/x": {"registration": "%s"}}}',
        '{"extensions": {"https://a.example/x": {"registration": "%s"}}, "registration": "%s"}',
        '{"extensions": {"https://a.example/x": "\\"registration\\": \\"%s\\""}}',
        '{"registration": "%s", "extensions": {"https://a.example/x": {"registration": "%s"}}}',
        '{"platform": "registration"}',
        '{"registration": "\0"}',
    ],
)
def test_what_only_looks_like_a_registration_is_none(context):
    for key in (REGISTRATION, ID):
        raw = json.dumps(SMALL | {"context": 0})
        raw = raw.replace('"context": 0', f'"context": {context.replace("%s", key)}').encode()

        found = familiar.read(raw, "1.0.3")

        assert found is None or plain(found) == in_full(raw, "1.0.3")


@pytest.mark.parametrize("name", [*FULL, "platform", "objectType"])
def test_a_name_that_stands_twice_is_never_familiar(name):
    raw = json.dumps(FULL).replace(f'"{name}":', f'"{name}": null, "{name}":', 1).encode()

    assert in_full(raw, "1.0.3") is None
    assert familiar.read(raw, "1.0.3") is None


def test_no_more_is_remembered_than_fits(monkeypatch):
    monkeypatch.setattr(familiar, "_REMEMBERED_BYTES", 1000)
    for number in range(100):
        made = SMALL | {"actor": {"mbox": f"mailto:w{number}@school.example"}}
        assert familiar.read(json.dumps(made).encode(), "1.0.3").actor.endswith("school.example")

    known = familiar._actors
    assert sum(map(len, [*known._new, *known._old])) < 2200
