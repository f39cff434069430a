"""Profiles: a source's real statements against templates, counted and shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.records import factories as f
from xueqiao import sample
from xueqiao.intake import feed, funmooc
from xueqiao.kernel import clock
from xueqiao.records.models import Source
from xueqiao.relay.models import ProfileContract, TemplateTally
from xueqiao.relay.profiles import contracts, document, matching

pytestmark = pytest.mark.django_db(transaction=True)
VIDEO = "https://w3id.org/xapi/video"
ADL = "http://adlnet.gov/expapi/verbs/"


def template(name, verb="", rules=(), **more):
    made = {"id": f"{VIDEO}/templates#{name}", "prefLabel": {"en": name}, "rules": list(rules)}
    return made | ({"verb": verb} if verb else {}) | more


def extension(part, name, **asked):
    return {"location": f"$.{part}.extensions['{VIDEO}/extensions/{name}']", **asked}


def profile(*templates):
    return {
        "type": "Profile",
        "id": VIDEO,
        "conformsTo": "https://w3id.org/xapi/profiles#1.0",
        "versions": [{"id": f"{VIDEO}/test", "generatedAtTime": "2026-01-01T00:00:00Z"}],
        "prefLabel": {"en": "Video"},
        "templates": list(templates),
    }


def loaded(*templates):
    return contracts.load(given=profile(*templates), at=clock.now(), by=None)


def test_a_week_of_real_videos_is_checked_and_every_break_is_named(settings):
    feed.run(feed=funmooc.FEED, folder=Path(sample.__file__).parent)
    source = Source.objects.get(code="funmooc")
    session = extension("context", "session-id", presence="included")
    held = loaded(
        template("all", rules=[session, {"location": "$.timestamp", "presence": "included"}]),
        template(
            "played",
            f"{VIDEO}/verbs/played",
            [extension("result", "time", presence="included")],
            objectActivityType=f"{VIDEO}/activity-type/video",
        ),
        template(
            "seeked",
            f"{VIDEO}/verbs/seeked",
            [extension("result", "time", presence="included")],
        ),
        template("never", f"{VIDEO}/verbs/shouted"),
    )
    contract = contracts.agree(source=source, profile=held, from_start=True, at=clock.now())

    assert contracts.run(now=clock.now()) == 22_000
    assert contracts.run(now=clock.now()) == 0

    told = {each.template.title: each for each in contracts.report(contract=contract)}
    assert [(told[n].checked, told[n].broken) for n in told] == [
        (22_000, 0),
        (6_603, 0),
        (2_995, 2_995),
        (0, 0),
    ]
    assert len(told["seeked"].breaches) == contracts.BREACHES_KEPT
    assert ProfileContract.objects.get().unmatched == 0


def test_statements_of_other_sources_are_not_checked_and_those_of_no_template_are_counted():
    held = loaded(template("did", f"{ADL}completed"))
    mine, other = f.source("mine"), f.source("other")
    contract = contracts.agree(source=mine, profile=held, from_start=True, at=clock.now())
    f.store(f.statement(verb={"id": f"{ADL}completed"}), f.statement(), of=mine)
    f.store(f.statement(verb={"id": f"{ADL}completed"}), of=other)
    contracts.run(now=clock.now())
    contract.refresh_from_db()
    assert contract.unmatched == 1
    assert [row.checked for row in TemplateTally.objects.all()] == [1]


RULES = [
    ({"presence": "included"}, {"x": 1}, True),
    ({"presence": "included"}, {}, False),
    ({"presence": "excluded"}, {"x": 1}, False),
    ({"presence": "excluded"}, {}, True),
    ({"presence": "recommended"}, {}, True),
    ({"any": [1, 2]}, {"x": 2}, True),
    ({"any": [1, 2]}, {"x": 3}, False),
    ({"any": [1, 2]}, {}, True),
    ({"presence": "included", "all": [1]}, {"x": 2}, False),
    ({"all": [1, 2]}, {"x": 1}, True),
    ({"none": [1]}, {"x": 1}, False),
    ({"none": [1]}, {"x": 2}, True),
]


@pytest.mark.parametrize(("asked", "held", "keeps"), RULES)
def test_a_rule_is_kept_or_broken(asked, held, keeps):
    rule = {"location": "$.result.extensions.x", **asked}
    (one,) = document.read(profile(template("t", f"{ADL}completed", [rule]))).templates
    said = f.statement(verb={"id": f"{ADL}completed"}, result={"extensions": held})
    assert (matching.broken(one, said) == []) is keeps


def test_a_selector_asks_each_place_for_its_own():
    rule = {
        "location": "$.context.contextActivities.parent[*]",
        "selector": "$.definition.type",
        "presence": "included",
    }
    (one,) = document.read(profile(template("t", f"{ADL}completed", [rule]))).templates
    typed, bare = (
        {"id": "https://a.example/1", "definition": {"type": "https://t.example"}},
        {"id": "https://a.example/2"},
    )

    def keeps(*parents):
        context = {"contextActivities": {"parent": list(parents)}}
        return not matching.broken(one, f.statement(context=context))

    assert keeps(typed)
    assert not keeps(typed, bare)
    assert not keeps()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"type": "Concept"}, "/type"),
        ({"conformsTo": "https://other.example"}, "/conformsTo"),
        ({"versions": []}, "/versions"),
        ({"templates": []}, "/templates"),
        ({"templates": [template("t", rules=[{"location": "$.[", "any": [1]}])]},
         "/templates/0/rules/0/location"),
        ({"templates": [template("t", rules=[{"location": "$.a"}])]}, "/templates/0/rules/0"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_checked_against_is_refused_by_place(changes, pointer):
    with pytest.raises(document.ProfileUnfit) as why:
        document.read(profile(template("t")) | changes)
    assert why.value.pointer == pointer


def test_a_contract_is_made_once_and_ends():
    held, source = loaded(template("t", f"{ADL}completed")), f.source()
    contract = contracts.agree(source=source, profile=held, from_start=True, at=clock.now())
    with pytest.raises(contracts.AlreadyAgreed):
        contracts.agree(source=source, profile=held, from_start=True, at=clock.now())
    contracts.end(contract=contract, at=clock.now())
    f.store(f.statement(), of=source)
    assert contracts.run(now=clock.now()) == 0
    contracts.agree(source=source, profile=held, from_start=False, at=clock.now())
