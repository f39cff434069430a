"""What each of the six methods of assessment writes down, and what it refuses."""

from datetime import date

import pytest

from tests.creditbank.test_recognition import PRACTICE, case, storage  # noqa: F401 - fixtures
from xueqiao.creditbank import recognition
from xueqiao.creditbank.models import Assessment
from xueqiao.creditbank.recognition import assessing
from xueqiao.creditbank.rules import methods

TODAY = date(2026, 9, 1)
FULL = {
    "exam": {
        "held_on": "2026-08-01", "paper": "A 卷", "supervisor": "李老师", "score": "88.5",
        "pass_score": "60",
    },
    "portfolio": {"pieces": "12", "authentic": "yes", "how_checked": "逐件核对原件"},
    "interview": {
        "held_on": "2026-08-01", "minutes": "45", "with_whom": "两名评估员",
        "questions": "三个案例",
    },
    "practice": PRACTICE,
    "observation": {
        "held_on": "2026-08-01", "where": "示例养老院", "minutes": "240", "confirmed_by": "护士长",
    },
    "equal": {"compared_with": "国家标准", "register_checked": "yes", "how_checked": "网上查询"},
}  # fmt: skip


def test_there_are_six_methods_and_each_field_has_a_title():
    assert set(methods.METHODS) == set(Assessment.Method.values) == set(FULL)
    names = {field.name for fields in methods.METHODS.values() for field in fields}
    assert names == set(assessing.FIELDS)


@pytest.mark.parametrize("method", FULL)
def test_a_complete_method_is_read_into_plain_values(method):
    found, wrong = methods.read(method, FULL[method], TODAY)
    assert wrong == []
    assert set(found) == set(FULL[method])
    assert all(isinstance(value, str | int | bool) for value in found.values())


@pytest.mark.parametrize("method", FULL)
def test_each_required_field_is_asked_for(method):
    for field in methods.METHODS[method]:
        typed = {**FULL[method], field.name: " "}
        _found, wrong = methods.read(method, typed, TODAY)
        assert wrong == ([methods.Wrong(field.name, "missing")] if field.required else [])


@pytest.mark.parametrize(
    ("method", "name", "text", "why"),
    [
        ("exam", "held_on", "yesterday", "day"),
        ("exam", "held_on", "2026-09-02", "future"),
        ("exam", "score", "100.01", "score"),
        ("exam", "score", "8.555", "score"),
        ("exam", "score", "-1", "score"),
        ("exam", "score", "", "missing"),
        ("exam", "supervisor", "x" * 81, "long"),
        ("interview", "minutes", "0", "whole"),
        ("interview", "minutes", "481", "whole"),
        ("interview", "minutes", "４５", "whole"),
        ("portfolio", "authentic", "no", "missing"),
    ],
)
def test_what_cannot_be_is_named(method, name, text, why):
    _found, wrong = methods.read(method, {**FULL[method], name: text}, TODAY)
    assert wrong == [methods.Wrong(name, why)]


def test_scores_are_hundredths_of_a_point():
    found, _wrong = methods.read("exam", {**FULL["exam"], "score": "88.5"}, TODAY)
    assert (found["score"], found["pass_score"]) == (8850, 6000)
    assert not methods.failed(found)
    assert methods.failed({**found, "score": 5999})


@pytest.mark.django_db
def test_a_method_that_is_not_complete_is_refused_in_words(case):  # noqa: F811
    accepted = case.accepted()
    with pytest.raises(recognition.MethodIncomplete) as refused:
        case.assess(accepted, method="exam", details={"paper": "A"})
    assert refused.value.pointer == "held_on"
    with pytest.raises(recognition.MethodIncomplete):
        case.assess(accepted, method="horoscope")
    assert not Assessment.objects.exists()


@pytest.mark.django_db
def test_no_credit_follows_from_a_score_that_was_not_reached(case):  # noqa: F811
    accepted = case.accepted()
    failed = {**PRACTICE, "score": "59.99"}
    with pytest.raises(recognition.ScoreTooLow):
        case.assess(accepted, details=failed)
    nothing = case.assess(accepted, details=failed, amounts={case.care.pk: 0, case.nursing.pk: 0})
    assert nothing.state == "assessing"
    assert Assessment.objects.get().details["score"] == 5999
