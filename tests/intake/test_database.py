"""Rows of another database become statements by a contract: PostgreSQL and MariaDB."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest

from tests.intake import databases
from tests.records import factories as f
from xueqiao.intake import connections, contracts, database, running, sql_source
from xueqiao.kernel import clock
from xueqiao.records.models import Quarantine, Statement

pytestmark = pytest.mark.django_db
# Without a zone, as such tables have it.
NOON = datetime.fromisoformat("2026-03-02T12:00:00.123456")
MAPPING = {
    "columns": {
        "actor_name": "who", "activity": "course", "score": "points", "time": "changed",
        "row_id": "id",
    },
    "constants": {
        "actor_home": "https://school.example", "score_max": "100",
        "activity_base": "https://school.example/course/",
        "verb": "http://adlnet.gov/expapi/verbs/scored",
    },
    "extensions": {"https://school.example/x/percent": "per%cent"},
    "time_format": "iso", "zone": "Asia/Shanghai",
}  # fmt: skip
INSERT = "INSERT INTO {table} VALUES (%s, %s, %s, %s, %s, %s)"


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory):
    with databases.mariadb(tmp_path_factory.mktemp("mariadb")) as values:
        yield values


@pytest.fixture(params=["mysql", pytest.param("postgresql", marks=pytest.mark.postgres)])
def table(request):
    if request.param == "mysql":
        made = databases.in_mariadb(request.getfixturevalue("mariadb"))
    else:
        made = databases.in_postgresql()
    yield made
    made.run("DROP TABLE {table}")


def connect(table, /, **values):
    values = table.values | {"cursor": "changed", "key": "id"} | values
    source = f.source()
    agreed = contracts.save(source=source, name="grades", mapping=MAPPING, at=clock.now(), by=None)
    made = connections.create(
        source=source, kind="database", name="Grades", values=values, at=clock.now()
    )
    return connections.change(connection=made, name="Grades", values=values, contract=agreed)


def row(number, at=NOON, points="61.50", who="li"):
    return (number, who, f"语文 {number % 3}", points, at, 7)


def run(connection, **options):
    connection.refresh_from_db()
    done = running.run(connection=connection, at=clock.now(), **options)
    assert done.reason == ""
    return done.received, done.accepted, done.duplicate, done.quarantined


def test_every_row_comes_once_with_its_values(table, monkeypatch):
    monkeypatch.setattr(database, "ROWS_A_PORTION", 40)
    table.run(INSERT, [row(n, NOON + timedelta(seconds=n // 7)) for n in range(100)])
    made = connect(table, lag="1")
    assert run(made) == (100, 100, 0, 0)
    found = Statement.objects.order_by("pk").first()
    assert '"raw":61.5' in found.text
    assert '"max":100' in found.text
    assert "2026-03-02T12:00:00.123456+08:00" in found.text
    assert '"https://school.example/x/percent":"7"' in found.text
    received, accepted, duplicate, quarantined = run(made)
    assert (accepted, quarantined) == (0, 0)
    assert received == duplicate > 0
    assert table.count() == 100


def test_rows_that_come_late_are_seen_within_the_lag(table):
    table.run(INSERT, [row(n, NOON + timedelta(seconds=n)) for n in range(10)])
    made = connect(table, lag="60")
    assert run(made)[1] == 10
    table.run(INSERT, [row(90, NOON - timedelta(seconds=30)), row(91, NOON)])
    assert run(made)[1] == 2


def test_rows_with_one_time_are_told_apart_by_their_key(table, monkeypatch):
    monkeypatch.setattr(database, "ROWS_A_PORTION", 7)
    table.run(INSERT, [row(n) for n in range(50)])
    assert run(connect(table)) == (50, 50, 0, 0)


def test_a_number_may_be_the_column_that_grows(table):
    table.run(INSERT, [row(n, None if n == 3 else NOON) for n in range(1, 11)])
    made = connect(table, cursor="id", lag="2")
    assert run(made) == (10, 9, 0, 1)
    assert Quarantine.objects.get().reason == "time_missing"
    table.run(INSERT, [row(11)])
    received, accepted, duplicate, _held = run(made)
    assert (received, accepted, duplicate) == (4, 1, 3)


def test_a_walk_that_is_stopped_goes_on_at_its_row_however_wide_the_lag(table, monkeypatch):
    monkeypatch.setattr(database, "ROWS_A_PORTION", 10)
    table.run(INSERT, [row(n, NOON + timedelta(seconds=n)) for n in range(35)])
    made = connect(table, lag="86400")
    taken = [run(made, seconds=0)[:2] for _run in range(4)]
    assert taken == [(10, 10)] * 3 + [(5, 5)]
    assert run(made)[1] == 0


def test_rows_that_arrive_while_it_is_read_are_neither_lost_nor_repeated(table, monkeypatch):
    monkeypatch.setattr(database, "ROWS_A_PORTION", 20)
    made, accepted, is_over = connect(table), 0, threading.Event()

    def write():
        number = 0
        while not is_over.is_set():
            now = clock.now().replace(tzinfo=None)
            table.run(INSERT, [row(number + n, now) for n in range(10)])
            number += 10

    writer = threading.Thread(target=write)
    writer.start()
    ends = time.monotonic() + 3
    while time.monotonic() < ends:
        accepted += run(made)[1]
    is_over.set()
    writer.join()
    accepted += run(made)[1]
    assert accepted == table.count() == Statement.objects.count()


def test_a_row_of_2099_is_held_and_hides_nothing_that_comes_later(table):
    table.run(INSERT, [row(1), row(2, datetime.fromisoformat("2099-01-01"))])
    made = connect(table)
    assert run(made) == (2, 1, 0, 1)
    assert Quarantine.objects.get().reason == "time_future"
    table.run(INSERT, [row(3, NOON + timedelta(hours=1))])
    assert run(made)[1] == 1


def test_a_row_without_a_place_in_the_order_is_not_passed_over_in_silence(table):
    table.run(INSERT, [row(1), row(2, None)])
    done = running.run(connection=connect(table), at=clock.now())
    assert (done.state, done.received) == ("failed", 0)
    assert "changed" in done.reason


def test_what_is_opened_cannot_write(table):
    with sql_source.opened(table.values | {"cursor": "changed", "key": "id"}) as source:
        with pytest.raises(sql_source.SourceFailed):
            source._ask(f"DELETE FROM {source.table}", [])
        with pytest.raises(sql_source.SourceFailed):
            source._ask(f"INSERT INTO {source.table} (id) VALUES (1)", [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": "db.invalid"}, "Let the operator list it"),
        ({"host": "10.0.0.9"}, "Let the operator list it"),
        ({"port": "1"}, "did not answer"),
        ({"password": "wrong"}, "did not answer"),
        ({"table": "nothing"}, "did not answer"),
        ({"table": 'x" or `; DROP TABLE y'}, "did not answer"),
        ({"cursor": "nothing"}, "has no column “nothing”"),
    ],
)
def test_what_cannot_be_read_ends_the_run_with_a_sentence(table, changes, said):
    if table.engine == "postgresql" and "password" in changes:
        changes = {"user": "nobody-there"}
    done = running.run(connection=connect(table, **changes), at=clock.now())
    assert done.state == "failed"
    assert said in done.reason


def test_a_contract_for_other_columns_is_refused(table):
    table.run("ALTER TABLE {table} DROP COLUMN points")
    done = running.run(connection=connect(table), at=clock.now())
    assert (done.state, "points" in done.reason) == ("failed", True)
