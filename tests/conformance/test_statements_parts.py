"""Data 2.4.4 and 2.4.5: the object and the result of a statement."""

from tests.conformance.requirement import requirement
from tests.conformance.samples import (
    LI,
    OUT,
    REFERENCE,
    WEI,
    bad,
    changed,
    definition,
    good,
    rich,
    within,
)  # fmt: skip
from tests.records.factories import statement

LISTS = {
    "choices": "choice", "scale": "likert", "source": "matching", "target": "matching",
    "steps": "performance",
}  # fmt: skip


@requirement("XAPI-00046", "an objectType of nobody's")
def test_an_object_is_of_a_known_kind(lrs):
    bad(lrs, "/object/objectType", "Person", "Statement", "")


@requirement("XAPI-00047", "no id, and no address as one")
def test_an_activity_has_an_address(lrs):
    bad(lrs, "/object/id", OUT, at="/object")
    bad(lrs, "/object/id", "ab=c://should.fail.com", "", 7, {})


@requirement("XAPI-00048", "text and lists")
def test_a_definition_is_an_object(lrs):
    bad(lrs, "/object/definition", "should error", 7, [])


@requirement("XAPI-00049", "the ten are taken, others are not")
def test_an_interaction_is_one_of_ten(lrs):
    bad(lrs, "/object/definition/interactionType", "should error", 7, {}, "https://a.example")
    for kind in ("true-false", "choice", "fill-in", "long-fill-in", "matching", "performance",
                 "sequencing", "likert", "numeric", "other"):  # fmt: skip
        good(lrs, "/object/definition", definition(kind))


@requirement("XAPI-00050", "text, and numbers in the list")
def test_answers_are_a_list_of_texts(lrs):
    bad(lrs, "/object/definition/correctResponsesPattern", "a", {}, [7], [None])


def components(lrs, name):
    for wrong in ("a", {}, {"id": "a"}, ["a"], [{}], [{"id": "a", "more": 1}]):
        outer = rich(object={"id": "https://a.example/q", "definition": definition(LISTS[name])})
        bad(lrs, f"/object/definition/{name}", wrong, outer=outer)
    good(lrs, "/object/definition", definition(LISTS[name], **{name: [{"id": "a"}]}))


@requirement("XAPI-00051", "steps of a performance")
def test_steps_are_components(lrs):
    components(lrs, "steps")


@requirement("XAPI-00052", "targets of a matching")
def test_targets_are_components(lrs):
    components(lrs, "target")


@requirement("XAPI-00053", "sources of a matching")
def test_sources_are_components(lrs):
    components(lrs, "source")


@requirement("XAPI-00054", "the scale of a likert question")
def test_a_scale_is_made_of_components(lrs):
    components(lrs, "scale")


@requirement("XAPI-00055", "choices of a choice and of a sequencing")
def test_choices_are_components(lrs):
    components(lrs, "choices")
    good(lrs, "/object/definition", definition("sequencing", choices=[{"id": "a"}]))


@requirement("XAPI-00056", "text, numbers and numbers for words")
def test_the_name_of_an_activity_is_a_language_map(lrs):
    bad(lrs, "/object/definition/name", "course", 7, {"en": 7}, [])


@requirement("XAPI-00059", "text, numbers and numbers for words")
def test_the_description_of_an_activity_is_a_language_map(lrs):
    bad(lrs, "/object/definition/description", "course", 7, {"en": 7}, [])


@requirement("XAPI-00057", "text, and keys that are no addresses")
def test_extensions_of_a_definition_are_an_object(lrs):
    bad(lrs, "/object/definition/extensions", "x", {"id": "valid"})


@requirement("XAPI-00058", "missing, repeated and no text, in each list")
def test_components_have_ids_of_their_own(lrs):
    for name, kind in LISTS.items():
        outer = rich(object={"id": "https://a.example/q", "definition": definition(kind)})
        wrong = ([{}], [{"id": 7}], [{"id": "a"}, {"id": "b"}, {"id": "a"}], [{"id": None}])
        bad(lrs, f"/object/definition/{name}", *wrong, outer=outer)


@requirement("XAPI-00060", "no address")
def test_the_type_of_an_activity_is_an_address(lrs):
    bad(lrs, "/object/definition/type", "course", 7, "")


@requirement("XAPI-00061", "no address")
def test_more_info_is_an_address(lrs):
    bad(lrs, "/object/definition/moreInfo", "more", 7, "")


@requirement("XAPI-00062", "text for a language map")
def test_the_description_of_a_component_is_a_language_map(lrs):
    for name, kind in LISTS.items():
        outer = rich(object={"id": "https://a.example/q", "definition": definition(kind)})
        wrong = ([{"id": "a", "description": "A"}], [{"id": "a", "description": {"en": 7}}])
        bad(lrs, f"/object/definition/{name}", *wrong, outer=outer)


@requirement("XAPI-00063", "text and numbers in the list")
def test_a_component_is_an_object(lrs):
    for name, kind in LISTS.items():
        outer = rich(object={"id": "https://a.example/q", "definition": definition(kind)})
        bad(lrs, f"/object/definition/{name}", ["a"], [7], [[]], outer=outer)


@requirement("XAPI-00064", "answers to no kind of question")
def test_answers_need_an_interaction(lrs):
    wrong = {"correctResponsesPattern": ["a"]}
    bad(lrs, "/object/definition", wrong)


@requirement("XAPI-00065", "an agent and a group without it")
def test_an_agent_as_object_says_that_it_is_one(lrs):
    bad(lrs, "/object", WEI, LI, {"member": [WEI]})
    plain = rich(context=OUT)
    good(lrs, "/object", {"objectType": "Agent", **WEI}, {"objectType": "Group", **LI}, outer=plain)


@requirement("XAPI-00066", "each part of the inner statement is looked at")
def test_a_statement_inside_is_a_statement(lrs):
    wrong_parts = {"/actor": {}, "/verb": {}, "/object": {}, "/timestamp": "x",
                   "/result": {"success": "yes"}, "/context": {"language": 7}}  # fmt: skip
    for pointer, wrong in wrong_parts.items():
        found = lrs.refused(within(changed(rich(), pointer, wrong)))
        assert found["pointer"].startswith(f"/object{pointer}")


def inner(**changes):
    found = within(rich())
    return found | {"object": found["object"] | changes}


@requirement("XAPI-00067", "authority")
def test_a_statement_inside_has_no_authority(lrs):
    assert lrs.refused(inner(authority=WEI))["pointer"] == "/object/authority"


@requirement("XAPI-00068", "version")
def test_a_statement_inside_has_no_version(lrs):
    assert lrs.refused(inner(version="1.0.0"))["pointer"] == "/object/version"


@requirement("XAPI-00069", "stored")
def test_a_statement_inside_has_no_stored_time(lrs):
    assert lrs.refused(inner(stored="2026-03-02T01:30:00Z"))["pointer"] == "/object/stored"


@requirement("XAPI-00070", "id")
def test_a_statement_inside_has_no_id(lrs):
    assert lrs.refused(inner(id=REFERENCE["id"]))["pointer"] == "/object/id"


@requirement("XAPI-00071", "three levels")
def test_a_statement_inside_holds_no_other(lrs):
    assert lrs.refused(within(within(rich())))["pointer"] == "/object/object/objectType"


@requirement("XAPI-00072", "missing, no UUID, and more than an id")
def test_a_reference_has_the_id_of_a_statement(lrs):
    kind = {"objectType": "StatementRef"}
    plain = rich(context=OUT)
    bad(lrs, "/object", kind, kind | {"id": "1"}, kind | {"id": 7}, REFERENCE | {"more": 1},
        outer=plain)  # fmt: skip
    good(lrs, "/object", REFERENCE, outer=plain)


@requirement("XAPI-00073", "a reference and a statement without it")
def test_a_reference_says_that_it_is_one(lrs):
    bare = {"id": REFERENCE["id"]}
    bad(lrs, "/object", bare)
    held = {name: value for name, value in inner()["object"].items() if name != "objectType"}
    assert lrs.refused(statement(object=held))["pointer"].startswith("/object")


@requirement("XAPI-00074", "text and numbers")
def test_success_is_a_boolean(lrs):
    bad(lrs, "/result/success", "true", 1, {}, None)


@requirement("XAPI-00075", "text and numbers")
def test_completion_is_a_boolean(lrs):
    bad(lrs, "/result/completion", "true", 1, {}, None)


@requirement("XAPI-00076", "numbers and objects")
def test_a_response_is_text(lrs):
    bad(lrs, "/result/response", 7, {}, True)
    good(lrs, "/result/response", "")


@requirement("XAPI-00078", "text, and keys that are no addresses")
def test_extensions_of_a_result_are_an_object(lrs):
    bad(lrs, "/result/extensions", "x", {"mine": 1})


@requirement("XAPI-00079", "numbers and text")
def test_a_score_is_an_object(lrs):
    bad(lrs, "/result/score", 7, "7", [])


@requirement("XAPI-00080", "no number, and not above min")
def test_max_is_a_number_above_min(lrs):
    bad(lrs, "/result/score/max", "10", {})
    bad(lrs, "/result/score", {"min": 5, "max": 4}, {"min": 5, "max": 5})
    good(lrs, "/result/score", {"max": 100.6767676}, {"min": 4, "max": 5})


@requirement("XAPI-00081", "no number, and not below max")
def test_min_is_a_number_below_max(lrs):
    bad(lrs, "/result/score/min", "0", {})
    bad(lrs, "/result/score", {"min": 0.67, "max": 0.6699, "raw": 0.6699})
    good(lrs, "/result/score", {"min": -5.5})


@requirement("XAPI-00082", "no number, below min, above max")
def test_raw_lies_between_min_and_max(lrs):
    bad(lrs, "/result/score/raw", "5", {})
    bad(lrs, "/result/score", {"raw": 0.6767676, "max": 0.65}, {"raw": 0.6, "min": 0.7})
    good(lrs, "/result/score", {"raw": 5, "min": 5}, {"raw": 5, "max": 5}, {"raw": -1e9})


@requirement("XAPI-00083", "no number, and beyond -1 and 1")
def test_scaled_lies_between_minus_1_and_1(lrs):
    bad(lrs, "/result/score/scaled", "1", {}, 1.01, -1.00001)
    good(lrs, "/result/score/scaled", 1.0, -1, 0.6767676)
