"""``cmi5.xml``: what is read, and what is refused by the schema or by the text of the profile."""

from __future__ import annotations

import pytest

from tests.cmi5 import packages
from tests.cmi5.packages import COURSE, block, head, structure, text, unit
from xueqiao.cmi5 import structure as reading
from xueqiao.cmi5.structure import Objective, Part, StructureUnfit

FILES = frozenset({"index.html", "a/b c.html"})


def read(*parts, files=FILES, **options):
    return reading.read(structure(*parts, **options), files=files)


def test_a_whole_course_is_read():
    objectives = (
        f'<objectives><objective id="{COURSE}/goals/1">{head("Goal")}</objective></objectives>'
    )
    inner = (
        "<launchParameters>\n  start=1\n </launchParameters><entitlementKey> xyz </entitlementKey>"
    )
    refers = f'<objectives><objective idref="{COURSE}/goals/1"/></objectives>'
    course = read(
        block(
            "outer",
            unit(
                "one",
                url="\n index.html?a=1&amp;b=2 \n",
                inner=inner,
                moveOn="CompletedAndPassed",
                masteryScore="0.85",
                launchMethod="OwnWindow",
                activityType="http://adlnet.gov/expapi/activities/lesson",
            ),
            block("inner", unit("two", url="a/b%20c.html")),
        ),
        unit("three", url="https://elsewhere.example/start"),
        objectives=objectives,
    )
    goal = f"{COURSE}/goals/1"
    assert course.id == COURSE
    assert course.title == {"en": "Geology"}
    assert course.objectives == (Objective(goal, {"en": "Goal"}, {"en": "About Goal"}),)
    assert [(each.number, each.parent, each.is_block, each.id) for each in course.parts] == [
        (1, None, True, f"{COURSE}/blocks/outer"),
        (2, 1, False, f"{COURSE}/units/one"),
        (3, 1, True, f"{COURSE}/blocks/inner"),
        (4, 3, False, f"{COURSE}/units/two"),
        (5, None, False, f"{COURSE}/units/three"),
    ]
    assert course.parts[1] == Part(
        2,
        1,
        is_block=False,
        id=f"{COURSE}/units/one",
        title={"en": "Unit one"},
        description={"en": "About Unit one"},
        objectives=(),
        url="index.html?a=1&b=2",
        move_on="CompletedAndPassed",
        mastery=8500,
        launch_method="OwnWindow",
        activity_type="http://adlnet.gov/expapi/activities/lesson",
        launch_parameters="start=1",
        entitlement_key="xyz",
    )
    assert refers not in str(course)


def test_what_is_left_out_has_the_defaults_of_the_schema():
    found = read().parts[0]
    assert (found.move_on, found.launch_method, found.mastery) == (
        "NotApplicable",
        "AnyWindow",
        None,
    )
    assert (found.launch_parameters, found.entitlement_key) == (None, None)


def test_a_unit_refers_to_objectives():
    inner = f'<objectives><objective idref="{COURSE}/goals/1"/></objectives>'
    written = unit().replace("<url>", f"{inner}<url>")
    assert read(written).parts[0].objectives == (f"{COURSE}/goals/1",)


def test_elements_and_attributes_of_others_are_passed_over():
    theirs = '<x:word xmlns:x="urn:theirs" level="2"><x:deep/></x:word>'
    written = unit(inner=theirs).replace("<au ", '<au xmlns:y="urn:y" y:colour="red" ')
    assert len(read(written, after=theirs).parts) == 1


def test_more_than_a_thousand_units_are_read():
    assert len(read(*[unit(str(n)) for n in range(1500)]).parts) == 1500


def test_texts_are_kept_in_every_language():
    written = unit().replace(
        text("title", "Unit one"),
        '<title><langstring lang="zh-CN"> 第一课 </langstring><langstring>One</langstring></title>',
    )
    assert read(written).parts[0].title == {"zh-CN": "第一课", "und": "One"}


OUTSIDE = "https://elsewhere.example/x"
REFUSED = {
    "another namespace": {"namespace": "http://www.adlnet.gov/cmi5/CourseStructure.xsd"},
    "a course id that is no IRI": {"course": "publisher.example/course"},
    "an empty course id": {"course": ""},
    "no part": {"parts": [" "]},
    "a unit id that is no IRI": {"parts": [unit(id="units/1")]},
    "no unit id": {"parts": [unit(id=None)]},
    "a block id that is no IRI": {"parts": [block("x", unit(), id="blocks/1")]},
    "an objective id that is no IRI": {
        "objectives": f'<objectives><objective id="goal">{head("G")}</objective></objectives>'
    },
    "an objective without a description": {
        "objectives": f'<objectives><objective id="{COURSE}/g">{text("title", "G")}</objective>'
        "</objectives>"
    },
    "objectives without one": {"objectives": "<objectives></objectives>"},
    "two units of one id": {"parts": [unit("a"), block("b", unit("a"))]},
    "two blocks of one id": {"parts": [block("a", unit("a")), block("a", unit("b"))]},
    "two objectives of one id": {
        "objectives": "<objectives>"
        + f'<objective id="{COURSE}/g">{head("G")}</objective>' * 2
        + "</objectives>"
    },
    "an empty block": {"parts": [block("a")]},
    "a unit without a title": {"parts": [unit().replace(text("title", "Unit one"), "")]},
    "a unit without an address": {"parts": [unit().replace("<url>index.html</url>", "")]},
    "an empty address": {"parts": [unit(url="")]},
    "two addresses": {"parts": [unit(inner="<url>index.html</url>")]},
    "an address before the title": {
        "parts": [unit().replace("<title>", "<url>index.html</url><title>", 1)]
    },
    "an element of the profile behind one of others": {
        "parts": [unit(inner='<x xmlns="urn:x"/><entitlementKey>k</entitlementKey>')]
    },
    "an element the schema has not": {"parts": [unit(inner="<duration>1</duration>")]},
    "an attribute the schema has not": {"parts": [unit(passIsFinal="true")]},
    "a title without a text": {"parts": [unit().replace(text("title", "Unit one"), "<title/>")]},
    "a language that is none": {"parts": [unit().replace('lang="en"', 'lang="e n"', 1)]},
    "a criterion that is none": {"parts": [unit(moveOn="Sometimes")]},
    "a launch method that is none": {"parts": [unit(launchMethod="Frame")]},
    "a mastery score above one": {"parts": [unit(masteryScore="1.01")]},
    "a mastery score below zero": {"parts": [unit(masteryScore="-0.1")]},
    "a mastery score of five decimals": {"parts": [unit(masteryScore="0.12345")]},
    "a mastery score in words": {"parts": [unit(masteryScore="most")]},
    "a mastery score that is no number": {"parts": [unit(masteryScore="NaN")]},
    "a file that is not there": {"parts": [unit(url="other.html")]},
    "a file above the package": {"parts": [unit(url="../index.html")]},
    "a path from the root": {"parts": [unit(url="/index.html")]},
    "a host without a scheme": {"parts": [unit(url="//elsewhere.example/index.html")]},
    "a script as address": {"parts": [unit(url="javascript:alert(1)")]},
    "data as address": {"parts": [unit(url="data:text/html,hello")]},
    "a file of the server": {"parts": [unit(url="file:///etc/passwd")]},
    "a scheme without a host": {"parts": [unit(url="https:index.html")]},
    "an address with spaces": {"parts": [unit(url="https://elsewhere.example/a b")]},
    "a port that is none": {"parts": [unit(url="https://elsewhere.example:99999/")]},
    "a broken host": {"parts": [unit(url="https://[::1/")]},
    **{
        f"a query with {name}": {"parts": [unit(url=f"index.html?a=1&amp;{name}=2")]}
        for name in ("endpoint", "fetch", "actor", "registration", "activityId")
    },
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_breaks_a_rule_is_refused(case):
    given = dict(REFUSED[case])
    with pytest.raises(StructureUnfit) as why:
        read(*given.pop("parts", ()), **given)
    assert why.value.pointer.startswith("/")


@pytest.mark.parametrize("address", ["index.html", "./index.html", "media/clip.mp4"])
def test_without_a_package_every_address_is_complete(address):
    with pytest.raises(StructureUnfit):
        read(unit(url=address), files=None)
    assert read(unit(url=OUTSIDE), files=None).parts[0].url == OUTSIDE


def test_an_application_has_a_scheme_of_its_own():
    assert read(unit(url="trainer://start/lesson1")).parts[0].url == "trainer://start/lesson1"


def test_blocks_lie_twenty_levels_deep_at_most():
    def nested(depth):
        return unit() if not depth else block(str(depth), nested(depth - 1))

    assert len(read(nested(19)).parts) == 20
    with pytest.raises(StructureUnfit):
        read(nested(20))


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    f'<courseStructure xmlns="{packages.NAMESPACE}">&b;</courseStructure>'
)


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"<courseStructure",
        b"not xml",
        BOMB.encode(),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"<x>" * 200_000,
        b'<?xml version="1.0" encoding="no-such"?><x/>',
        b"\xff\xfe<\x00",
        b"<x>" + b" " * (10 * 1024 * 1024) + b"</x>",
    ],
    ids=["empty", "cut", "text", "entities", "outside", "deep", "encoding", "utf-16", "large"],
)
def test_what_is_no_safe_xml_is_refused(written):
    with pytest.raises(StructureUnfit):
        reading.read(written, files=FILES)
