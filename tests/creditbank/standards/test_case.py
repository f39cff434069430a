"""CASE 1.1: our packages are valid, come back as they went, and others' come in as drafts."""

import copy
import json
import uuid
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.creditbank.standards import makers
from tests.creditbank.standards.makers import AT
from xueqiao.creditbank.models import QualificationFramework, Standard, Unit
from xueqiao.creditbank.standards import drafting, publishing
from xueqiao.creditbank.standards.case import importing, reading, writing


@pytest.fixture
def who(db):
    return makers.bench()


def answers(who, **changed):
    said = {
        "unit_types": frozenset({"Unit"}), "criterion_types": frozenset({"Assessment criterion"}),
        "level_id": who.level.pk, "credit_hundredths": 100, "notional_hours": 16, "field": "care",
    }  # fmt: skip
    return importing.Answers(**said | changed)


def without_dates(package):
    """What an importer cannot keep: when a row was last changed, and that it is a draft again."""
    found = copy.deepcopy(package)
    found["CFDocument"].pop("adoptionStatus")
    rows = [found["CFDocument"], *found["CFItems"], *found["CFAssociations"]]
    for row in [*rows, *found["CFDefinitions"]["CFItemTypes"]]:
        row.pop("lastChangeDateTime")
    return found


def foreign():
    """A package as other tools write it: headings above, no extensions, codes of their own."""
    ids = {name: str(uuid.UUID(int=number)) for number, name in enumerate("drguvxyc", start=1)}

    def item(name, kind, text, **more):
        return {
            "identifier": ids[name], "uri": f"https://case.example/{name}", "fullStatement": text,
            "CFItemType": kind, "lastChangeDateTime": "2025-06-01T08:00:00+00:00", **more,
        }  # fmt: skip

    def below(child, above, place):
        link = {"title": "x", "uri": "https://case.example/x"}
        return {
            "identifier": str(uuid.uuid5(uuid.NAMESPACE_OID, child + above)),
            "associationType": "isChildOf", "uri": "https://case.example/a",
            "originNodeURI": {**link, "identifier": ids[child]},
            "destinationNodeURI": {**link, "identifier": ids[above]},
            "sequenceNumber": place, "lastChangeDateTime": "2025-06-01T08:00:00+00:00",
        }  # fmt: skip

    return {
        "CFDocument": {
            "identifier": ids["d"], "uri": "https://case.example/d", "creator": "A body of crafts",
            "title": "Woodwork", "lastChangeDateTime": "2025-06-01T08:00:00+00:00",
            "officialSourceURL": "https://crafts.example/woodwork.pdf",
        },
        "CFItems": [
            item("r", "Strand", "Tools"),
            item("u", "Competency", "Uses hand tools", humanCodingScheme="W1"),
            item("v", "Competency", "Uses machines", humanCodingScheme="W2"),
            item("x", "Indicator", "Sharpens a chisel"),
            item("y", "Indicator", "Planes a board"),
            item("c", "Evidence", "A planed board, flat within 1 mm"),
        ],
        "CFAssociations": [
            below("r", "d", 1), below("v", "r", 2), below("u", "r", 1), below("y", "u", 2),
            below("x", "u", 1), below("c", "u", 3),
        ],
    }  # fmt: skip


def test_every_loaded_version_is_a_valid_package(who):
    rows = [*Standard.objects.all(), *QualificationFramework.objects.all()]
    assert len(rows) > 5
    for row in rows:
        package = writing.package(row)
        found = reading.read(json.dumps(package))
        assert len(found.items) == len(package["CFItems"]) > 0


def test_a_standard_comes_back_as_it_went(who):
    draft = makers.draft(who)
    drafting.save_unit(draft=draft, facts=makers.unit(who.level, "CARE-U2"), by=who.author, at=AT)
    sent = writing.package(draft)
    drafting.discard(draft=draft, by=who.author, at=AT)

    package = reading.read(json.dumps(sent, ensure_ascii=False))
    found = importing.as_standard(package=package, answers=answers(who), by=who.author, at=AT)

    assert (found.is_new, found.left_out, package.kind) == (True, 0, "standard")
    assert without_dates(writing.package(found.row)) == without_dates(sent)


def test_a_framework_comes_back_as_it_went(who):
    first = QualificationFramework.objects.get(code="SAMPLE-QF10")
    draft = drafting.next_framework(
        framework=first, version="9", valid_from=makers.DAY, by=who.author, at=AT
    )
    sent = writing.package(draft)
    drafting.discard(draft=draft, by=who.author, at=AT)

    package = reading.read(json.dumps(sent))
    found = importing.as_framework(
        package=package, level_types=frozenset({"Level"}), by=who.author, at=AT
    )

    assert (package.kind, found.row.levels.count()) == ("framework", 10)
    assert without_dates(writing.package(found.row)) == without_dates(sent)


def test_another_bodys_package_becomes_a_draft_that_keeps_its_identifiers(who):
    package = reading.read(json.dumps({"CFPackage": foreign()}))
    assert package.types == {"Competency": 2, "Indicator": 2, "Strand": 1, "Evidence": 1}
    choice = answers(
        who, unit_types=frozenset({"Competency"}), criterion_types=frozenset({"Evidence"})
    )

    found = importing.as_standard(package=package, answers=choice, by=who.author, at=AT)

    assert (found.row.is_draft, found.row.owner, found.left_out) == (True, "A body of crafts", 1)
    assert str(found.row.identifier) == package.document["identifier"]
    units = {unit.code: unit for unit in found.row.units.all()}
    assert units["W1"].outcomes == ["Sharpens a chisel", "Planes a board"]
    assert units["W1"].criteria == ["A planed board, flat within 1 mm"]
    assert (units["W2"].outcomes, units["W2"].credit_hundredths) == ([], 100)
    # W2 says nothing about what is learnt; that has to be written before it is published.
    with pytest.raises(publishing.NotComplete, match="W2"):
        publishing.publish(draft=found.row, by=who.publisher, at=AT)


def test_the_same_package_twice_changes_nothing_and_another_is_refused(who):
    choice = answers(who, unit_types=frozenset({"Competency"}))
    package = reading.read(json.dumps(foreign()))
    first = importing.as_standard(package=package, answers=choice, by=who.author, at=AT)
    again = importing.as_standard(package=package, answers=choice, by=who.author, at=AT)
    assert (again.row, again.is_new) == (first.row, False)
    assert Unit.objects.filter(standard=first.row).count() == 2

    other = foreign()
    other["CFItems"][1]["fullStatement"] = "Uses other tools"
    with pytest.raises(importing.AlreadyHere):
        importing.as_standard(
            package=reading.read(json.dumps(other)), answers=choice, by=who.author, at=AT
        )


def broken(change):
    package = foreign()
    change(package)
    return json.dumps(package)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("{", ""),
        ("[]", "/"),
        ("[" * 200_000, ""),
        (broken(lambda p: p.pop("CFDocument")), "/"),
        (broken(lambda p: p["CFDocument"].pop("creator")), "/CFDocument"),
        (broken(lambda p: p["CFItems"][0].update(identifier="1")), "/CFItems/0/identifier"),
        (broken(lambda p: p["CFItems"][0].update(colour="red")), "/CFItems/0"),
        (broken(lambda p: p["CFItems"].append(p["CFItems"][0])), "/CFItems"),
        (
            broken(lambda p: p["CFAssociations"][0].update(associationType="likes")),
            "/CFAssociations/0/associationType",
        ),
        (
            broken(lambda p: p["CFAssociations"][0]["originNodeURI"].update(identifier="z")),
            "/CFAssociations/0",
        ),
        (
            broken(
                lambda p: p["CFAssociations"][0].update(
                    destinationNodeURI=p["CFAssociations"][3]["originNodeURI"]
                )
            ),
            "",
        ),
    ],
    ids=["cut", "list", "deep", "empty", "creator", "uuid", "unknown", "twice", "type", "child",
         "circle"],
)  # fmt: skip
def test_a_flawed_package_is_refused_with_its_place(text, pointer):
    with pytest.raises(reading.PackageRefused) as refused:
        reading.read(text)
    assert refused.value.pointer == pointer


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["CFDocument", "CFItems", "CFAssociations", "x"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_handed_in_is_read_or_refused(value):
    found = None
    with suppress(reading.PackageRefused):
        found = reading.read(json.dumps(value))
    assert found is None or found.document["title"]
