"""The queries on a statement table that is spread: hashed by learner, months as partitions.

What stands behind decision 58. The table of the migrations is made again in a second schema, spread
over four hash partitions of two months each, with the same columns and indexes; every key of it
carries the distribution key. The product's own queries then run on it, unchanged.
"""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.records import factories
from xueqiao.kernel import clock
from xueqiao.records import names, query
from xueqiao.records.models import Statement

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
SHARDS = 4
TABLE = Statement._meta.db_table
COURSE, VERB = "https://school.example/course/{}", "http://adlnet.gov/expapi/verbs/{}"
REGISTRATIONS = [uuid.UUID(int=number + 1, version=4) for number in range(3)]


def run(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def filled():
    """Statements of 12 learners; half of them stored in an earlier month."""
    made = [
        factories.statement(
            actor=factories.agent(f"learner-{number % 12}"),
            verb={"id": VERB.format("passed" if number % 3 else "failed")},
            object={"id": COURSE.format(number % 5)},
            context={
                "registration": str(REGISTRATIONS[number % 3]),
                "contextActivities": {"parent": [{"id": COURSE.format(f"of-{number % 2}")}]},
            },
        )
        for number in range(240)
    ]
    anonymous = {"objectType": "Group", "member": [factories.agent("learner-3")]}
    factories.store(*made, factories.statement(actor=anonymous))
    for table, key in ((TABLE, "id"), ("records_statementactivity", "statement_id"),
                       ("records_statementagent", "statement_id")):  # fmt: skip
        run(f"update {table} set stored_at = stored_at - interval '1 month' where {key} % 2 = 0")


def spread():
    """The statement table again, hashed and in months, in front of the one it was."""
    run("create schema spread")
    run(
        f"create table spread.{TABLE} (like public.{TABLE} including defaults) "
        "partition by hash (actor_id)"
    )
    months = run(f"select distinct date_trunc('month', stored_at) from {TABLE} order by 1")
    for shard in range(SHARDS):
        part = f"spread.{TABLE}_h{shard}"
        run(
            f"create table {part} partition of spread.{TABLE} for values with "
            f"(modulus {SHARDS}, remainder {shard}) partition by range (stored_at)"
        )
        for (month,) in months:
            run(
                f"create table {part}_{month:%Y_%m} partition of {part} "
                "for values from (%s) to (%s::timestamptz + interval '1 month')", month, month,
            )  # fmt: skip
    # Every key carries what the table is spread by; PostgreSQL and Citus refuse one that does not.
    run(f"alter table spread.{TABLE} add unique (id, actor_id, stored_at)")
    run(f"alter table spread.{TABLE} add unique (uuid, actor_id, stored_at)")
    for index in Statement._meta.indexes:
        columns = ", ".join(Statement._meta.get_field(name).column for name in index.fields)
        run(f"create index on spread.{TABLE} ({columns})")
    run(f"insert into spread.{TABLE} select * from public.{TABLE}")
    run(f"analyze spread.{TABLE}")
    run("set local search_path = spread, public")


def learner(number):
    return f"account|https://school.example|learner-{number}"


FILTERS = {
    "everything": {},
    "agent": {"agent": learner(3)},
    "verb": {"verb": VERB.format("failed")},
    "activity": {"activity": COURSE.format(2)},
    "agent and verb": {"agent": learner(4), "verb": VERB.format("passed")},
    "registration": {"registration": REGISTRATIONS[1]},
    "related activity": {"activity": COURSE.format("of-1"), "related_activities": True},
    "related agent": {"agent": learner(3), "related_agents": True},
}


def walk(given, *, ascending=False):
    """Every statement that the filters let through, page by page."""
    found, behind = [], None
    while True:
        page = query.page(
            query.Filters(**given, ascending=ascending, limit=7, behind=behind), source=None
        )
        found += [row.uuid for row in page.rows]
        behind = page.following
        if behind is None:
            return found


def plans(work):
    """The plans of the queries on statements that some work runs, where no table is small."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        work()
    run("set local enable_seqscan = off")
    asked = [each["sql"] for each in seen if f'FROM "{TABLE}"' in each["sql"]]
    found = [run(f"explain (format json) {each}")[0][0] for each in asked]
    run("set local enable_seqscan = on")
    return [json.loads(each) if isinstance(each, str) else each for each in found]


def nodes(plan):
    here = plan.get("Plan", plan)
    yield here
    for each in here.get("Plans", []):
        yield from nodes(each)


def scans(plan):
    """The scans of the statements that are asked for."""
    return [each for each in nodes(plan[0]) if each.get("Alias", "").startswith(TABLE)]


def shards(found):
    return {each["Relation Name"].split("_h")[1].split("_")[0] for each in found}


def test_every_query_finds_the_same_on_the_spread_table(filled):
    before = {
        (name, ascending): walk(given, ascending=ascending)
        for name, given in FILTERS.items()
        for ascending in (False, True)
    }
    held = Statement.objects.values_list("uuid", flat=True)[0]

    spread()

    assert all(before.values())
    for (name, ascending), found in before.items():
        assert walk(FILTERS[name], ascending=ascending) == found, name
    assert query.one(held, voided=False).uuid == held


def test_a_learner_lies_on_one_shard_and_is_asked_for_there(filled):
    spread()
    number = names.actors([learner(4)], clock.now())[learner(4)]

    (shard,) = {
        name.split("_h")[1].split("_")[0]
        for (name,) in run(
            f"select distinct tableoid::regclass::text from {TABLE} where actor_id = %s", number
        )
    }
    first = plans(lambda: query.page(query.Filters(agent=learner(4))))[0]

    assert shards(scans(first)) == {shard}
    # Who voids a statement may be another learner: that look-up goes to all, by an index of few.
    voiding = [each for each in nodes(first[0]) if each.get("Alias", "").startswith("u0")]
    assert shards(each for each in voiding if "Relation Name" in each) == set(
        map(str, range(SHARDS))
    )
    assert {each["Node Type"] for each in voiding} & {"Seq Scan"} == set()


@pytest.mark.parametrize("name", ["everything", "verb", "activity", "registration"])
def test_what_is_not_of_one_learner_is_merged_from_all_shards_in_order(filled, name):
    spread()

    first = plans(lambda: query.page(query.Filters(**FILTERS[name], limit=7)))[0]

    kinds = {each["Node Type"] for each in nodes(first[0])}
    assert len(shards(scans(first))) == SHARDS
    assert "Seq Scan" not in {each["Node Type"] for each in scans(first)}
    # Each shard gives its first rows in order, so a page costs shards times a page at most.
    assert "Merge Append" in kinds
    assert "Sort" not in kinds


def test_one_id_for_all_shards_needs_a_table_of_its_own(filled):
    """Why decision 58 has a directory of ids: a key of the spread table is one for a shard only."""
    spread()
    row = Statement.objects.exclude(actor=None).first()
    other = names.actors([learner(99)], clock.now())[learner(99)]

    run(
        f"insert into {TABLE} (uuid, text, actor_id, verb_id, activity_id, event_at, stored_at, "
        "source_id, batch_id, version, id) select uuid, text, %s, verb_id, activity_id, event_at, "
        f"stored_at, source_id, batch_id, version, id from {TABLE} where id = %s "
        "on conflict do nothing", other, row.pk,
    )  # fmt: skip

    assert Statement.objects.filter(uuid=row.uuid).count() == 2
