"""Exports: everything that was asked for, once, whole parts only, for the one who asked."""

import csv
import gzip
import hashlib
import io
import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction

from tests.records import erasing
from tests.records import factories as f
from xueqiao.kernel import clock, lease
from xueqiao.records.exporting import jobs, writing
from xueqiao.records.models import ExportJob, ExportPart, Reading, Statement
from xueqiao.records.parameters import ParameterUnfit
from xueqiao.records.personas import membership

pytestmark = pytest.mark.django_db
HOME = "https://school.example"


@pytest.fixture(autouse=True)
def _own_home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(writing, "PART_ROWS", 4)
    monkeypatch.setattr(writing, "PAGE_ROWS", 2)


def later():
    return clock.now() + timedelta(minutes=5)


def ask(kind="ndjson", **filters):
    """An export of all that is stored. A test is one transaction, whose rows PostgreSQL does not
    yet count as stored."""
    job = jobs.ask(filters=filters, kind=kind, by=erasing.person("zheng"), at=later())
    job.until = later()
    job.save(update_fields=["until"])
    return job


def files(job):
    return [writing.folder(job) / each.name for each in job.parts.order_by("number")]


def lines(job):
    whole = gzip.decompress(b"".join(path.read_bytes() for path in files(job)))
    return [json.loads(line) for line in whole.splitlines()]


def test_every_statement_comes_once_in_whole_parts(small):
    made = [f.statement() for _ in range(10)]
    f.store(*made)
    done = writing.run(job=ask(), at=later())
    assert [each["id"] for each in lines(done)] == [each["id"] for each in made]
    assert list(done.parts.order_by("number").values_list("rows", flat=True)) == [4, 4, 2]
    assert (done.state, done.rows) == ("done", 10)
    for part, path in zip(done.parts.order_by("number"), files(done), strict=True):
        assert part.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert part.size_bytes == path.stat().st_size


def test_filters_are_those_of_the_endpoint():
    made = [f.statement(actor=f.agent("li")), f.statement(), f.statement(actor=f.agent("li"))]
    f.store(*made)
    done = writing.run(job=ask(agent=json.dumps(f.agent("li"))), at=later())
    assert [each["id"] for each in lines(done)] == [made[0]["id"], made[2]["id"]]
    with pytest.raises(ParameterUnfit):
        ask(agnet="x")
    with pytest.raises(jobs.KindUnknown):
        ask(kind="xls")


def test_a_persona_is_exported_under_every_identifier(small):
    made = [f.statement(actor=f.agent(name)) for name in ("wei", "li", "wei2", "wei", "wei2")]
    f.store(*made)
    old, new = (f"account|{HOME}|{name}" for name in ("wei", "wei2"))
    membership.rename(old=old, new=new, why="renamed", by=None, at=clock.now())
    done = writing.run(job=ask(persona=new), at=later())
    assert [each["id"] for each in lines(done)] == [
        made[number]["id"] for number in (0, 2, 3, 4)
    ]  # fmt: skip


def test_what_is_stored_later_does_not_belong_to_it(small):
    f.store(*[f.statement() for _ in range(6)])
    job = jobs.ask(filters={}, kind="ndjson", by=None, at=clock.now())
    job.until = Statement.objects.latest("pk").stored_at
    job.save()
    assert writing.step(number=job.pk, at=later())
    f.store(f.statement())
    assert len(lines(writing.run(job=job, at=later()))) == 6


def test_cells_of_a_spreadsheet_run_nothing(small):
    evil = '=HYPERLINK("http://evil.example")'
    thing = {"id": f"{HOME}/x", "definition": {"name": {"en": evil}}}
    f.store(f.statement(object=thing), *[f.statement() for _ in range(5)])
    done = writing.run(job=ask("csv"), at=later())
    text = gzip.decompress(b"".join(path.read_bytes() for path in files(done))).decode("utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text)))
    assert len(found) == 6
    assert found[0]["object_name"] == f"'{evil}"
    assert found[0]["actor"] == f"account|{HOME}|wei"


def test_parquet_has_typed_columns_and_the_whole_statement(small):
    result = {"score": {"scaled": 0.5, "raw": 7}, "success": True, "duration": "PT3M"}
    f.store(f.statement(result=result), f.statement(), *[f.statement() for _ in range(4)])
    done = writing.run(job=ask("parquet"), at=later())
    rows = [row for path in files(done) for row in pq.read_table(path).to_pylist()]
    assert len(rows) == 6
    assert (rows[0]["score_scaled"], rows[0]["success"], rows[1]["success"]) == (0.5, True, None)
    assert json.loads(rows[0]["statement"])["result"] == result
    assert rows[0]["timestamp"].isoformat() == "2026-03-02T01:30:00+00:00"


def test_only_who_asked_fetches_for_a_while_and_it_is_written_down():
    f.store(f.statement())
    one, other = erasing.people()
    job = ask()
    with pytest.raises(jobs.ExportOver):
        jobs.take(job=job, number=1, by=one, at=later())
    done = writing.run(job=job, at=later())
    assert jobs.take(job=done, number=1, by=one, at=later()).exists()
    with pytest.raises(jobs.NotYours):
        jobs.take(job=done, number=1, by=other, at=later())
    with pytest.raises(jobs.ExportOver):
        jobs.take(job=done, number=1, by=one, at=later() + writing.KEPT)
    assert list(Reading.objects.order_by("pk").values_list("by", "what", "rows")) == [
        (one.pk, "export_asked", 0), (one.pk, "export_taken", 1),
    ]  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        Reading.objects.update(rows=0)
    assert writing.sweep(now=later() + writing.KEPT) == 1
    assert not writing.folder(done).exists()
    done.refresh_from_db()
    assert done.state == "expired"


def test_a_cancelled_export_stops_and_leaves_nothing(small):
    f.store(*[f.statement() for _ in range(9)])
    one, other = erasing.people()
    job = ask()
    assert writing.step(number=job.pk, at=later())
    with pytest.raises(jobs.NotYours):
        jobs.cancel(job=job, by=other, at=later())
    jobs.cancel(job=job, by=one, at=later())
    assert not writing.step(number=job.pk, at=later())
    assert writing.sweep(now=later()) == 1
    with pytest.raises(jobs.ExportOver):
        jobs.cancel(job=job, by=one, at=later())


def test_somebody_elses_job_is_left_alone_until_the_other_is_dead(small):
    f.store(*[f.statement() for _ in range(9)])
    job = ask()
    ExportJob.objects.update(state="running", owner="elsewhere/1/2", owned_at=later())
    assert not writing.step(number=job.pk, at=later())
    assert writing.step(number=job.pk, at=later() + lease.SILENT + timedelta(minutes=1))


def test_a_file_of_a_killed_process_is_written_over(small):
    """Killed between the file and its row: the part is written again, with the same bytes."""
    f.store(*[f.statement() for _ in range(6)])
    job = ask()
    writing.step(number=job.pk, at=later())
    first = files(job)[0].read_bytes()
    ExportPart.objects.all().delete()
    ExportJob.objects.update(rows=0, place_at=None, place_row=0)
    job.refresh_from_db()
    done = writing.run(job=job, at=later())
    assert files(done)[0].read_bytes() == first
    assert len(lines(done)) == 6


def test_an_erasure_takes_back_what_was_exported(small):
    keep, gone = f.statement(), f.statement(actor=f.agent("li"))
    f.store(keep, gone)
    ready = writing.run(job=ask(), at=later())
    waiting = ask()
    erasing.finish(erasing.by_person(f"account|{HOME}|li"))
    with pytest.raises(jobs.ExportOver):
        jobs.take(job=ExportJob.objects.get(pk=ready.pk), number=1, by=erasing.person("zheng"),
                  at=later())  # fmt: skip
    assert [each["id"] for each in lines(writing.run(job=waiting, at=later()))] == [keep["id"]]


def test_nobody_asks_for_many_at_once():
    for _ in range(jobs.MOST_OPEN):
        ask()
    with pytest.raises(jobs.TooManyExports):
        ask()
