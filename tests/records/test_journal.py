"""The journal: on the disk before the answer, stored once, and never shown as seen before it is."""

import threading

import pytest
from django.conf import settings

from tests.records import factories
from xueqiao.kernel import clock
from xueqiao.records import checking, statements, visibility
from xueqiao.records.journal import door, drain, entries, marks, pressure, segments, writer
from xueqiao.records.models import Batch, Quarantine, Statement

pytestmark = pytest.mark.django_db
MIB = 1 << 20


@pytest.fixture
def journal():
    """A journal that nobody drains but the test."""
    made = writer.Journal(marks.home(), MIB)
    yield made
    made._queue.clear()
    made.close()


def accept(journal, *made, of=None, key=None):
    return door.accept(
        source=of or factories.source(),
        items=factories.incoming(*made),
        received_at=clock.now(),
        batch_key=key or f"test:{next(factories._numbers)}",
        journal=journal,
    )


def held():
    return {str(each) for each in Statement.objects.values_list("uuid", flat=True)}


def on_disk(folder):
    return [
        entries.read(content)
        for path in sorted(folder.glob(f"*{segments.SUFFIX}"))
        for content in segments.contents(path)
    ]


def test_a_batch_is_on_the_disk_when_it_is_answered_and_stored_afterwards(journal):
    made = [factories.statement(), factories.statement(id=None)]

    ids = accept(journal, *made)

    assert [parcel.batch.order for parcel in on_disk(journal.folder)] == [ids]
    assert held() == set()
    assert drain.store_first(journal) == 1
    assert held() == set(map(str, ids))
    assert drain.store_first(journal) == 0


def test_consistent_through_stays_behind_what_waits(journal):
    before = clock.now()
    accept(journal, factories.statement())
    answered = clock.now()

    assert before - visibility.LONGEST_WRITE <= visibility.consistent_through(clock.now())
    assert visibility.consistent_through(clock.now()) < answered
    assert before <= marks.pending().oldest <= answered

    drain.store_first(journal)
    assert marks.pending() == (None, 0)


def test_a_reader_waits_for_what_is_stored_in_a_moment(journal):
    accept(journal, factories.statement())
    batches = journal.first(MIB)
    threading.Timer(0.1, journal.stored, [batches]).start()
    now = clock.now()

    marks.settle(now, seconds=5)

    assert marks.pending().oldest is None
    assert (clock.now() - now).total_seconds() < 4


def test_storing_gives_way_to_a_burst_while_there_is_room(journal, monkeypatch):
    pace = pressure.Pace(journal, MIB, now=0.0)
    monkeypatch.setattr(pressure.TAKING_IN, "mean", 4.0)
    large = factories.statement(result={"extensions": {"https://a.example/x": "x" * (MIB // 4)}})
    accept(journal, large)

    assert (pace.gives_way(0.2), pace.is_fast) == (True, True)
    monkeypatch.setattr(journal, "awaited", 1)
    assert not pace.gives_way(0.21), "somebody waits for an empty journal"
    monkeypatch.setattr(journal, "awaited", 0)
    assert (pace.gives_way(5.0), pace.is_fast) == (False, False)
    for _each in range(2):
        accept(journal, large | {"id": factories.statement()["id"]})
    assert (pace.gives_way(5.2), pace.is_fast) == (False, True), "three quarters are full"


def test_who_waits_for_an_empty_journal_is_seen(journal):
    accept(journal, factories.statement())
    waiting = threading.Thread(target=journal.settled, args=[5])
    waiting.start()
    while not journal.awaited and waiting.is_alive():
        pass
    assert journal.awaited == 1
    journal.stored(journal.first(MIB))
    waiting.join(5)

    assert (journal.awaited, waiting.is_alive()) == (0, False)


def test_what_is_cut_off_is_no_record_and_hides_none(tmp_path):
    segment = segments.Segment(tmp_path / "1.segment")
    places = [segment.append(content) for content in (b"one", b"two" * 1000, b"three")]
    whole = segment.path.read_bytes()

    assert [segment.read(place) for place in places] == [b"one", b"two" * 1000, b"three"]
    for length in range(len(whole)):
        segment.path.write_bytes(whole[:length])
        read = list(segments.contents(segment.path))
        assert read == [b"one", b"two" * 1000, b"three"][: len(read)]
        assert len(read) == sum(length >= end for end in (places[1], places[2], len(whole)))
    segment.path.write_bytes(whole[:-1] + b"E")
    assert list(segments.contents(segment.path)) == [b"one", b"two" * 1000]
    segment.drop()


def left_behind(journal, tmp_path):
    """The folder as a killed process leaves it: nobody holds its lock."""
    folder = tmp_path / "killed"
    folder.mkdir()
    for path in journal.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_what_a_killed_process_left_behind_is_stored_once(journal, tmp_path):
    ids = [accept(journal, factories.statement(), factories.statement()) for _each in range(3)]
    folder = left_behind(journal, tmp_path)
    drain.store_first(journal)
    stored = Statement.objects.count()

    assert list(drain.left_behind(tmp_path)) == [folder]
    assert drain.adopt(folder) == 3
    assert not folder.exists()
    assert Statement.objects.count() == stored == 6
    assert held() == {str(each) for batch in ids for each in batch}
    assert Batch.objects.count() == 3


def test_a_folder_in_use_is_left_alone(journal):
    accept(journal, factories.statement())

    assert list(drain.left_behind(journal.folder.parent)) == []
    assert drain.adopt(journal.folder) == 0


def test_a_conflict_after_the_answer_lies_in_quarantine_by_name(journal):
    first = factories.statement()
    other = first | {"verb": {"id": "http://adlnet.gov/expapi/verbs/completed"}}
    accept(journal, other, factories.statement())
    factories.store(first)  # another process was quicker

    drain.store_first(journal)

    (item,) = Quarantine.objects.all()
    assert (item.reason, item.pointer) == ("conflict", "/id")
    assert first["id"] in item.detail
    assert Statement.objects.count() == 2


def test_an_id_that_is_held_is_decided_by_the_store(journal):
    first = factories.statement()
    factories.store(first)

    assert list(map(str, accept(journal, first))) == [first["id"]]
    with pytest.raises(statements.Conflict):
        accept(journal, first | {"verb": {"id": "http://adlnet.gov/expapi/verbs/completed"}})
    assert on_disk(journal.folder) == []


def test_an_id_that_waits_is_free_for_nobody(journal):
    first = factories.statement()
    accept(journal, first)

    with journal.taking([parcel.batch.order[0] for parcel in on_disk(journal.folder)]) as claim:
        assert claim is None
    drain.store_first(journal)
    with journal.taking([checking.uuid.UUID(first["id"])]) as claim:
        assert claim is not None


def test_a_full_journal_asks_to_come_again_and_takes_nothing(journal):
    large = factories.statement(result={"extensions": {"https://a.example/x": "x" * (MIB // 2)}})
    accept(journal, large)

    with pytest.raises(writer.Full) as why:
        accept(journal, large | {"id": factories.statement()["id"]})

    assert (why.value.status, why.value.retry_after_seconds) == (503, 5)
    assert len(on_disk(journal.folder)) == 1
    drain.store_first(journal)
    assert accept(journal, large | {"id": factories.statement()["id"]})


def test_a_voiding_statement_is_stored_at_once(journal):
    first = factories.statement()
    factories.store(first)
    voiding = factories.statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": first["id"]},
    )

    accept(journal, voiding)

    assert voiding["id"] in held()


def test_segments_are_dropped_when_all_of_them_is_stored(journal, monkeypatch):
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 1000)
    for _each in range(4):
        accept(journal, factories.statement())
    files = sorted(path.name for path in journal.folder.glob("*.segment"))
    assert len(files) > 1

    while drain.store_first(journal):
        pass

    assert sorted(path.name for path in journal.folder.glob("*.segment")) == files[-1:]


def test_the_sender_of_a_request_feels_a_full_journal(client, settings, journal, monkeypatch):
    monkeypatch.setattr(door, "open_", lambda: journal)
    settings.INTAKE = "journal"
    journal._most_bytes = 10
    answer = factories.post(client, [factories.statement()], factories.key())

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["code"] == "records.journal_full"


def test_the_journal_lies_in_the_home_folder():
    assert marks.home() == settings.HOME / "journal"
