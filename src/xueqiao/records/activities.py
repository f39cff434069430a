"""What the store knows of an activity."""

from __future__ import annotations

from typing import Any

from xueqiao.records.models import Activity


def described(iri: str) -> dict[str, Any]:
    """The activity of an address with its canonical definition, if any statement gave one."""
    found: dict[str, Any] = {"objectType": "Activity", "id": iri}
    held = Activity.objects.filter(iri=iri).first()
    if held is not None and held.definition:
        found["definition"] = held.definition
    return found
