"""store_batch: received = accepted + duplicate + quarantined, whatever comes."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.people.models import OutsideAccount, Person
from xueqiao.records import actors, checking, statements, summary
from xueqiao.records.models import Activity, Actor, Batch, Quarantine, Reason, Statement, Verb
from xueqiao.records.statements import BatchResult


@pytest.mark.django_db
def test_each_item_is_accepted_duplicate_or_quarantined():
    held, other = f.statement(), f.statement()
    f.store(held)
    conflict, bad = held | {"result": {"success": True}}, f.statement(actor={})
    refused = checking.Refused("a;b", Reason.TIME_MISSING, pointer="Time")
    items = [*f.incoming(held, other, other, conflict, bad, f.statement(id=None)), refused]

    result = statements.store_batch(
        source=f.source(), items=items, received_at=clock.now(), batch_key="one"
    )

    assert result == BatchResult(received=7, accepted=2, duplicate=2, quarantined=3)
    assert list(
        Quarantine.objects.order_by("position").values_list("position", "reason", "pointer", "text")
    ) == [
        (3, "conflict", "/id", json.dumps(conflict)),
        (4, "invalid", "/actor", json.dumps(bad)),
        (6, "time_missing", "Time", "a;b"),
    ]
    [found] = summary.by_source()
    assert (found.received, found.accepted, found.duplicate, found.quarantined) == (8, 3, 2, 3)
    assert found.reasons == {"conflict": 1, "invalid": 1, "time_missing": 1}


@pytest.mark.django_db
def test_a_batch_sent_twice_changes_nothing_and_another_under_its_key_is_refused():
    first, second = f.statement(), f.statement()
    once = f.store(first, f.statement(actor={}), key="k")
    rows = list(Statement.objects.values()), list(Batch.objects.values())

    again = statements.store_batch(
        source=f.source(), received_at=clock.now(), batch_key="k",
        items=[*f.incoming(first), *f.incoming(json.loads(Quarantine.objects.get().text))],
    )  # fmt: skip

    assert again == once == BatchResult(2, 1, 0, 1)
    assert (list(Statement.objects.values()), list(Batch.objects.values())) == rows
    with pytest.raises(statements.KeyReused):
        f.store(second, key="k")
    assert f.store(second, key="k", of=f.source("another")).accepted == 1


@pytest.mark.django_db
def test_the_database_refuses_a_batch_that_does_not_add_up():
    f.store(f.statement())
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.update(accepted=2)


@pytest.mark.django_db
def test_verbs_activities_and_actors_are_stored_once():
    f.store(f.statement(), f.statement())
    f.store(f.statement(actor=f.agent("li")), f.statement())
    assert (Verb.objects.count(), Activity.objects.count(), Actor.objects.count()) == (1, 1, 2)
    assert Actor.objects.values_list("ifi", "home_page", "name").earliest("pk") == (
        "account|https://school.example|wei", "https://school.example", "wei",
    )  # fmt: skip


@pytest.mark.django_db
def test_a_batch_costs_the_same_number_of_queries_for_3_and_for_300(django_assert_max_num_queries):
    for size in (3, 300):
        with django_assert_max_num_queries(32):
            f.store(*(f.statement() for _ in range(size)))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"stored": "2020-01-01T00:00:00Z"}, {"version": "1.0.0"}, {"timestamp": None},
        {"timestamp": "2026-03-02T01:30:00Z"}, {"authority": f.agent("x")},
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/experienced", "display": {"en": "x"}}},
        {"object": {"id": "https://school.example/course/1", "definition": {"name": {"en": "x"}}}},
    ],
)  # fmt: skip
def test_differences_that_a_store_may_make_are_no_conflict(change):
    sent = f.statement()
    f.store(sent)
    changed = {name: value for name, value in (sent | change).items() if value is not None}
    assert f.store(changed) == BatchResult(1, 0, 1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"actor": f.agent("li")}, {"verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}},
        {"object": {"id": "https://school.example/course/2"}}, {"result": {"duration": "PT60S"}},
        {"timestamp": "2026-03-02T09:30:01+08:00"}, {"context": {"language": "zh"}},
    ],
)  # fmt: skip
def test_other_differences_are_a_conflict(change):
    sent = f.statement(result={"duration": "PT1M"})
    f.store(sent)
    assert f.store(sent | change) == BatchResult(1, 0, 0, 1)


@pytest.mark.django_db
def test_the_order_of_members_and_one_activity_instead_of_a_list_are_no_conflict():
    members = [f.agent("a"), f.agent("b")]
    parent = {"id": "https://school.example/course/9"}
    sent = f.statement(
        actor={"objectType": "Group", "member": members},
        context={"contextActivities": {"parent": parent}},
    )
    f.store(sent)
    same = sent | {
        "actor": {"objectType": "Group", "member": members[::-1]},
        "context": {"contextActivities": {"parent": [parent]}},
    }
    assert f.store(same) == BatchResult(1, 0, 1, 0)


@pytest.mark.django_db
def test_stored_times_rise_from_batch_to_batch():
    for _ in range(4):
        f.store(f.statement(), f.statement())
    stamps = list(Statement.objects.order_by("pk").values_list("stored_at", flat=True))
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == 4


@pytest.mark.django_db
def test_an_actor_is_a_person_only_while_somebody_linked_the_account():
    f.store(f.statement(), f.statement(actor={"mbox": "mailto:wei@school.example"}))
    actor = Actor.objects.get(name="wei")
    person = Person.objects.create(
        key="6b1c1d0e-0000-4000-8000-000000000001", name="魏", opened_at=clock.now()
    )
    assert (actors.resolve(at=clock.now()), actor.learner_id) == (0, 2 * actor.pk + 1)

    link = OutsideAccount.objects.create(
        person=person, home_page="https://school.example", name="wei", linked_at=clock.now()
    )
    linked_at = clock.now()
    assert (actors.resolve(at=linked_at), actors.resolve(at=clock.now())) == (1, 0)
    actor.refresh_from_db()
    assert (actor.learner_id, actor.updated_at) == (2 * person.pk, linked_at)

    link.delete()
    assert actors.resolve(at=clock.now()) == 1
    actor.refresh_from_db()
    assert actor.person_id is None


class BatchesAddUp(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=8), max_size=5)
    )
    def test_whatever_is_sent_in_whatever_batches(self, batches):
        """A model in plain Python: the first content of an id wins, its equals are duplicates."""
        held, numbers, expected = {}, {}, []
        base = [f.statement() for _ in range(5)]
        for batch in batches:
            counts = [0, 0, 0]
            for number, content in batch:
                if content == 2:
                    counts[2] += 1
                elif number not in held:
                    held[number] = content
                    counts[0] += 1
                else:
                    counts[1 if held[number] == content else 2] += 1
            expected.append(BatchResult(len(batch), *counts))
        results = [f.store(*(self.made(base, *each) for each in batch)) for batch in batches]

        assert results == expected
        assert Statement.objects.count() == len(held) == sum(each.accepted for each in results)
        assert Quarantine.objects.count() == sum(each.quarantined for each in results)
        del numbers

    @staticmethod
    def made(base, number, content):
        wrong = {"verb": {}} if content == 2 else {"result": {"success": content == 1}}
        return base[number] | wrong


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.django_db(transaction=True)
def test_eight_writers_who_share_actors_and_statements_are_all_served():
    """Each sends the same actors in another order, and some of the same statements."""
    source, writers, rounds = f.source(), 8, 6
    shared = [f.statement(actor=f.agent(f"p{n}")) for n in range(40)]
    own = [
        [
            [f.statement(actor=f.agent(f"p{(n * 7 + w) % 40}")) for n in range(20)]
            for _ in range(rounds)
        ]
        for w in range(writers)
    ]
    start = threading.Barrier(writers)

    def write(number):
        start.wait()
        done = []
        for turn, some in enumerate(own[number]):
            batch = [*shared[number::2], *some, *shared[: number + 5][::-1]]
            unique = list({each["id"]: each for each in batch}.values())
            done.append(f.store(*unique, of=source, key=f"{number}:{turn}"))
        connection.close()
        return done

    with ThreadPoolExecutor(writers) as pool:
        results = [each for some in pool.map(write, range(writers)) for each in some]

    sent = {each["id"] for each in shared} | {e["id"] for w in own for b in w for e in b}
    touched = {
        each["id"]
        for number in range(writers)
        for each in [*shared[number::2], *shared[: number + 5]]
    } | {e["id"] for w in own for b in w for e in b}
    assert sum(each.accepted for each in results) == Statement.objects.count() == len(touched)
    assert touched <= sent
    assert sum(each.quarantined for each in results) == 0
    assert Actor.objects.count() == 40
