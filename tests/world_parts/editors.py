"""What the standards' editors have on their desks: drafts beside what is published, a package."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.creditbank.standards.test_case import foreign
from xueqiao.creditbank.models import QualificationFramework, Standard
from xueqiao.creditbank.standards import drafting
from xueqiao.creditbank.standards.case import importing
from xueqiao.kernel import clock
from xueqiao.people.models import Person


def editors(people: dict[str, int]) -> dict[str, Any]:
    """Primary keys by the names of ``World``."""
    by, now = Person.objects.get(pk=people["institution"]), clock.now()
    later = clock.local_date(now) + timedelta(days=60)
    row = Standard.objects.get(code="SAMPLE-ELDERCARE")
    draft = drafting.next_standard(standard=row, version="2027.1", valid_from=later, by=by, at=now)
    unit = draft.units.order_by("pk").first()
    assert unit is not None
    framework = QualificationFramework.objects.get(code=row.level.framework.code)
    levels = drafting.next_framework(
        framework=framework, version="2027.1", valid_from=later, by=by, at=now
    )
    data = json.dumps(foreign()).encode()
    kept = importing.receive(name="woodwork.json", data=data, by=by, at=now)
    return {
        "standard": row.pk,
        "standard_draft": draft.pk,
        "standard_unit": unit.pk,
        "framework_draft": levels.pk,
        "package": kept.pk,
    }
