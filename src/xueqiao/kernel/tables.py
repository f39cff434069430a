"""Rows of a table of another app, named by string: for loads and rights that need whole sets.

Only the own app imports its models; whoever can call a verb or a query of that app does so instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps

if TYPE_CHECKING:
    from django.db.models import QuerySet


def rows(label: str) -> QuerySet[Any]:
    """All rows of a model, such as ``network.Closure``."""
    model: Any = apps.get_model(label)
    found: QuerySet[Any] = model._default_manager.all()
    return found
