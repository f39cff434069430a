"""Exports of one person as rows of one list, of records and of the workbench alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.governance.models import LakeExport
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records.models import ExportJob
from xueqiao.records.personas import identifiers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from xueqiao.people.models import Person

RECORDS, LAKE = "records", "lake"
ORIGINS = {RECORDS: gettext_lazy("Records"), LAKE: gettext_lazy("Workbench")}
"""Where an export comes from: the values of the filter ``of``."""
# Both kinds of jobs go through the same states.
STATES = ExportJob.State
LEVELS = {"done": "ok", "failed": "bad", "cancelled": "", "expired": ""}
SHOWN_CHARACTERS = 80
NEWEST = 500
"""Of each origin: files of older exports are long gone."""


@dataclass(frozen=True)
class Row:
    """One export.

    Attributes:
        pk: its number as people read it: ``X-`` of records, ``L-`` of the lake.
        way: address of its page; "": the reader may not open it any more.
        asked: the filters or the query, in one line.
    """

    pk: str
    origin: str
    way: str
    kind: str
    asked: str
    state: str
    state_text: str
    rows: int
    asked_at: datetime
    expires_at: datetime | None

    @property
    def level(self) -> str:
        return level(self.state)


def level(state: str) -> str:
    """The level of the badge of a state."""
    return LEVELS.get(state, "now")


def filters_text(job: ExportJob) -> str:
    """The filters of an export of records in one line."""
    given = {name: text for name, text in job.filters.items() if text != "false"}
    if "persona" in given:
        given["persona"] = identifiers.show(given["persona"])
    return ", ".join(f"{name}: {text}" for name, text in given.items()) or _("everything")


@dataclass(frozen=True)
class May:
    """Whether somebody may export records, and ask in the workbench. Two queries."""

    records: bool
    lake: bool


def may(person: Person) -> May:
    """What somebody may export from today on."""
    day = clock.today()
    return May(
        rights.allows(person, rights.RECORDS_EXPORT, day),
        rights.allows(person, rights.LAKE_ANALYSE, day),
    )


def rows(person: Person, allowed: May) -> list[Row]:
    """The newest exports that somebody asked for, ``NEWEST`` of each origin. Two queries."""
    return [*_of_records(person, allowed), *_of_lake(person, allowed)]


def _of_records(person: Person, allowed: May) -> Iterator[Row]:
    for job in ExportJob.objects.filter(asked_by=person).order_by("-asked_at", "-pk")[:NEWEST]:
        yield Row(
            pk=f"X-{job.pk}",
            origin=RECORDS,
            way=reverse("console-export", args=[job.key]) if allowed.records else "",
            kind=job.get_kind_display(),
            asked=filters_text(job),
            state=job.state,
            state_text=job.get_state_display(),
            rows=job.rows,
            asked_at=job.asked_at,
            expires_at=job.expires_at,
        )


def _of_lake(person: Person, allowed: May) -> Iterator[Row]:
    found = LakeExport.objects.filter(asked_by=person).select_related("run")
    found = found.only("key", "kind", "state", "rows", "asked_at", "expires_at", "run__sql")
    for export in found.order_by("-asked_at", "-pk")[:NEWEST]:
        yield Row(
            pk=f"L-{export.pk}",
            origin=LAKE,
            way=reverse("console-lake-export", args=[export.key]) if allowed.lake else "",
            kind=export.get_kind_display(),
            asked=in_one_line(export.run.sql),
            state=export.state,
            state_text=export.get_state_display(),
            rows=export.rows,
            asked_at=export.asked_at,
            expires_at=export.expires_at,
        )


def in_one_line(query: str) -> str:
    """A query in one line, cut where it is long."""
    line = " ".join(query.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"
