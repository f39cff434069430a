"""Roles: given for a place and all below it, from one day to another; ended, never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.people import rights, rules
from xueqiao.people.models import Person, Role

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import Model


class RoleNotGrantable(errors.Refusal):
    """The granter's own roles do not include giving this one, there."""

    code = "people.role_not_grantable"
    status = 403


class RoleOutOfPlace(errors.Refusal):
    """The institution does not sit in the place the role is for."""

    code = "people.role_out_of_place"
    status = 422


class RoleDaysImpossible(errors.Refusal):
    """A role that would end before it starts."""

    code = "people.role_days_impossible"
    status = 422


class RoleEnded(errors.Refusal):
    """The role has already ended on another day."""

    code = "people.role_ended"


@transaction.atomic
def grant(
    *,
    person_id: int,
    kind: str,
    place_id: int,
    valid_from: date,
    at: datetime,
    valid_to: date | None = None,
    institution_id: int | None = None,
    granted_by: Person | None = None,
) -> Role:
    """Give somebody a role for a place and below; a repeated call returns the role that is there.

    Args:
        valid_to: first day it no longer holds; None while no end is known.
        institution_id: narrows the role to this institution's own affairs.
        granted_by: None only from the shell, where the first officers are set up.

    Raises:
        RoleNotGrantable: the granter may not give this role there.
        RoleOutOfPlace: the institution does not sit in the place.
        RoleDaysImpossible: the end is not after the start.
    """
    if valid_to is not None and valid_to <= valid_from:
        raise RoleDaysImpossible(
            _(
                "The role would start on {start} and end on {end}. Choose an end after the start."
            ).format(start=clock.written(valid_from), end=clock.written(valid_to))
        )
    if granted_by is not None:
        _may_grant_or_refuse(granted_by, kind, place_id, institution_id, clock.local_date(at))
    if institution_id is not None and not _sits_in(institution_id, place_id):
        raise RoleOutOfPlace(
            _(
                "The institution does not sit in that place. Choose the place it sits in, or one "
                "above."
            )
        )
    one: dict[str, Any] = {
        "person_id": person_id,
        "kind": kind,
        "place_id": place_id,
        "valid_from": valid_from,
    }
    more = {"valid_to": valid_to, "granted_by": granted_by, "granted_at": at}
    one["institution_id"] = institution_id
    role, _made = Role.objects.get_or_create(**one, defaults=more)
    return role


@transaction.atomic
def end(*, role_id: int, day: date, at: datetime, ended_by: Person | None = None) -> Role:
    """End a role on a day, the first on which it no longer holds; a repeated call changes nothing.

    Raises:
        RoleNotGrantable: who may not give a role may not end it either.
        RoleDaysImpossible: the day is not after the start.
        RoleEnded: it has ended on another day.
    """
    role = Role.objects.select_for_update().get(pk=role_id)
    if ended_by is not None:
        where = (role.place_id, role.institution_id)
        _may_grant_or_refuse(ended_by, role.kind, *where, clock.local_date(at))
    if role.ended_at is not None:
        if role.valid_to == day:
            return role
        raise RoleEnded(
            _("This role has already ended on {day}. Give it anew if it shall hold again.").format(
                day=clock.written(role.valid_to) if role.valid_to else "–"
            )
        )
    if day <= role.valid_from:
        raise RoleDaysImpossible(
            _("The role started on {start}; it cannot end on {end}. Choose a later day.").format(
                start=clock.written(role.valid_from), end=clock.written(day)
            )
        )
    role.valid_to, role.ended_by, role.ended_at = day, ended_by, at
    role.save(update_fields=["valid_to", "ended_by", "ended_at"])
    return role


def institutions_of(person: Person, day: date) -> set[str]:
    """Names of the institutions for which a person holds a role on a day."""
    held = Role.objects.in_force(day).filter(person=person, institution__isnull=False)
    return set(held.values_list("institution__name", flat=True))


def _may_grant_or_refuse(
    granter: Person, kind: str, place_id: int, institution_id: int | None, day: date
) -> None:
    held = Role.objects.in_force(day).filter(person=granter)
    for role in held.select_related(None):
        if kind not in rules.grantable(frozenset({role.kind})):
            continue
        own_institution = role.institution_id is None or role.institution_id == institution_id
        if own_institution and rights.lies_in(place_id, role.place_id, day):
            return
    raise RoleNotGrantable(
        _(
            "Your roles do not include giving or ending this role for that place. Ask the officer "
            "of the next higher place."
        )
    )


def _sits_in(institution_id: int, place_id: int) -> bool:
    # Named by string: only the network app imports its own models.
    seats: type[Model] = apps.get_model("network", "Seat")
    inside = rights.closure().filter(ancestor_id=place_id).values("descendant_id")
    return seats._default_manager.filter(
        institution_id=institution_id, place_id__in=inside
    ).exists()
