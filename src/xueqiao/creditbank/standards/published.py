"""What anybody may read of frameworks and standards: versions, and CASE objects by identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.creditbank.models import CaseObject, QualificationFramework, Standard
from xueqiao.creditbank.standards.case import writing

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

Kept = Standard | QualificationFramework


def standards() -> QuerySet[Standard]:
    """Every published version of every standard."""
    return Standard.objects.filter(is_draft=False).select_related("level__framework")


def frameworks() -> QuerySet[QualificationFramework]:
    """Every published version of every framework."""
    return QualificationFramework.objects.filter(is_draft=False)


def documents(*, offset: int, limit: int) -> tuple[list[Kept], int]:
    """Some of all published versions in an order that stays, and how many there are. 4 queries."""
    rows = CaseObject.objects.filter(kind="CFDocuments").order_by("identifier")
    related = ("standard__level__framework", "framework")
    found = rows.select_related(*related)[offset : offset + limit]
    return [_of(each) for each in found], rows.count()


def document(identifier: UUID) -> Kept | None:
    """The published version whose CFDocument this is."""
    return _found(identifier, "CFDocuments")


def part(identifier: UUID, kind: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """A CFItem or CFAssociation and the package that holds it; None where nothing has it.

    Args:
        kind: ``CFItems`` or ``CFAssociations``.
    """
    row = _found(identifier, kind)
    if row is None:
        return None
    package, wanted = writing.package(row), str(identifier)
    return next(each for each in package[kind] if each["identifier"] == wanted), package


def index(row: Kept) -> None:
    """Note the identifiers of a version that is published. Repeating it changes nothing."""
    package = writing.package(row)
    parent = {"standard": row} if isinstance(row, Standard) else {"framework": row}
    CaseObject.objects.bulk_create(
        [
            CaseObject(identifier=each["identifier"], kind=kind, **parent)
            for kind, rows in (
                ("CFDocuments", [package["CFDocument"]]),
                ("CFItems", package["CFItems"]),
                ("CFAssociations", package["CFAssociations"]),
            )
            for each in rows
        ],
        ignore_conflicts=True,
    )


def _found(identifier: UUID, kind: str) -> Kept | None:
    related = ("standard__level__framework", "framework")
    rows = CaseObject.objects.filter(pk=identifier, kind=kind).select_related(*related)
    found = rows.first()
    return _of(found) if found else None


def _of(found: CaseObject) -> Kept:
    row = found.standard or found.framework
    assert row is not None, "a constraint holds it"
    return row
