"""Acceptance rates: of the conversions that were asked for and answered, how many were accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from xueqiao.creditbank.models import Conversion
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

State = Conversion.State
# A conversion that was reversed later had been accepted. One that its learner took back was never
# answered; it counts as asked only. One that nobody answered in time counts as not accepted.
ACCEPTED = ("approved", "reversed")
ANSWERED = (*ACCEPTED, "rejected", "timed_out")


@dataclass(frozen=True, slots=True)
class Rate:
    """Counts of one rule, or of all rules of one institution."""

    code: str
    title_zh: str
    title_en: str
    asked: int
    accepted: int
    refused: int
    timed_out: int
    withdrawn: int

    @property
    def answered(self) -> int:
        """The denominator of the rate."""
        return self.accepted + self.refused + self.timed_out

    @property
    def percent(self) -> str:
        """Accepted of answered, as people write it, or "" where nothing was answered yet."""
        if not self.answered:
            return ""
        tenths = (self.accepted * 2000 + self.answered) // (2 * self.answered)
        return f"{tenths // 10}.{tenths % 10}"


def by_rule(since: date, until: date) -> list[Rate]:
    """Rates of each rule by the days on which conversions were asked, most asked first."""
    return _rates(
        since, until, "version__rule__code", "version__rule__title_zh", "version__rule__title_en"
    )


def by_institution(since: date, until: date) -> list[Rate]:
    """Rates of each receiving body, as the agreements name it, most asked first."""
    receiving = "version__rule__agreement__receiving"
    return _rates(since, until, receiving, receiving, receiving)


def of_rule(code: str) -> Rate | None:
    """Rates of one rule over all days; None where nobody has asked yet."""
    rows = Conversion.objects.filter(version__rule__code=code)
    found = _counted(rows.values("version__rule__code"))
    return next((_rate(row, code, "", "") for row in found), None)


def _rates(since: date, until: date, code: str, zh: str, en: str) -> list[Rate]:
    begin, end = clock.start_of(since), clock.start_of(until + timedelta(days=1))
    rows = Conversion.objects.filter(asked_at__gte=begin, asked_at__lt=end)
    found = _counted(rows.values(*dict.fromkeys((code, zh, en))))
    rates = [_rate(row, row[code], row[zh], row[en]) for row in found]
    return sorted(rates, key=lambda rate: (-rate.asked, rate.code))


def _counted(rows: object) -> Iterable[dict[str, object]]:
    return rows.annotate(  # type: ignore[attr-defined, no-any-return]
        asked=Count("pk"), accepted=Count("pk", Q(state__in=ACCEPTED)),
        refused=Count("pk", Q(state="rejected")), timed_out=Count("pk", Q(state="timed_out")),
        withdrawn=Count("pk", Q(state="withdrawn")),
    ).order_by()  # fmt: skip


def _rate(row: dict[str, object], code: object, zh: object, en: object) -> Rate:
    names = ("asked", "accepted", "refused", "timed_out", "withdrawn")
    counts = {name: int(str(row[name])) for name in names}
    return Rate(str(code), str(zh), str(en), **counts)
