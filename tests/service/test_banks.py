"""Banks and alliances share one ledger; the log of honours only grows."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.creditbank import factories as bank
from tests.service import factories
from tests.service.factories import AT
from xueqiao.creditbank import standards
from xueqiao.creditbank.models import Programme, Unit
from xueqiao.people import rights
from xueqiao.service import banks, honours
from xueqiao.service.models import Honour

pytestmark = pytest.mark.django_db
DAY = AT.date()


@pytest.fixture
def point():
    standards.load()
    return factories.point()


def founded(point, **changes):
    given = {
        "code": "vocational", "name_zh": "职业教育学分银行", "name_en": "Vocational bank",
        "kind": "vocational", "place_id": point.province.pk, "source": "章程（示例）",
        "valid_from": bank.SINCE, "by": point.second, "at": AT,
    }  # fmt: skip
    return banks.found(**{**given, **changes})


def test_two_banks_have_their_own_members_and_catalogues(point):
    one, two = founded(point), founded(point, code="alliance", kind="alliance", name_zh="联盟")
    assert founded(point) == one
    with pytest.raises(banks.BankCodeTaken):
        founded(point, name_zh="另一个")
    who, unit, programme = bank.institution(), Unit.objects.first(), Programme.objects.first()
    given = {"by": point.second, "at": AT, "valid_from": DAY}
    member = banks.admit(bank=one, institution_id=who.pk, role="lead", **given)
    assert banks.admit(bank=one, institution_id=who.pk, role="lead", **given) == member
    banks.offer(bank=one, unit_id=unit.pk, **given)
    offered = banks.offer(bank=two, programme_id=programme.pk, **given)
    counts = [(each.code, each.member_count, each.offer_count) for each in banks.in_force(DAY)]
    assert sorted(counts) == [("alliance", 0, 1), ("vocational", 1, 1)]
    banks.take_out(offered=offered, day=DAY + timedelta(days=1), by=point.second, at=AT)
    banks.dismiss(member=member, day=DAY + timedelta(days=1), by=point.second, at=AT)
    later = DAY + timedelta(days=2)
    assert not banks.members(one, later).exists()
    assert not banks.programmes(two, later).exists()
    assert [each.unit for each in banks.units(one, later)] == [unit]


def test_only_the_province_founds_banks_and_an_offer_is_one_thing(point):
    with pytest.raises(rights.NotAllowed):
        founded(point, by=point.officer)
    made = founded(point)
    with pytest.raises(banks.BankUnfit):
        banks.offer(bank=made, valid_from=DAY, by=point.second, at=AT)
    with pytest.raises(banks.BankUnfit):
        founded(point, code="x", source=" ")


def given_to(point, **changes):
    given = {
        "person": point.learner, "kind": "star", "title": "百姓学习之星", "reason": "十年不辍",
        "document": "射教〔2026〕1 号", "given_on": DAY, "by": point.officer, "at": AT,
        "request_key": "h",
    }  # fmt: skip
    return honours.give(**{**given, **changes})


def test_an_honour_is_given_once_and_withdrawn_by_a_further_row(point):
    honour = given_to(point)
    assert given_to(point) == honour
    assert list(honours.standing(point.learner)) == [honour]
    taken = {"reason": "误登", "document": "更正", "by": point.officer, "at": AT}
    back = honours.withdraw(honour=honour, **taken)
    assert honours.withdraw(honour=honour, **taken) == back
    assert not honours.standing(point.learner).exists()
    assert honours.log_of(point.officer, DAY).count() == 2
    with pytest.raises(honours.HonourWithdrawn):
        honours.withdraw(honour=back, **taken)
    with pytest.raises(DatabaseError), transaction.atomic():
        Honour.objects.update(title="另一个")


@pytest.mark.parametrize(
    "changes", [{"title": " "}, {"kind": "none"}, {"given_on": DAY + timedelta(days=1)}]
)
def test_an_honour_without_its_facts_is_refused(point, changes):
    with pytest.raises(honours.HonourUnfit):
        given_to(point, **changes)


def test_nobody_honours_themselves_or_people_of_other_places(point):
    with pytest.raises(honours.HonourUnfit):
        given_to(point, person=point.officer)
    with pytest.raises(rights.NotAllowed):
        given_to(point, person=bank.person("外地人", point.elsewhere))
