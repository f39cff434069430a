from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.creditbank import factories as bank
from tests.creditbank.rulebook import factories
from xueqiao.creditbank.rulebook import consultation, making, steps
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
AT = factories.AT
LAST = AT.date() + timedelta(days=6)


@pytest.fixture
def of():
    made = factories.making()
    version = factories.drafted(made)
    making.check(version=version, by=made.of.engineer, at=AT)
    made.version = version
    made.citizen = bank.person("居民", made.of.place)
    return made


def start(of, closes_on=LAST, question="拟新设规则，请提意见。"):
    return consultation.start(
        version=of.version, question=question, closes_on=closes_on, by=of.of.engineer, at=AT
    )


def say(of, opened, text="比例太低", key="1", at=AT):
    return consultation.comment(
        consultation=opened, request_key=key, by=of.citizen, capacity="learner", text=text, at=at
    )


def answer(of, said, by=None, text="已提高"):
    who = by or of.of.headmaster
    return consultation.reply(comment=said, by=who, verdict="adopted", text=text, at=AT)


def close(of, opened, days=7):
    at = AT + timedelta(days=days)
    return consultation.close(consultation=opened, summary="采纳", by=of.of.engineer, at=at)


def test_everybody_comments_and_every_comment_is_answered(of):
    opened = start(of)
    assert start(of) == opened
    said = say(of, opened)
    assert say(of, opened) == said
    with pytest.raises(consultation.RequestReused):
        say(of, opened, "别的话")
    with pytest.raises(consultation.StillOpen):
        close(of, opened, days=6)
    with pytest.raises(consultation.StillOpen):
        close(of, opened)
    reply = answer(of, said)
    assert answer(of, said) == reply
    close(of, opened)
    of.version.refresh_from_db()
    assert of.version.state == "consulted"


def test_it_lasts_as_long_as_the_measure_asks(of):
    with pytest.raises(consultation.TooShort):
        start(of, closes_on=LAST - timedelta(days=1))
    with pytest.raises(steps.Incomplete):
        start(of, question=" ")


def test_comments_end_with_the_last_day(of):
    opened = start(of)
    say(of, opened, key="1", at=AT + timedelta(days=6))
    with pytest.raises(consultation.NotOpen):
        say(of, opened, key="2", at=AT + timedelta(days=7))
    with pytest.raises(consultation.CommentUnfit):
        say(of, opened, " ", key="3")


def test_only_the_makers_answer_and_once(of):
    said = say(of, start(of))
    with pytest.raises(rights.NotAllowed):
        answer(of, said, by=of.citizen)
    answer(of, said)
    with pytest.raises(consultation.NotOpen):
        answer(of, said, text="改口")
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        type(said).objects.filter(pk=said.pk).update(text="改写")


def test_what_is_changed_after_the_consultation_is_consulted_on_anew(of):
    opened = start(of)
    making.revise(
        version=of.version, says=factories.says(reserve_days=10), by=of.of.engineer, at=AT
    )
    making.check(version=of.version, by=of.of.engineer, at=AT)
    close(of, opened)
    of.version.refresh_from_db()
    assert of.version.state == "linted"
