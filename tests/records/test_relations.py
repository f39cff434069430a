"""What statements name: rows only where no column says it, cleared with the statement."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from tests.conformance import files
from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records import attachments, definitions, query, relations, statements
from xueqiao.records.models import (
    Activity,
    Quarantine,
    Role,
    Statement,
    StatementActivity,
    StatementAgent,
    StatementAttachment,
    StatementReference,
)  # fmt: skip
from xueqiao.records.statements import BatchResult

COURSE = "https://school.example/course/9"
LI, CHEN = f.agent("li"), f.agent("chen")


def about(key, **changes):
    return f.statement(object={"objectType": "StatementRef", "id": key}, **changes)


def voids(key):
    return about(key, verb={"id": "http://adlnet.gov/expapi/verbs/voided"})


@pytest.mark.django_db
def test_a_plain_statement_has_no_row():
    f.store(f.statement(), f.statement(context={"language": "zh"}))
    tables = (StatementAgent, StatementActivity, StatementReference, StatementAttachment)
    assert [model.objects.count() for model in tables] == [0, 0, 0, 0]


@pytest.mark.django_db
def test_each_name_has_one_row_in_its_nearest_role():
    group = {"objectType": "Group", "member": [LI, f.agent("wei")]}
    parents = {
        "parent": {"id": COURSE},
        "other": [{"id": COURSE}, {"id": f.statement()["object"]["id"]}],
    }
    f.store(f.statement(context={
        "instructor": LI, "team": group | CHEN, "contextActivities": parents,
    }))  # fmt: skip
    assert set(StatementAgent.objects.values_list("actor__name", "role", "is_related")) == {
        ("li", Role.INSTRUCTOR, True), ("chen", Role.TEAM, True),
    }  # fmt: skip
    assert list(StatementActivity.objects.values_list("activity__iri", "role")) == [
        (COURSE, Role.PARENT)
    ]


@pytest.mark.django_db
def test_forgetting_a_statement_clears_what_it_names_and_nothing_else():
    inner = f.statement(id=None, context={"contextActivities": {"parent": {"id": COURSE}}})
    gone = f.statement(context={"instructor": LI}, object={"objectType": "SubStatement", **inner})
    kept = f.statement(context={"instructor": LI, "contextActivities": {"other": {"id": COURSE}}})
    f.store(gone, kept, about(gone["id"]))
    rows = dict(Statement.objects.values_list("uuid", "pk"))
    by_text = {str(key): row for key, row in rows.items()}

    relations.forget([by_text[gone["id"]]])

    left = {by_text[kept["id"]]}
    assert set(StatementAgent.objects.values_list("statement_id", flat=True)) == left
    assert set(StatementActivity.objects.values_list("statement_id", flat=True)) == left
    assert StatementReference.objects.count() == 1


@pytest.mark.django_db
def test_a_chain_reaches_64_statements_and_a_ring_ends():
    chain = [f.statement(object={"id": COURSE})]
    for _ in range(relations.LONGEST_CHAIN + 5):
        chain.append(about(chain[-1]["id"]))
    f.store(*chain[::2])
    f.store(*chain[1::2])
    most = StatementReference.objects.filter(statement__uuid=chain[-1]["id"]).count()
    assert most == relations.LONGEST_CHAIN
    found = query.page(query.Filters(activity=COURSE)).rows
    assert len(found) >= relations.LONGEST_CHAIN
    one, other = f.statement(), f.statement()
    f.store(about(one["id"], id=other["id"]), about(other["id"], id=one["id"]))
    assert StatementReference.objects.filter(statement__uuid=one["id"]).count() == 2


@pytest.mark.django_db
def test_what_is_dated_ahead_or_voids_anothers_lies_in_quarantine():
    mine, ahead = f.statement(), clock.now() + timedelta(hours=25)
    f.store(mine)
    soon = clock.now() + timedelta(hours=23)
    result = f.store(
        voids(mine["id"]), f.statement(timestamp=ahead.isoformat()),
        f.statement(timestamp=soon.isoformat()), voids(f.statement()["id"]),
        of=f.source("other"),
    )  # fmt: skip
    assert result == BatchResult(received=4, accepted=2, duplicate=0, quarantined=2)
    held = Quarantine.objects.order_by("position").values_list("reason", "pointer")
    assert list(held) == [("not_yours", "/object/id"), ("time_future", "/timestamp")]
    assert query.one(Statement.objects.earliest("pk").uuid, voided=False) is not None


@pytest.mark.django_db
def test_files_of_intake_are_kept_where_they_came_and_not_asked_for_where_they_did_not():
    data = b"an essay"
    sent = f.statement(attachments=[files.described(data)])
    options = {"source": f.source(), "received_at": clock.now()}
    without = statements.store_batch(items=f.incoming(sent), batch_key="1", **options)
    with_file = statements.store_batch(
        items=f.incoming(sent | {"id": f.statement()["id"]}), batch_key="2",
        parts=attachments.by_hash([attachments.Part(files.sha2(data), "text/plain", data)]),
        **options,
    )  # fmt: skip
    missing = statements.store_batch(
        items=f.incoming(sent | {"id": f.statement()["id"]}), batch_key="3", parts={}, **options
    )
    assert (without.accepted, with_file.accepted, missing.quarantined) == (1, 1, 1)
    [held] = attachments.of_page(Statement.objects.values_list("pk", flat=True))
    assert attachments.read(held) == data

    assert attachments.forget([held.statement_id]) == [held.content]
    attachments.remove([held.content])
    with pytest.raises(FileNotFoundError):
        attachments.read(held)


@pytest.mark.django_db
def test_a_definition_is_merged_once_and_new_words_win(django_assert_num_queries):
    def say(**definition):
        f.store(f.statement(object={"id": COURSE, "definition": definition}))

    say(name={"en": "Tea"}, type="https://a.example/course")
    say(name={"zh": "茶"}, extensions={"https://a.example/x": 1})
    say(name={"en": "Green tea"}, extensions={"https://a.example/y": 2})
    assert Activity.objects.get(iri=COURSE).definition == {
        "name": {"en": "Green tea", "zh": "茶"},
        "type": "https://a.example/course",
        "extensions": {"https://a.example/x": 1, "https://a.example/y": 2},
    }
    assert definitions.known([COURSE, "https://a.example/none"]).keys() == {COURSE}


@pytest.mark.django_db
def test_a_definition_with_a_character_that_no_database_keeps_stays_with_its_statement():
    sent = f.statement(object={"id": COURSE, "definition": {"name": {"en": "Tea\x00"}}})
    assert f.store(sent).accepted == 1
    assert definitions.known([COURSE]) == {}


@pytest.mark.django_db(transaction=True)
def test_a_definition_that_was_merged_is_not_looked_at_again(django_assert_num_queries):
    number = Activity.objects.create(iri=COURSE).pk
    said = [(number, {"name": {"en": "Tea"}})]
    with transaction.atomic():
        definitions.merge(said)
    with django_assert_num_queries(0):
        definitions.merge(said)


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.django_db(transaction=True)
def test_the_ends_of_a_chain_that_come_at_once_see_each_other():
    """Eight writers, each with one link of chains whose ends nobody has yet."""
    source, writers, rounds = f.source(), 8, 6
    chains = []
    for _ in range(rounds):
        chain = [f.statement(object={"id": COURSE})]
        for _link in range(writers - 1):
            chain.append(about(chain[-1]["id"]))
        chains.append(chain)
    start = threading.Barrier(writers)

    def write(number):
        for turn, chain in enumerate(chains):
            start.wait()
            f.store(chain[number], of=source, key=f"{number}:{turn}")
        connection.close()

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    found = {str(each.uuid) for each in query.page(query.Filters(activity=COURSE)).rows}
    assert found == {each["id"] for chain in chains for each in chain}


@pytest.mark.django_db
@pytest.mark.parametrize("few", [1000, 2])
def test_references_are_found_whether_few_or_many_are_let_through(few, monkeypatch):
    monkeypatch.setattr(query, "_FEW", few)
    sent = [f.statement(object={"id": COURSE}) for _ in range(5)]
    context = {"contextActivities": {"parent": {"id": COURSE}}}
    related = [f.statement(context=context | {"instructor": LI}) for _ in range(5)]
    pointing = [about(each["id"]) for each in (*sent, *related)]
    f.store(*sent, *related, *pointing, voids(sent[0]["id"]), f.statement())
    for filters, expected in (
        (query.Filters(activity=COURSE), 4 + 5 + 1),
        (query.Filters(activity=COURSE, related_activities=True), 9 + 10 + 1),
        (query.Filters(agent="account|https://school.example|li", related_agents=True), 10),
        (query.Filters(verb=sent[0]["verb"]["id"]), 4 + 5 + 10 + 1 + 1),
    ):
        assert len(query.page(filters).rows) == expected
