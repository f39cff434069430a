"""A statement with everything, and the same with one value changed, outside and inside another."""

import copy

from tests.records.factories import statement

SHA2 = "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a"
WEI = {"mbox": "mailto:wei@school.example"}
LI = {"account": {"homePage": "https://school.example", "name": "li"}}
REFERENCE = {"objectType": "StatementRef", "id": "12345678-1234-4234-8234-567812345670"}
OUT = object()


def definition(kind="choice", **parts):
    made = {
        "name": {"en-GB": "Colour", "en-US": "Color"},
        "description": {"zh-Hans": "哪种颜色"},
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "moreInfo": "https://school.example/question/1.html",
        "interactionType": kind,
        "correctResponsesPattern": ["a"],
        "extensions": {"https://school.example/x": {"any": [None, 1]}},
    }
    return made | parts


def rich(**changes):
    """A statement that uses every property of both versions; OUT takes one out."""
    made = statement(
        actor={"objectType": "Group", "name": "小组", "member": [WEI, LI | {"name": "Li"}]},
        verb={"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"zh": "回答"}},
        object={
            "objectType": "Activity",
            "id": "https://school.example/question/1",
            "definition": definition(choices=[{"id": "a", "description": {"en": "A"}}]),
        },
        result={
            "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
            "success": True,
            "completion": False,
            "response": "a",
            "duration": "P1DT2H3.5S",
            "extensions": {"https://school.example/y": ""},
        },
        context={
            "registration": "12345678-1234-4234-8234-567812345679",
            "instructor": WEI,
            "team": {"objectType": "Group", "mbox_sha1sum": "a" * 40},
            "contextActivities": {"parent": [{"id": "https://school.example/course/1"}]},
            "revision": "1",
            "platform": "phone",
            "language": "zh-Hans-CN",
            "statement": REFERENCE,
            "extensions": {"https://school.example/z": {}},
        },
        attachments=[
            {
                "usageType": "https://school.example/essay",
                "display": {"en": "An essay"},
                "description": {"en": "In words"},
                "contentType": "text/plain; charset=utf-8",
                "length": 27,
                "sha2": SHA2,
                "fileUrl": "https://school.example/essay.txt",
            }
        ],
        authority={"objectType": "Group", "member": [WEI, LI]},
        stored="2026-03-02T01:30:00Z",
    )
    return {name: value for name, value in (made | changes).items() if value is not OUT}


def within(inner):
    """A statement whose object is the other one, without what only an outer one has."""
    own = {"id", "stored", "version", "authority"}
    kept = {name: value for name, value in inner.items() if name not in own}
    return statement(object={"objectType": "SubStatement", **kept})


def changed(made, pointer, value):
    """A copy with the value at a pointer replaced, added, or taken out with OUT."""
    found = copy.deepcopy(made)
    *way, last = [int(step) if step.isdecimal() else step for step in pointer.split("/")[1:]]
    place = found
    for step in way:
        place = place[step]
    if value is OUT:
        del place[last]
    else:
        place[last] = value
    return found


def bad(lrs, pointer, *values, outer=None, inside=True, at=None):
    """Each value at the pointer is refused there, in a statement and in one inside another.

    ``at`` is the pointer that the refusal names, where it is another one.
    """
    where = pointer if at is None else at
    for value in values:
        wrong = changed(outer or rich(), pointer, value)
        found = lrs.refused(wrong)
        assert found.get("pointer", "").startswith(where), (value, found)
        if inside:
            found = lrs.refused(within(wrong))
            assert found.get("pointer", "").startswith(f"/object{where}"), (value, found)
    assert lrs.listed() == []


def good(lrs, pointer, *values, outer=None, inside=True):
    """Each value at the pointer is taken, in a statement and in one inside another."""
    for value in values:
        right = changed(outer or rich(), pointer, value)
        lrs.store(right | {"id": statement()["id"]})
        if inside:
            lrs.store(within(right))
