"""Documents under several writers at once, and what the database itself refuses."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from tests.records import factories as f
from xueqiao.kernel import clock, errors
from xueqiao.records import documents, names
from xueqiao.records.models import Actor, Document, DocumentKind, Source

WRITERS = 6
AGENT = "account|https://school.example|wei"
PLACE = documents.Place(DocumentKind.STATE, "https://school.example/course/1", AGENT, None, "page")
NEW, ANY = documents.Condition(if_none_match="*"), documents.Condition()


def at_once(work):
    """Run ``work(n)`` in threads together; what each answered or was refused with."""
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


def sent(text, kind="application/json"):
    return documents.Sent(text.encode(), kind)


several_writers = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="SQLite lets one writer in at a time; its tests run in memory, where none waits",
    ),
]


class TestSeveralWriters:
    pytestmark = several_writers

    def test_one_of_several_writes_the_first_document(self):
        source = f.source()

        def write(number):
            documents.put(
                place=PLACE, sent=sent(f'{{"n": {number}}}'), condition=NEW, version="2.0.0",
                source=source, at=clock.now(),
            )  # fmt: skip
            return "written"

        answers = at_once(write)
        assert sorted(answers) == ["records.document_changed"] * (WRITERS - 1) + ["written"]
        assert bytes(Document.objects.get().content).decode() == (
            f'{{"n": {answers.index("written")}}}'
        )

    def test_no_property_is_lost_when_several_merge(self):
        source = f.source()

        def merge(number):
            documents.post(
                place=PLACE, sent=sent(f'{{"p{number}": {number}}}'), condition=ANY,
                source=source, at=clock.now(),
            )  # fmt: skip

        assert at_once(merge) == [None] * WRITERS
        held = documents.read(PLACE)
        assert documents.texts.decode(bytes(held.content)) == {
            f"p{number}": number for number in range(WRITERS)
        }

    def test_of_several_who_know_one_document_one_replaces_it(self):
        source = f.source()
        options = {"version": "1.0.3", "source": source, "at": clock.now()}
        first = documents.put(place=PLACE, sent=sent("{}"), condition=NEW, **options)
        known = documents.Condition(if_match=f'"{first.etag}"')
        answers = at_once(
            lambda number: (
                documents.put(
                    place=PLACE, sent=sent(f"[{number}]"), condition=known, **options
                ).etag
            )
        )
        assert answers.count("records.document_changed") == WRITERS - 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": DocumentKind.AGENT_PROFILE},
        {"kind": DocumentKind.ACTIVITY_PROFILE},
        {"actor_id": None},
        {"activity_id": None},
        {"kind": "diary"},
        {},
    ],
)
def test_the_database_refuses_what_hangs_on_nothing_or_is_there(changes):
    source = f.source()
    documents.post(place=PLACE, sent=sent("{}"), condition=ANY, source=source, at=clock.now())
    row = Document.objects.get()
    for name, value in {"pk": None, **changes}.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


@pytest.mark.django_db
def test_reading_and_refused_writing_leave_no_names_behind():
    f.source()
    assert documents.read(PLACE) is None
    assert documents.keys(PLACE._replace(key="")) == []
    assert documents.delete(place=PLACE, condition=ANY) == 0
    with pytest.raises(documents.Changed):
        documents.put(
            place=PLACE, sent=sent("{}"), condition=documents.Condition(if_match="*"),
            version="2.0.0", source=Source.objects.get(), at=clock.now(),
        )  # fmt: skip
    assert Actor.objects.filter(ifi=AGENT).count() == 0


@pytest.mark.django_db
def test_what_is_kept_about_somebody_is_forgotten_with_them():
    source, at = f.source(), clock.now()
    other = PLACE._replace(agent="account|https://school.example|li")
    course = documents.Place(DocumentKind.ACTIVITY_PROFILE, PLACE.activity, key="notes")
    taste = documents.Place(DocumentKind.AGENT_PROFILE, agent=AGENT, key="taste")
    for place in (PLACE, other, course, taste):
        documents.post(place=place, sent=sent("{}"), condition=ANY, source=source, at=at)
    assert documents.forget(actor_ids=names.actors([AGENT], at).values()) == 2
    assert [documents.read(each) is None for each in (PLACE, taste, other, course)] == [
        True, True, False, False,
    ]  # fmt: skip
