"""A few computed numbers, as the lake would have stored them."""

from __future__ import annotations

from datetime import datetime

from tests.world_parts.places import Where
from xueqiao.kernel import clock
from xueqiao.monitor.models import IndicatorRun, IndicatorValue, SourceClass
from xueqiao.network.models import Place, Register

VALUES = [
    ("N02", 1226, 1236),
    ("N03", 15000, 21344),
    ("Q02", 15385, 32593),
    ("P03", 24000, 71_000_000),
]


def figures(where: Where, now: datetime) -> None:
    """Values of the province and of the county for this year, in both registers."""
    day = clock.local_date(now)
    mca, _made = Register.objects.get_or_create(
        code="mca",
        defaults={
            "name_zh": "行政区划（民政）",
            "name_en": "Civil affairs",
            "as_of": day,
            "deepest_level": 4,
            "source": "test",
        },
    )
    run = IndicatorRun.objects.create(as_of=day, inputs="world", computed_at=now, values_written=0)
    places: list[tuple[Place, Place | None]] = [
        (where.province, None),
        (where.city, where.province),
        (where.county, where.city),
        (where.sibling, where.city),
    ]
    IndicatorValue.objects.bulk_create(
        IndicatorValue(
            run=run,
            indicator=code,
            version=1,
            register_id=register,
            place=place,
            parent=parent,
            period=day.year,
            numerator=numerator,
            denominator=denominator,
            expected=denominator,
            reported=denominator,
            as_of=day,
            source_class=SourceClass.SAMPLE,
        )
        for register in ("nbs", mca.pk)
        for place, parent in places
        for code, numerator, denominator in VALUES
    )
