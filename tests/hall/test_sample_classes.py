from datetime import date, timedelta

import pytest

from tests.catalog.test_search import entry, publish
from tests.hall import factories
from tests.hall.test_oulad import seat_law_holds_everywhere
from xueqiao.hall import queries
from xueqiao.hall.intake import places, sample_classes
from xueqiao.hall.models import Enrolment, Offering
from xueqiao.kernel import clock
from xueqiao.people.models import RoleKind

DAY = date(2026, 9, 1)


@pytest.fixture
def ready(db):
    publish(*(entry(f"c{n}", title=f"智能手机入门{n:02}") for n in range(70)))
    return factories.province_with_villages()


def test_sixty_classes_open_now_one_full_with_a_waiting_list(ready):
    counts = sample_classes.load(day=DAY)
    assert counts.offerings == 60
    classes = list(queries.open_now(None, clock.start_of(DAY)))
    assert len(classes) == 60
    assert all(DAY < each.starts_on <= DAY + timedelta(days=42) for each in classes)
    assert all(
        each.is_sample and each.title.endswith("（示例）") and each.course for each in classes
    )
    assert {each.institution.code for each in classes} == {each.institution.code for each in ready}
    assert sum(each.institution_id == ready[1].institution.pk for each in classes) >= 8
    full = [(each.left, each.waiting) for each in classes if not each.left]
    assert full == [(0, 3)]
    assert sum(0 < each.left <= 2 for each in classes) == 5
    assert 0 in {each.fee_fen for each in classes} != {0}
    assert (counts.taken, counts.waiting) == (
        Enrolment.objects.filter(state="active").count(),
        3,
    )
    seat_law_holds_everywhere()


def test_again_and_next_week_it_is_the_same_series_and_next_year_another(ready):
    first = sample_classes.load(day=DAY)
    codes = set(Offering.objects.values_list("code", flat=True))
    assert sample_classes.load(day=DAY) == first
    assert sample_classes.load(day=DAY + timedelta(days=5)) == first
    assert set(Offering.objects.values_list("code", flat=True)) == codes
    later = sample_classes.load(day=DAY + timedelta(days=365))
    assert later.day == DAY + timedelta(days=365)
    assert Offering.objects.count() == 120


def test_the_teacher_of_an_institution_teaches_its_classes(ready):
    teacher = factories.person("周老师")
    factories.role(teacher, RoleKind.TEACHER, ready[1].county, ready[1].institution)
    sample_classes.load(day=DAY)
    mine = Offering.objects.run_by(teacher, DAY)
    assert mine.count() >= 4
    assert set(mine.values_list("teacher_name", flat=True)) == {"周老师"}
    assert set(mine.values_list("institution_id", flat=True)) == {ready[1].institution.pk}


def test_without_places_or_courses_it_says_what_is_missing(db):
    with pytest.raises(places.NetworkMissing, match="load_places"):
        sample_classes.load(day=DAY)
    factories.province_with_villages()
    with pytest.raises(sample_classes.CatalogueMissing, match="load_catalogue"):
        sample_classes.load(day=DAY)
