"""Identifiers and addresses of CASE objects. One place makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, UUID, uuid5

from django.conf import settings

if TYPE_CHECKING:
    from xueqiao.creditbank.models import Level, QualificationFramework, Standard, Unit

PREFIX = "/ims/case/v1p1/"


def of_framework(row: QualificationFramework) -> UUID:
    return row.identifier or made("framework", row.code, row.version)


def of_standard(row: Standard) -> UUID:
    """The stored identifier, or the one that owner, code and version make."""
    return row.identifier or made("standard", row.owner, row.code, row.version)


def of_level(row: Level) -> UUID:
    return row.identifier or made("level", of_framework(row.framework), row.number)


def of_unit(row: Unit) -> UUID:
    return row.identifier or made("unit", of_standard(row.standard), row.code)


def made(*parts: object) -> UUID:
    """The same identifier from the same parts, on every machine.

    >>> made("unit", "A", 1) == made("unit", "A", 1)
    True
    """
    return uuid5(NAMESPACE_OID, "xueqiao/" + "/".join(str(part) for part in parts))


def address(kind: str, identifier: UUID | str) -> str:
    """Where an object is published; ``kind`` is a path of the REST binding, such as CFItems."""
    return f"{settings.PUBLIC_URL}{PREFIX}{kind}/{identifier}"
