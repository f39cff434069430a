"""A neighbour with credit for care: a plan to convert it, a qualification asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from xueqiao.creditbank import awards, lots
from xueqiao.creditbank.models import Qualification, SourceKind, Unit
from xueqiao.kernel import clock
from xueqiao.people.models import Person

UNITS = ("SAMPLE-ELDERCARE-U1", "SAMPLE-ELDERCARE-U2", "SAMPLE-ELDERCARE-U3", "SAMPLE-FARM-U1")


def plans(people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """Primary keys by the names of ``World``."""
    person, measures, day = people["neighbour"], lots.Measures(), clock.local_date(now)
    rule = measures.rule("prior.credit", day)
    drafts = [
        lots.Draft(
            key=f"world:{unit.code}", person_id=person.pk, unit=unit, institution_id=None,
            issuer="credit-bank-centre", number=f"world-{unit.code}", result="recognised",
            amount_hundredths=unit.credit_hundredths, source_kind=SourceKind.PRIOR,
            obtained=day - timedelta(days=400), event_at=now, rule=rule,
            reasons="实训考核合格。", valid_to=None, evidence_sha256=(), source="world",
        )
        for unit in Unit.objects.filter(code__in=UNITS).order_by("code")
    ]  # fmt: skip
    lots.post_recognised(drafts=drafts, now=now)
    goals = dict(Qualification.objects.values_list("code", "pk"))
    asked = awards.ask(
        request_key="world:award", person=person, by=person, at=now,
        qualification_id=goals["SAMPLE-Q-MICRO-CARE"],
    )  # fmt: skip
    return {
        "qualification": goals["SAMPLE-Q-AS-CARE"],
        "micro": goals["SAMPLE-Q-MICRO-CARE"],
        "award": asked.pk,
    }
