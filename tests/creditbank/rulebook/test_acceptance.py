from datetime import date, timedelta

import pytest

from tests.creditbank import factories as bank
from xueqiao.creditbank import completions, conversion, standards
from xueqiao.creditbank.models import CreditLot, RuleVersion
from xueqiao.creditbank.rulebook import acceptance

pytestmark = pytest.mark.django_db
AT = bank.AT
SINCE, UNTIL = date(2026, 1, 1), date(2026, 12, 31)


def test_rates_count_what_was_answered():
    """Of six: two accepted, one refused, one timed out, one taken back, one still open."""
    standards.load()
    bank.institution()
    where = bank.places()
    officer = bank.provincial(where.province)
    version = RuleVersion.objects.get(rule__code="R-OULAD-BA-SOCIAL")
    asked = [_asked(number, where.county, version) for number in range(1, 7)]
    for each in asked[:2]:
        conversion.approve(conversion=each, by=officer, at=AT)
    conversion.reject(conversion=asked[2], by=officer, at=AT, reason="材料不全")
    conversion.withdraw(conversion=asked[3], by=asked[3].person, at=AT)
    conversion.expire_due(now=AT + timedelta(days=60), limit=1)

    (rate,) = acceptance.by_rule(SINCE, UNTIL)

    assert rate == acceptance.of_rule("R-OULAD-BA-SOCIAL").__class__(
        "R-OULAD-BA-SOCIAL", version.rule.title_zh, version.rule.title_en, asked=6, accepted=2,
        refused=1, timed_out=1, withdrawn=1,
    )  # fmt: skip
    assert (rate.answered, rate.percent) == (4, "50.0")
    (body,) = acceptance.by_institution(SINCE, UNTIL)
    assert (body.code, body.asked) == ("开放大学（示例）", 6)
    assert acceptance.by_rule(date(2025, 1, 1), date(2025, 12, 31)) == []
    assert acceptance.of_rule("R-OULAD-AS-IT") is None


@pytest.mark.parametrize(
    ("accepted", "refused", "shown"), [(1, 2, "33.3"), (2, 1, "66.7"), (0, 0, "")]
)
def test_a_rate_is_rounded_to_a_tenth(accepted, refused, shown):
    assert acceptance.Rate("", "", "", 3, accepted, refused, 0, 0).percent == shown


def _asked(number, home, version):
    who = bank.person(f"学员 {number}", home)
    entry = bank.completed(who, number, credits=6000)
    completions.recognise(entries=[entry], now=AT)
    return conversion.request(
        request_key=str(number), person=who, by=who, version_id=version.pk, at=AT,
        uses=[conversion.Use(CreditLot.objects.get(person=who).pk, 1800)],
    )  # fmt: skip
