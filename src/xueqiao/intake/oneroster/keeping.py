"""Rows of rosters: what is new, what changed, what left; and writing that down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from django.apps import apps
from django.db.models import F

from xueqiao.intake.models import RosterPackage, RosterRow
from xueqiao.intake.oneroster import checking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from xueqiao.intake.oneroster.package import Row

Verdict = Literal["added", "changed", "unchanged"]


class Change(NamedTuple):
    """What a row says."""

    sourced_id: str
    data: dict[str, str]
    is_active: bool
    modified_at: datetime | None


class Judged(NamedTuple):
    """What a row says beside what is held.

    Attributes:
        turned: whether it came or left by this.
        version: how often it has come or left, this time included.
    """

    change: Change
    verdict: Verdict
    turned: bool
    version: int


def source_number(code: str) -> int:
    """The number of the source of a code."""
    # Named by string: only the records app imports its own models.
    sources = apps.get_model("records", "Source")._default_manager
    number: int = sources.values_list("pk", flat=True).get(code=code)
    return number


class Taking(NamedTuple):
    """One taking in of a package, before anything of it is written down."""

    key: UUID
    source: int
    name: str
    digest: str
    modes: dict[str, str]
    passed_over: list[str]
    at: datetime

    def row(self) -> RosterPackage:
        """Its record, made with the first portion."""
        return RosterPackage.objects.get_or_create(
            key=self.key,
            defaults={
                "source_id": self.source,
                "name": self.name[:200],
                "digest": self.digest,
                "modes": self.modes,
                "passed_over": self.passed_over,
                "received_at": self.at,
            },
        )[0]


def finish(taking: Taking, at: datetime) -> None:
    """Write down that all of it is in; the caller holds the transaction."""
    RosterPackage.objects.filter(pk=taking.row().pk).update(finished_at=at)


def active_ids(source: int, table: str) -> set[str]:
    """The sourcedIds of a table that are held and have not left."""
    return set(RosterRow.objects.active(source, table).values_list("sourced_id", flat=True))


def change(table: str, row: Row) -> Change:
    """A checked row as a change."""
    return Change(
        row.cells["sourcedId"],
        checking.kept(table, row),
        row.cells.get("status") != "tobedeleted",
        checking.moment(row.cells.get("dateLastModified", "")),
    )


def judge(source: int, table: str, changes: Iterable[Change]) -> list[Judged]:
    """Compare changes with what is held; each sourcedId at most once."""
    found = list(changes)
    ids = [each.sourced_id for each in found]
    rows = RosterRow.objects.filter(source=source, table=table, sourced_id__in=ids)
    held = {row.sourced_id: row for row in rows}
    return [_judged(each, held.get(each.sourced_id)) for each in found]


def _judged(said: Change, held: RosterRow | None) -> Judged:
    if held is None:
        # Who leaves without ever having come tells nothing.
        return Judged(said, "added", turned=said.is_active, version=1)
    is_older = bool(said.modified_at and held.modified_at and said.modified_at < held.modified_at)
    turned = not is_older and said.is_active != held.is_active
    same = said.data == held.data or (not said.is_active and not held.is_active)
    verdict: Verdict = "unchanged" if is_older or (same and not turned) else "changed"
    # Of who leaves often only the name is told; what was known of them stays.
    merged = said if said.is_active else said._replace(data={**held.data, **said.data})
    return Judged(merged, verdict, turned, held.version + turned)


def leave(source: int, table: str, ids: list[str]) -> list[Judged]:
    """Held rows that a bulk table no longer has."""
    rows = RosterRow.objects.filter(source=source, table=table, sourced_id__in=ids)
    return [
        Judged(
            Change(row.sourced_id, row.data, is_active=False, modified_at=row.modified_at),
            "changed", turned=True, version=row.version + 1,
        )
        for row in rows.order_by("sourced_id")
    ]  # fmt: skip


def counts(judged: Iterable[Judged]) -> dict[str, int]:
    """How many of each verdict."""
    found = {"added": 0, "changed": 0, "unchanged": 0}
    for each in judged:
        found[each.verdict] += 1
    return found


def store(taking: Taking, table: str, judged: Iterable[Judged], told: Mapping[str, int]) -> None:
    """Write down what is not unchanged; the caller holds the transaction."""
    package = taking.row()
    rows = [
        RosterRow(
            source_id=package.source_id,
            table=table,
            sourced_id=each.change.sourced_id,
            data=each.change.data,
            is_active=each.change.is_active,
            version=each.version,
            modified_at=each.change.modified_at,
            package=package,
        )
        for each in judged
        if each.verdict != "unchanged"
    ]
    RosterRow.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["source", "table", "sourced_id"],
        update_fields=["data", "is_active", "version", "modified_at", "package"],
    )
    RosterPackage.objects.filter(pk=package.pk).update(
        **{name: F(name) + n for name, n in told.items()}
    )
