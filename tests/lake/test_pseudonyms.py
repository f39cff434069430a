"""Keys of what leaves the lake: one for each person and purpose, and none for who is gone."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from xueqiao.lake import pseudonyms
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def person():
    return Person.objects.create(key=uuid.uuid4(), name="学习者", opened_at=AT)


def test_a_learner_has_one_key_a_purpose_and_an_agent_of_the_same_number_another():
    one = person().pk
    first = pseudonyms.of([2 * one, 2 * one + 1], purpose="extract:1")
    assert pseudonyms.of([2 * one + 1, 2 * one], purpose="extract:1") == first
    second = pseudonyms.of([2 * one, 2 * one + 1], purpose="extract:2")
    keys = [*first.values(), *second.values()]
    assert len(set(keys)) == 4
    assert {len(key) for key in keys} == {pseudonyms.WIDTH}


def test_without_the_platforms_key_nobody_makes_it(settings):
    one = person().pk
    before = pseudonyms.of([2 * one], purpose="extract:1")
    settings.IDENTITY_KEY = "of another platform"
    assert pseudonyms.of([2 * one], purpose="extract:1") != before


def test_a_table_keeps_its_rows_and_loses_the_numbers():
    one, two = person().pk, person().pk
    rows = pa.table({"learner_id": [2 * one, 2 * two, 2 * one], "days": [1, 2, 3]})
    keys = pseudonyms.of([2 * one, 2 * two], purpose="x")

    found = pseudonyms.replace(rows, purpose="x")

    assert found.to_pydict() == {
        "person_key": [keys[2 * one], keys[2 * two], keys[2 * one]],
        "days": [1, 2, 3],
    }


def test_who_was_erased_has_no_key_and_no_row():
    gone = person()
    number = 2 * gone.pk
    gone.delete()
    rows = pa.table({"learner_id": [number, None], "days": [1, 2]})
    assert pseudonyms.of([number], purpose="x") == {}
    assert pseudonyms.replace(rows, purpose="x").num_rows == 0


@pytest.mark.parametrize("people", [1, 3])
def test_keys_cost_one_query(people, django_assert_num_queries):
    numbers = [2 * person().pk for _ in range(people)]
    with django_assert_num_queries(1):
        assert len(pseudonyms.of(numbers, purpose="x")) == people
