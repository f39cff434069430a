"""Reactions: once for what has come together, whatever the order and however often it is run."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records.models import Statement
from xueqiao.relay import reactions
from xueqiao.relay.models import Reaction

pytestmark = pytest.mark.django_db(transaction=True)
ADL = "http://adlnet.gov/expapi/verbs/"
RULE = {
    "conditions": {
        "watched": {"verbs": [f"{ADL}completed"]},
        "passed": {"verbs": [f"{ADL}passed"], "success": True, "least_scaled": 60},
    },
    "within_days": 30,
    "repeat": "once",
    "same": ["activity"],
    "verb": {"id": f"{ADL}mastered", "display": {"en": "mastered"}},
    "activity": None,
}
COURSE = {"id": "https://school.example/course/1"}


def completed(who="wei", **changes):
    return f.statement(actor=f.agent(who), verb={"id": f"{ADL}completed"}, **changes)


def passed(who="wei", scaled=0.8, **changes):
    result = {"success": True, "score": {"scaled": scaled}}
    return f.statement(actor=f.agent(who), verb={"id": f"{ADL}passed"}, result=result, **changes)


def rule(**changes):
    return reactions.create(name="Mastery", rule=RULE | changes, at=clock.now(), by=None)


def written():
    rows = Statement.objects.filter(source__code__startswith=reactions.PREFIX).order_by("pk")
    return [json.loads(row.text) for row in rows]


def run():
    return reactions.run(now=clock.now())


def test_the_last_of_several_sets_it_off_once():
    rule()
    last = passed()
    f.store(completed())
    assert run() == 0
    f.store(last)
    assert run() == 1
    (said,) = written()
    assert said["verb"]["id"] == f"{ADL}mastered"
    assert (said["actor"], said["object"]) == (last["actor"], COURSE)
    assert said["context"]["statement"]["id"] == last["id"]

    f.store(passed(), completed())
    assert (run(), run()) == (0, 0)
    assert Reaction.objects.get().written == 1


@pytest.mark.parametrize(
    "others",
    [
        [completed("li")],
        [completed(object={"id": "https://school.example/course/2"})],
        [],
    ],
    ids=["another learner", "another course", "nothing"],
)
def test_what_does_not_belong_together_sets_nothing_off(others):
    rule()
    f.store(*others, passed())
    assert run() == 0


@pytest.mark.parametrize("scaled", [0.59, -1])
def test_a_condition_asks_for_its_score(scaled):
    rule()
    f.store(completed(), passed(scaled=scaled))
    assert run() == 0


def test_what_others_did_to_the_learner_is_not_the_learners():
    rule(same=[])
    f.store(f.statement(actor=f.agent("li"), verb={"id": f"{ADL}completed"},
                        object=f.agent("wei") | {"objectType": "Agent"}), passed())  # fmt: skip
    assert run() == 0


def test_each_time_where_asked():
    rule(repeat="each")
    f.store(completed(), passed(), passed())
    assert run() == 2


def test_what_reactions_wrote_sets_nothing_off():
    rule(
        conditions={"a": {"verbs": [f"{ADL}mastered"]}, "b": {"verbs": [f"{ADL}passed"]}},
        repeat="each",
    )
    f.store(passed(), f.statement(actor=f.agent("wei"), verb={"id": f"{ADL}mastered"}))
    assert run() == 1
    assert run() == 0


def test_a_paused_rule_goes_on_where_it_stopped():
    held = rule()
    reactions.pause(reaction=held, at=clock.now())
    f.store(completed(), passed())
    assert run() == 0
    reactions.go_on(reaction=held)
    assert run() == 1


def test_a_new_version_writes_anew_and_a_preview_writes_nothing():
    held = rule()
    f.store(completed(), passed())
    assert len(reactions.preview(rule=RULE)) == 1
    assert written() == []
    run()
    reactions.change(reaction=held, rule=RULE | {"within_days": 2})
    f.store(passed())
    assert run() == 1


@given(st.lists(st.sampled_from(["completed", "passed", "run"]), max_size=8))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_once_in_any_order_and_any_number_of_runs(moves):
    Reaction.objects.all().delete()
    who = f"learner-{f.statement()['id']}"
    before = len(written())
    reactions.create(name=f"Rule {who}", rule=RULE, at=clock.now(), by=None)
    for move in [*moves, "run"]:
        {"completed": lambda: f.store(completed(who)), "passed": lambda: f.store(passed(who)),
         "run": run}[move]()  # fmt: skip
    wanted = int("completed" in moves and "passed" in moves)
    assert len(written()) - before == wanted
    assert run() == 0


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"conditions": {}}, "conditions"),
        ({"conditions": {"a": {"verbs": []}, "b": {"verbs": ["v"]}}}, "conditions/a/verbs"),
        ({"conditions": {"a": {"colour": ["red"]}, "b": {"verbs": ["v"]}}}, "conditions/a/colour"),
        ({"repeat": "often"}, "repeat"),
        ({"within_days": 0}, "within_days"),
        ({"same": ["mood"]}, "same"),
        ({"verb": {"id": "no address"}}, "/verb/id"),
        ({"activity": {"name": "x"}}, "/object/name"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_is_refused_by_place(wrong, pointer):
    with pytest.raises(reactions.RuleUnfit) as why:
        reactions.read(RULE | wrong)
    assert why.value.pointer == pointer
