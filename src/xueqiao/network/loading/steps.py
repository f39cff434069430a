"""Steps of loading: one transaction each, noted as finished in it, skipped when run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.network.loading import files
from xueqiao.network.models import LoadedStep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from django.db.models import Model

    Report = Callable[[str, int, int], None]

Row = TypeVar("Row", bound="Model")

# Rows a statement; SQLite cuts them further by its limit of variables.
BATCH = 5000


class LoadedOtherwise(errors.Refusal):
    """The step was done from other files than these."""

    code = "network.loaded_otherwise"


@dataclass(frozen=True)
class Done:
    """A finished step: how many rows it has, and whether this run wrote them."""

    name: str
    rows: int
    is_new: bool


def silent(step: str, done: int, total: int) -> None:
    """A report that nobody reads."""


def run(*, name: str, sources: Sequence[Path], at: datetime, work: Callable[[], int]) -> Done:
    """Do a step once: ``work`` writes and returns its number of rows, all in one transaction.

    Raises:
        LoadedOtherwise: it was done before from files with other bytes.
    """
    digest = files.digest(sources)
    with transaction.atomic():
        before = LoadedStep.objects.select_for_update().filter(name=name).first()
        if before is None:
            rows = work()
            LoadedStep.objects.create(name=name, digest=digest, rows=rows, loaded_at=at)
            bulk.count_anew(*apps.get_app_config("network").get_models())
            return Done(name, rows, is_new=True)
    if before.digest != digest:
        text = _(
            "{name} was loaded on {day:%Y-%m-%d} from other files. A register is loaded once for "
            "its cut-off date: start with an empty database, or put the first files back."
        )
        raise LoadedOtherwise(text.format(name=name, day=before.loaded_at))
    return Done(name, before.rows, is_new=False)


def write(rows: Sequence[Row], model: type[Row], *, report: Report, step: str) -> int:
    """Insert rows in batches and report after each; returns how many."""
    for start in range(0, len(rows), BATCH):
        model._default_manager.bulk_create(rows[start : start + BATCH])
        report(step, min(start + BATCH, len(rows)), len(rows))
    return len(rows)


def write_plain(
    rows: Sequence[tuple[Any, ...]],
    model: type[Model],
    columns: Sequence[str],
    *,
    report: Report,
    step: str,
) -> int:
    """Insert rows that nobody needs as objects, a few times faster than ``write``.

    Args:
        rows: values in the order of ``columns``, as ``bulk.insert`` takes them.
    """
    for start in range(0, len(rows), BATCH):
        bulk.insert(model, columns, rows[start : start + BATCH])
        report(step, min(start + BATCH, len(rows)), len(rows))
    return len(rows)
