import pytest

from tests.hall import factories
from tests.hall.test_enrolment import AT, enrol, withdraw
from xueqiao.hall import completion, enrolment
from xueqiao.hall.models import Completion, Result
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db


def complete(row, result, hundredths=3000):
    return completion.complete(
        enrolment_id=row.pk,
        result=result,
        completed_at=AT,
        studied_credits_hundredths=hundredths,
        by_person_id=None,
    )


@pytest.fixture
def offering():
    return factories.offering(factories.county(), seats=1, module_code="AAA", presentation="2026J")


def test_a_completion_is_told_to_the_log_once_with_what_the_bank_needs(offering):
    who = factories.person()
    row = enrol(offering, who)
    first = complete(row, Result.PASS)
    assert complete(row, Result.PASS) == first
    assert list(LogEntry.objects.filter(kind="hall.completed").values("key", "payload")) == [
        {
            "key": f"enrolment:{row.pk}",
            "payload": {
                "enrolment_id": row.pk,
                "person_id": who.pk,
                "offering_code": "C1",
                "module_code": "AAA",
                "presentation": "2026J",
                "institution_code": "SAMPLE-320924-community_college",
                "result": "pass",
                "studied_credits_hundredths": 3000,
                "completed_at": AT.isoformat(),
            },
        }
    ]


def test_a_result_is_never_changed_and_ends_the_way_out(offering):
    row = enrol(offering, factories.person())
    complete(row, Result.FAIL)
    with pytest.raises(completion.DifferentResult):
        complete(row, Result.PASS)
    with pytest.raises(completion.DifferentResult):
        complete(row, Result.FAIL, hundredths=100)
    with pytest.raises(enrolment.Finished):
        withdraw(row)


@pytest.mark.parametrize(
    ("moment", "result", "fits"),
    [
        ("seated", Result.PASS, True),
        ("seated", Result.WITHDRAWN, False),
        ("waiting", Result.PASS, False),
        ("waiting", Result.FAIL, False),
        ("left", Result.WITHDRAWN, True),
        ("left", Result.PASS, False),
        ("left", Result.FAIL, True),
        ("left the list", Result.WITHDRAWN, False),
    ],
)
def test_a_result_fits_where_the_learner_stands(offering, moment, result, fits):
    row = enrol(offering, factories.person("甲"))
    if moment.startswith(("waiting", "left the")):
        row = enrol(offering, factories.person("乙"))
    if moment.startswith("left"):
        row = withdraw(row)
    if fits:
        assert complete(row, result).result == result
    else:
        with pytest.raises(completion.NotEnrolled):
            complete(row, result)


def test_many_are_all_or_none(offering):
    row = enrol(offering, factories.person())
    good = completion.Outcome(row.pk, Result.PASS, AT, 100)
    with pytest.raises(completion.NotEnrolled):
        completion.complete_many(
            [good, completion.Outcome(row.pk + 1, Result.PASS, AT, 100)], by_person_id=None
        )
    assert Completion.objects.count() == LogEntry.objects.filter(kind="hall.completed").count() == 0
    assert completion.complete_many([good], by_person_id=None) == 1
    assert completion.complete_many([good], by_person_id=None) == 0
