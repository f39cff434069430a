"""Several writers at once: one wins, the others are told why, nothing is written twice."""

import threading
import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection

from tests.people.test_rights import person
from xueqiao.kernel import errors
from xueqiao.people import accounts, identity
from xueqiao.people.models import IdentityEvent, OutsideAccount, Person

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WRITERS = 4

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="SQLite lets one writer in at a time; its tests run in memory, where none waits",
    ),
]


def at_once(work):
    """Run ``work(n)`` in four threads together; what each answered or refused with."""
    answers, ready = [None] * WRITERS, threading.Barrier(WRITERS)

    def run(number):
        try:
            ready.wait()
            answers[number] = work(number)
        except errors.Refusal as why:
            answers[number] = why.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_outside_account_goes_to_one_person():
    persons = [person(number).pk for number in range(WRITERS)]

    def link(number):
        identity.link(
            person_id=persons[number], home_page="https://a.example", name="n", at=NOW, why="test"
        )
        return "linked"

    answers = at_once(link)
    assert sorted(answers) == ["linked"] + ["people.outside_account_taken"] * (WRITERS - 1)
    assert OutsideAccount.objects.count() == IdentityEvent.objects.count() == 1


def test_one_key_opens_one_account():
    def open_account(_number):
        return accounts.open_account(key=uuid.UUID(int=7), name="王秀英", opened_at=NOW).pk

    answers = at_once(open_account)
    assert len(set(answers)) == Person.objects.count() == 1


def test_one_identity_number_opens_one_account():
    def open_account(number):
        accounts.open_account(
            key=uuid.UUID(int=number), name="王秀英", opened_at=NOW,
            identity_number="11010519491231002X",
        )  # fmt: skip
        return "opened"

    answers = at_once(open_account)
    assert sorted(answers) == ["opened"] + ["people.identity_known"] * (WRITERS - 1)
    assert Person.objects.count() == 1
