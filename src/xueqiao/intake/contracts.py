"""Contracts: what was agreed with a source about its tables, version by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.intake.models import Contract
from xueqiao.intake.tables import mapping as mappings
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person
    from xueqiao.records.deliveries import Source

LONGEST_NAME = 120


class ContractUnfit(errors.Refusal):
    """A contract has no name, or a longer one than can be kept."""

    code = "intake.contract_unfit"
    status = 422


def replaced_by(*, source: Source, name: str, mapping: dict[str, Any]) -> Contract | None:
    """The newest contract of this name, if saving this mapping would make a next version of it."""
    versions = Contract.objects.filter(source=source, name=name.strip()).order_by("-version")
    newest = versions.first()
    return newest if newest is not None and newest.mapping != mapping else None


@transaction.atomic
def save(
    *, source: Source, name: str, mapping: dict[str, Any], by: Person | None, at: datetime
) -> Contract:
    """The newest version of a contract with this mapping; a new version where it has changed.

    Raises:
        ContractUnfit: the name is empty or too long.
        MappingUnfit: the mapping cannot be run.
    """
    plain = name.strip()
    if not 1 <= len(plain) <= LONGEST_NAME:
        text = _("A contract needs a name of at most 120 characters.")
        raise ContractUnfit(text, pointer="name")
    mappings.read(mapping)
    versions = Contract.objects.filter(source=source, name=plain).order_by("-version")
    newest = versions.select_for_update().first()
    if newest is not None and newest.mapping == mapping:
        return newest
    return Contract.objects.create(
        source=source,
        name=plain,
        version=newest.version + 1 if newest else 1,
        mapping=mapping,
        created_at=at,
        created_by=by,
    )
