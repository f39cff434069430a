"""What a unit says at the endpoint: everything that the profile lets a platform refuse is refused.

Each case is one rule of cmi5 Quartz that a statement breaks; the section stands in its name.
"""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.cmi5 import learning
from tests.cmi5.learning import (
    CATEGORY,
    MASTERY,
    PROGRESS,
    SESSION,
    Unit,
    headers,
    launch,
    register,
    said,
    token,
)
from tests.cmi5.packages import block, unit
from xueqiao.cmi5 import rules
from xueqiao.cmi5.models import Session, Standing
from xueqiao.kernel import clock
from xueqiao.people.models import Person
from xueqiao.records.models import Statement

pytestmark = pytest.mark.django_db

JSON = "application/json"


class Speaker(Unit):
    """A unit that speaks over HTTP with the token of its session."""

    def __init__(self, client, launched):
        super().__init__(launched)
        self.client, self.held = client, token(launched)

    def put(self, statement):
        return self.client.put(
            f"/xapi/statements?statementId={statement['id']}",
            json.dumps(statement),
            content_type=JSON,
            headers=headers(self.held),
        ).status_code

    def post(self, body):
        return self.client.post(
            "/xapi/statements", json.dumps(body), content_type=JSON, headers=headers(self.held)
        ).status_code


@pytest.fixture
def mine(person):
    return register(learning.course(), person("wei"))


@pytest.fixture
def speaker(client, mine):
    found = Speaker(client, launch(mine))
    assert found.put(found.initialized()) == 204
    return found


def test_a_whole_session_is_stored_in_its_order(client, mine):
    unit_ = Speaker(client, launch(mine))
    assert unit_.put(unit_.initialized()) == 204
    assert unit_.post(unit_.own(result={"extensions": {PROGRESS: 50}})) == 200
    assert unit_.post([unit_.passed(), unit_.completed()]) == 200
    assert unit_.put(unit_.terminated()) == 204
    assert said(mine) == [
        "launched", "initialized", "experienced", "passed", "completed", "satisfied", "satisfied",
        "terminated",
    ]  # fmt: skip
    sources = Statement.objects.filter(registration=mine.key).order_by("stored_at", "pk")
    assert [row.source.code for row in sources] == [
        "cmi5", *["cmi5-units"] * 4, "cmi5", "cmi5", "cmi5-units",
    ]  # fmt: skip


def drop(path):
    def change(made):
        *way, last = path.split("/")
        for step in way:
            made = made[step]
        del made[last]

    return change


def put_in(path, value):
    def change(made):
        *way, last = path.split("/")
        for step in way:
            made = made.setdefault(step, {})
        made[last] = value

    return change


def category(*names):
    return put_in("context/contextActivities/category", [{"id": CATEGORY + name} for name in names])


def extension(name, value):
    def change(made):
        held = made["context"]["extensions"]
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value

    return change


def score(**parts):
    return put_in("result/score", parts)


MBOX = {"mbox": "mailto:wei@example.com"}
OTHER = {"account": {"homePage": "http://127.0.0.1:8000/", "name": "somebody"}}
GROUP = "objectType"
# Which statement, what is changed about it. All are refused with 403.
BROKEN = {
    "6.3 voiding": (
        "own",
        lambda made: made.update(
            verb={"id": f"{learning.V}voided"},
            object={"objectType": "StatementRef", "id": str(uuid.uuid4())},
        ),
    ),
    "9.1 no id": ("own", drop("id")),
    "9.2 a group": ("passed", put_in("actor/objectType", "Group")),
    "9.2 a mailbox": ("passed", put_in("actor", MBOX)),
    "9.2 somebody else": ("passed", put_in("actor", OTHER)),
    "9.2 somebody else, allowed": ("own", put_in("actor", OTHER)),
    "9.3 launched": ("passed", put_in("verb/id", f"{learning.V}launched")),
    "9.3 abandoned": ("passed", put_in("verb/id", "https://w3id.org/xapi/adl/verbs/abandoned")),
    "9.3 waived": ("passed", put_in("verb/id", "https://w3id.org/xapi/adl/verbs/waived")),
    "9.3 satisfied": ("passed", put_in("verb/id", "https://w3id.org/xapi/adl/verbs/satisfied")),
    "9.3 another verb as defined": ("own", category("cmi5")),
    "9.3 initialized twice": ("initialized", None),
    "9.3 before initialized": ("own", put_in("timestamp", "2026-01-01T00:00:00Z")),
    "9.3 terminated too early": ("terminated", put_in("timestamp", "2026-01-01T00:00:00Z")),
    "9.3.4 passed below mastery": ("passed", score(scaled=0.89)),
    "9.3.5 failed at mastery": ("failed", score(scaled=0.9)),
    "9.3.5 failed above mastery": ("failed", score(scaled=0.91)),
    "9.4 another object": ("passed", put_in("object/id", "http://example.com/other")),
    "9.4 an agent": ("passed", put_in("object", {"objectType": "Agent", **MBOX})),
    "9.5.1 a score of completed": ("completed", score(scaled=0.5)),
    "9.5.1 scaled below zero": ("failed", score(scaled=-0.1)),
    "9.5.1 raw without min": ("passed", score(scaled=0.95, raw=95, max=100)),
    "9.5.1 raw without max": ("passed", score(scaled=0.95, raw=95, min=0)),
    "9.5.1 raw in parts": ("passed", score(scaled=0.95, raw=95.5, min=0, max=100)),
    "9.5.2 passed without success": ("passed", drop("result/success")),
    "9.5.2 passed without being it": ("passed", put_in("result/success", False)),
    "9.5.2 failed without success": ("failed", drop("result/success")),
    "9.5.2 failed as success": ("failed", put_in("result/success", True)),
    "9.5.2 completed with success": ("completed", put_in("result/success", True)),
    "9.5.2 terminated with success": ("terminated", put_in("result/success", True)),
    "9.5.3 completed without completion": ("completed", drop("result/completion")),
    "9.5.3 completed without being it": ("completed", put_in("result/completion", False)),
    "9.5.3 passed with completion": ("passed", put_in("result/completion", True)),
    "9.5.4 terminated without result": ("terminated", drop("result")),
    "9.5.4 terminated without duration": ("terminated", put_in("result", {"response": "bye"})),
    "9.5.4 completed without duration": ("completed", drop("result/duration")),
    "9.5.4 passed without duration": ("passed", drop("result/duration")),
    "9.5.4 failed without duration": ("failed", drop("result/duration")),
    "9.5.5 progress above 100": ("own", put_in("result", {"extensions": {PROGRESS: 101}})),
    "9.5.5 progress in parts": ("own", put_in("result", {"extensions": {PROGRESS: 0.5}})),
    "9.5.5 progress in words": ("own", put_in("result", {"extensions": {PROGRESS: "half"}})),
    "9.5.5 progress as truth": ("own", put_in("result", {"extensions": {PROGRESS: True}})),
    "9.6 no context": ("passed", drop("context")),
    "9.6.1 no registration": ("passed", drop("context/registration")),
    "9.6.1 another registration": ("passed", put_in("context/registration", str(uuid.uuid4()))),
    "9.6.2 no publisher id": ("passed", drop("context/contextActivities/grouping")),
    "9.6.2 no publisher id, allowed": ("own", drop("context/contextActivities")),
    "9.6.2.2 completed without moveon": ("completed", category("cmi5")),
    "9.6.2.2 passed without moveon": ("passed", category("cmi5")),
    "9.6.2.2 failed without moveon": ("failed", category("cmi5")),
    "9.6.2.2 terminated with moveon": ("terminated", category("cmi5", "moveon")),
    "9.6.2.2 allowed with moveon": ("own", category("moveon")),
    "9.6.3.1 no session id": ("own", extension(SESSION, None)),
    "9.6.3.1 another session id": ("passed", extension(SESSION, str(uuid.uuid4()))),
    "9.6.3.2 no mastery score": ("passed", extension(MASTERY, None)),
    "9.6.3.2 another mastery score": ("passed", extension(MASTERY, 0.8)),
    "9.6.3.2 a mastery score in words": ("passed", extension(MASTERY, "0.9")),
    "9.7 no timestamp": ("own", drop("timestamp")),
    "9.7 a timestamp of elsewhere": ("own", put_in("timestamp", "2036-09-01T08:00:00-06:00")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_breaks_the_profile_is_refused(speaker, mine, case):
    kind, change = BROKEN[case]
    made = getattr(speaker, kind)()
    before = said(mine)
    if change:
        change(made)
    # Without an id only POST can carry it.
    assert (speaker.put(made) if "id" in made else speaker.post(made)) == 403
    assert said(mine) == before
    assert not Standing.objects.exists()
    assert speaker.put(speaker.own()) == 204


@pytest.mark.parametrize(
    "change",
    [
        put_in("actor/objectType", "Unknown"),
        put_in("verb/id", "no iri"),
        score(scaled=2),
        put_in("result/duration", "an hour"),
    ],
)
def test_what_is_no_statement_at_all_is_refused_as_such(speaker, change):
    change(made := speaker.passed())
    assert speaker.put(made) == 400


@pytest.mark.parametrize("kind", ["own", "completed", "passed", "failed", "terminated"])
def test_nothing_comes_before_initialized(client, mine, kind):
    unit_ = Speaker(client, launch(mine))
    assert unit_.put(getattr(unit_, kind)()) == 403
    assert unit_.put(unit_.initialized()) == 204


@pytest.mark.parametrize("kind", ["own", "completed", "terminated", "initialized"])
def test_nothing_follows_terminated_and_the_token_is_dead(speaker, kind):
    late = getattr(speaker, kind)()
    assert speaker.put(speaker.terminated()) == 204
    assert speaker.put(late) in {401, 403}
    answer = speaker.client.get("/xapi/statements", headers=headers(speaker.held))
    assert answer.status_code in {401, 403}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("completed", "completed"),
        ("passed", "passed"),
        ("passed", "failed"),
        ("failed", "failed"),
        ("failed", "passed"),
    ],
)
def test_results_of_one_session_do_not_contradict(speaker, first, then):
    assert speaker.put(getattr(speaker, first)()) == 204
    assert speaker.put(getattr(speaker, then)()) == 403


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        ("completed", "completed", 403),
        ("passed", "passed", 403),
        ("passed", "failed", 403),
        ("failed", "passed", 204),
        ("failed", "failed", 204),
        ("completed", "passed", 204),
    ],
)
def test_results_of_another_session_do_not_contradict(speaker, mine, first, then, status):
    assert speaker.put(getattr(speaker, first)()) == 204
    assert speaker.put(speaker.terminated()) == 204
    again = Speaker(speaker.client, launch(mine))
    assert again.put(again.initialized()) == 204
    assert again.put(getattr(again, then)()) == status


@pytest.mark.parametrize("mode", [rules.Mode.BROWSE, rules.Mode.REVIEW])
def test_without_judgement_no_result_is_taken(client, mine, mode):
    unit_ = Speaker(client, launch(mine, mode=mode))
    assert unit_.put(unit_.initialized()) == 204
    for kind in ("completed", "passed", "failed"):
        assert unit_.put(getattr(unit_, kind)()) == 403
    assert unit_.put(unit_.own()) == 204
    assert unit_.put(unit_.terminated()) == 204
    assert not Standing.objects.exists()


def test_a_batch_is_taken_as_a_whole_or_not_at_all(speaker, mine):
    before = said(mine)
    assert speaker.post([speaker.completed(), speaker.passed(0.1)]) == 403
    assert said(mine) == before


def test_a_batch_is_ordered_by_its_timestamps(client, mine):
    unit_ = Speaker(client, launch(mine))
    begun, done, over = unit_.initialized(), unit_.completed(), unit_.terminated()
    assert unit_.post([over, done, begun]) == 200
    assert Session.objects.get().terminated_at is not None


def test_a_statement_sent_again_is_the_same_statement(speaker, mine):
    done = speaker.completed()
    assert speaker.put(done) == 204
    assert speaker.put(done) == 204
    assert said(mine).count("completed") == 1
    assert speaker.put(speaker.completed(id=done["id"])) == 403


def test_the_mastery_score_counts_where_there_is_a_score(speaker):
    assert speaker.put(speaker.passed(None, mastery=None)) == 204


def test_statements_are_read_within_the_registration_only(client, speaker, mine, person):
    other = register(mine.version, person("li"))
    theirs = Speaker(client, launch(other))
    begun = theirs.initialized()
    assert theirs.put(begun) == 204
    answer = client.get("/xapi/statements", headers=headers(speaker.held))
    found = {each["context"]["registration"] for each in answer.json()["statements"]}
    assert found == {str(mine.key)}
    for address in (
        f"/xapi/statements?statementId={begun['id']}",
        f"/xapi/statements?registration={other.key}",
    ):
        assert client.get(address, headers=headers(speaker.held)).status_code in {403, 404}
    assert said(mine)[0] == "launched"


VERBS = ("initialized", "completed", "passed", "failed", "own", "terminated")


class RegistrationsHold(TestCase):
    """Whatever several sessions say in whatever order, what is written keeps the profile."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from([each.value for each in rules.MoveOn]),
        st.lists(
            st.tuples(
                st.sampled_from(["one", "two"]), st.lists(st.sampled_from(VERBS), max_size=6)
            ),
            max_size=4,
        ),
    )
    def test_satisfied_is_said_once_for_each_block_and_course(self, move_on, walks):
        version = learning.course(
            block("a", unit("one", moveOn=move_on)), unit("two", moveOn=move_on)
        )
        learner = Person.objects.create(key=uuid.uuid4(), name="wei", opened_at=clock.now())
        mine = register(version, learner)
        for name, verbs in walks:
            speaks = Speaker(self.client, launch(mine, name))
            for verb in verbs:
                extra = {"mastery": None} if verb in {"passed", "failed"} else {}
                speaks.put(getattr(speaks, verb)(**extra))

        statements = learning.texts(mine, "")
        self._laws(mine, statements, move_on)

    def _laws(self, mine, statements, move_on):
        by_unit = {"one": [], "two": []}
        for made in statements:
            publisher = made["context"]["contextActivities"]["grouping"][0]["id"]
            by_unit.get(publisher.rpartition("/")[2], []).append(
                made["verb"]["id"].rpartition("/")[2]
            )
        met = {
            name: rules.is_met(
                move_on, completed="completed" in verbs, passed="passed" in verbs, waived=False
            )
            for name, verbs in by_unit.items()
        }
        for verbs in by_unit.values():
            assert verbs.count("completed") <= 1
            assert verbs.count("passed") <= 1
            assert "passed" not in verbs or "failed" not in verbs[verbs.index("passed") :]
        objects = [
            made["object"]["definition"]["type"].rpartition("/")[2]
            for made in statements
            if made["verb"]["id"].endswith("/satisfied")
        ]
        assert objects.count("block") == met["one"]
        assert objects.count("course") == all(met.values())
        mine.refresh_from_db()
        assert (mine.satisfied_at is not None) == all(met.values())
        assert len(learning.told()) == all(met.values())
        assert Session.objects.filter(terminated_at=None, abandoned_at=None).count() <= 1
