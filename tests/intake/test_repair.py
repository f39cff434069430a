"""Repair: what lay in quarantine is mended, tried again, and counted where it came."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db.models import F, Sum

from tests.intake import tables as t
from tests.intake.test_drops import agreed, connect, inbox, run
from tests.records import factories as f
from xueqiao.intake import repair
from xueqiao.intake.repair import Rule
from xueqiao.kernel import clock
from xueqiao.people.models import Person
from xueqiao.records import counts, quarantine, summary
from xueqiao.records.models import Batch, Quarantine, Repair, Source, SourceHour, Statement

pytestmark = pytest.mark.django_db
__all__ = ["inbox"]


def mend(held, text, **options):
    return repair.mend(held=held, text=text, by=None, at=clock.now(), **options)


def balance():
    """What all batches hold, having asserted that each adds up and the hours tell the same."""
    parts = ("received", "accepted", "duplicate", "quarantined")
    total = F("accepted") + F("duplicate") + F("quarantined")
    assert not Batch.objects.exclude(received=total).exists()
    sums = {part: Sum(part, default=0) for part in parts}
    found = Batch.objects.aggregate(**sums)
    # The counters of all time stand beside those of the hours; both tell the same.
    assert SourceHour.objects.exclude(hour=counts.EVER).aggregate(**sums) == found
    assert SourceHour.objects.filter(hour=counts.EVER).aggregate(**sums) == found
    assert found["accepted"] == Statement.objects.count()
    assert found["quarantined"] == Quarantine.objects.held().count()
    return tuple(found[part] for part in parts)


@pytest.fixture
def held():
    """A good statement and one without a verb, in one batch."""
    f.store(f.statement(), f.statement(verb=None))
    return Quarantine.objects.get()


def test_a_mended_statement_is_accepted_in_the_batch_it_arrived_in(held):
    assert balance() == (2, 1, 0, 1)
    whole = json.loads(held.text) | {"verb": {"id": "http://school.example/read"}}
    who = Person.objects.create(key=uuid.uuid4(), name="Op", opened_at=clock.now())
    done = repair.mend(held=held, text=json.dumps(whole), by=who, at=clock.now())
    assert done.state == "accepted"
    assert balance() == (2, 2, 0, 0)
    row = Quarantine.objects.get()
    assert row.text == held.text, "the text as received is kept"
    assert json.loads(row.mended) == whole
    tried = Repair.objects.get()
    assert (tried.by, tried.state, tried.text) == (who, "accepted", json.dumps(whole))
    assert summary.by_source()[0].reasons == {}
    with pytest.raises(quarantine.NotWaiting):
        mend(row, held.text)


def test_a_try_is_no_arrival(held):
    whole = json.dumps(json.loads(held.text) | {"verb": {"id": "http://school.example/read"}})
    heard = Source.objects.get().last_received_at
    sums = {name: Sum(name) for name in ("batches", "received", "lag_seconds")}
    before = SourceHour.objects.aggregate(**sums)
    repair.mend(held=held, text=whole, by=None, at=clock.now() + timedelta(hours=2))
    assert SourceHour.objects.aggregate(**sums) == before
    assert Source.objects.get().last_received_at == heard


def test_a_row_of_a_file_keeps_its_reason_when_it_is_tried_as_it_is(held):
    Quarantine.objects.update(reason="event_unknown", text="12/03, 10:00;Wei;module viewed")
    held.refresh_from_db()
    with pytest.raises(repair.NotRepairable):
        mend(held, held.text)
    held.refresh_from_db()
    assert (held.reason, held.repairs.count()) == ("event_unknown", 0)


def test_what_was_tried_least_comes_first_and_rows_of_files_do_not():
    f.store(*[f.statement(verb=None) for _each in range(4)])
    first, second, raw, empty = Quarantine.objects.order_by("pk")
    Quarantine.objects.filter(pk=raw.pk).update(text="12/03, 10:00;Wei", reason="event_unknown")
    Quarantine.objects.filter(pk=empty.pk).update(text="")
    assert list(repair.worth_trying(Quarantine.objects.all())) == [first, second]
    mend(first, first.text)
    assert list(repair.worth_trying(Quarantine.objects.all())) == [second, first]


def test_what_is_held_already_becomes_a_duplicate(held):
    whole = json.loads(held.text) | {"verb": {"id": "http://school.example/read"}}
    f.store(whole)
    assert mend(held, json.dumps(whole)).state == "duplicate"
    assert balance() == (3, 2, 1, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not_json"),
        ("[" * 9000, "not_json"),
        ("{}", "invalid"),
        ("3", "invalid"),
        ("", "not_json"),
    ],
)
def test_what_is_still_wrong_stays_with_its_new_reason(held, text, reason):
    done = mend(held, text)
    assert (done.state, done.reason) == ("open", reason)
    assert balance() == (2, 1, 0, 1)
    assert Quarantine.objects.get().reason == reason
    assert Repair.objects.get().reason == reason


def test_an_id_that_another_statement_has_stays_as_a_conflict(held):
    taken = json.loads(Statement.objects.get().text)
    done = mend(held, json.dumps(taken | {"verb": {"id": "http://school.example/other"}}))
    assert (done.state, done.reason) == ("open", "conflict")
    assert balance() == (2, 1, 0, 1)


def test_a_row_of_a_table_is_mended_cell_by_cell(inbox):
    made = connect(folder="school-3")
    t.laid(inbox, "a.csv", t.csv_bytes([["1", "睡觉", *t.ROWS[0][2:]]]))
    assert run(made) == ("done", 1, 0, 0, 1)
    held = Quarantine.objects.get()
    found = repair.cells(held)
    assert found["动作"] == "睡觉"
    assert mend(held, json.dumps(found | {"日期": "never"})).reason == "code_unknown"
    held.refresh_from_db()
    assert mend(held, json.dumps(found | {"动作": "完成"})).state == "accepted"
    assert balance() == (1, 1, 0, 0)
    # The office repairs its own file and sends it again.
    t.laid(inbox, "b.csv", t.csv_bytes([["1", "完成", *t.ROWS[0][2:]]]))
    assert run(made) == ("done", 1, 0, 1, 0)


def test_many_are_mended_by_a_rule_that_was_looked_at_first(inbox, monkeypatch):
    monkeypatch.setattr(repair, "TOGETHER", 4)
    made = connect(folder="school-3")
    rows = [[f"{n}", "学完" if n % 2 else "睡觉", *t.ROWS[0][2:]] for n in range(20)]
    rows[1][4] = "never"
    t.laid(inbox, "a.csv", t.csv_bytes(rows))
    run(made)
    rule = Rule("动作", "学完", "完成")
    looked = list(repair.preview(held=Quarantine.objects.order_by("pk"), rule=rule))
    assert len(looked) == 10
    assert ["never" in each.detail for each in looked] == [True] + [False] * 9
    assert balance() == (20, 0, 0, 20), "a look changes nothing"

    done = repair.mend_many(
        held=Quarantine.objects.order_by("pk"), rule=rule, by=None, at=clock.now()
    )
    assert done == {"open": 1, "accepted": 9}
    assert balance() == (20, 9, 0, 11)
    assert (
        Repair.objects.filter(rule={"column": "动作", "old": "学完", "new": "完成"}).count() == 10
    )


def test_a_part_of_the_text_is_replaced_and_equal_ones_are_one(held):
    same = f.statement(actor={"mbox": "mailto:x"})
    f.store(same, key="a")
    f.store(same, key="b")
    rule = Rule("", "mailto:x", "mailto:x@school.example")
    done = repair.mend_many(held=Quarantine.objects.all(), rule=rule, by=None, at=clock.now())
    assert done == {"accepted": 1, "duplicate": 1}
    assert balance() == (4, 2, 1, 1)


def test_a_rule_names_what_it_replaces(held):
    with pytest.raises(repair.RuleUnfit):
        list(repair.preview(held=[held], rule=Rule("", "", "x")))


def test_what_is_left_out_waits_no_longer_and_is_still_counted(held):
    assert quarantine.dismiss(held=[held], by=None, at=clock.now()) == 1
    assert quarantine.dismiss(held=[held], by=None, at=clock.now()) == 0
    assert not Quarantine.objects.waiting().exists()
    assert balance() == (2, 1, 0, 1)
    whole = json.loads(held.text) | {"verb": {"id": "http://school.example/read"}}
    assert mend(Quarantine.objects.get(), json.dumps(whole)).state == "accepted"
    assert balance() == (2, 2, 0, 0)


def test_a_newer_contract_takes_up_what_the_older_one_refused(inbox):
    made = connect(folder="school-3", contract=agreed())
    t.laid(inbox, "a.csv", t.csv_bytes([["1", "睡觉", *t.ROWS[0][2:]]]))
    run(made)
    newer = agreed(codes={"verb": {"睡觉": t.EXPERIENCED, "完成": t.COMPLETED}})
    done = repair.mend_many(
        held=Quarantine.objects.all(), rule=None, by=None, at=clock.now(), contract=newer
    )
    assert done == {"accepted": 1}
    assert Quarantine.objects.get().form == f"contract:{newer.pk}"
    assert balance() == (1, 1, 0, 0)


def test_a_file_that_could_not_be_read_is_not_mended_here(inbox):
    made = connect(folder="school-3")
    t.laid(inbox, "a.csv", b'a,"b\n')
    run(made)
    with pytest.raises(repair.NotRepairable):
        mend(Quarantine.objects.get(), "{}")
