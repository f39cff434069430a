"""Joining, splitting and renaming: who is one human being, on evidence, and back again."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.people import identity
from xueqiao.records import names
from xueqiao.records.models import Actor, Persona, PersonaMember
from xueqiao.records.personas import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xueqiao.people.models import Person


class EvidenceMissing(errors.Refusal):
    """Identifiers are joined or split without saying on what evidence."""

    code = "records.persona_evidence_missing"
    status = 422


class TooFew(errors.Refusal):
    """A persona has two identifiers at least, and no identifier takes its own place."""

    code = "records.persona_too_few"
    status = 422


class TwoPersons(errors.Refusal):
    """The identifiers are linked to different persons."""

    code = "records.persona_two_persons"


class NotTogether(errors.Refusal):
    """The identifier is not a member of the persona now."""

    code = "records.persona_not_together"


@transaction.atomic
def join(
    *,
    identifiers: Sequence[str],
    why: str,
    by: Person | None,
    at: datetime,
    label: str = "",
) -> Persona:
    """Say that identifiers are one human being. Those who are joined already come along.

    A repeated call changes nothing. Two personas become the older one: the members of the younger
    leave it and join the older, each with a row of its own, so that it can be undone.

    Args:
        identifiers: as ``agents.identifier`` writes them; unknown ones become known.
        why: the evidence.
        by: who says so; None for a command.

    Raises:
        EvidenceMissing: no evidence is given.
        TooFew: fewer than two identifiers.
        TwoPersons: they are linked to different persons in ``people``.
    """
    return _join(identifiers, why, by, at, label, replaced="")


@transaction.atomic
def rename(*, old: str, new: str, why: str, by: Person | None, at: datetime) -> Persona:
    """Say that an identifier took the place of another: an account was renamed, a mailbox changed.

    Statements keep their exact text; those of both are found together by persona.

    Raises:
        As ``join``.
    """
    return _join([old, new], why, by, at, "", replaced=old)


def _join(
    identifiers: Sequence[str],
    why: str,
    by: Person | None,
    at: datetime,
    label: str,
    *,
    replaced: str,
) -> Persona:
    wanted = sorted(set(identifiers) - {""})
    if not why.strip():
        raise EvidenceMissing(_("Say on what evidence, such as a form or a confirmed sign-in."))
    if len(wanted) < 2:  # noqa: PLR2004 - two make one
        raise TooFew(_("Give two identifiers at least, and not the same one twice."))
    numbers = names.actors(wanted, at)
    actors = list(Actor.objects.select_for_update().filter(pk__in=numbers.values()).order_by("pk"))
    persona, moving = _older(actors, label, by, at)
    already = reading.members().filter(persona=persona).select_related("actor")
    _one_person([*actors, *(each.actor for each in [*moving, *already])])
    for member in moving:
        _leave(member, by, at, _("joined with another persona"))
    held = set(reading.members().filter(persona=persona).values_list("actor", flat=True))
    fresh = {each.pk: each for each in [*actors, *(each.actor for each in moving)]}
    old = numbers.get(replaced)
    PersonaMember.objects.bulk_create(
        PersonaMember(
            persona=persona,
            actor=actor,
            joined_at=at,
            joined_by=by,
            why=why.strip()[:300],
            replaces_id=old if old and pk in numbers.values() and pk != old else None,
        )
        for pk, actor in sorted(fresh.items())
        if pk not in held
    )
    _touch(persona, at)
    return persona


def _older(
    actors: list[Actor], label: str, by: Person | None, at: datetime
) -> tuple[Persona, list[PersonaMember]]:
    """The oldest persona of some actors, made where none has one; and the members of the others."""
    personas = reading.members().filter(actor__in=actors).values("persona")
    found = list(Persona.objects.select_for_update().filter(pk__in=personas).order_by("pk"))
    if not found:
        made = Persona(key=uuid.uuid4(), label=label[:120], opened_at=at, opened_by=by)
        made.save(force_insert=True)
        return made, []
    moving = reading.members().filter(persona__in=found[1:]).select_related("actor")
    return found[0], list(moving.order_by("pk"))


def _one_person(actors: list[Actor]) -> None:
    # Asked of people itself: the copy in the actor may be of yesterday.
    accounts = [(each.home_page, each.name) for each in actors if each.name]
    persons = set(identity.persons_of(accounts).values())
    if len(persons) > 1:
        raise TwoPersons(
            _("These identifiers are linked to {n} different persons. Unlink one first.").format(
                n=len(persons)
            )
        )


@transaction.atomic
def split(*, persona: Persona, actor: Actor, why: str, by: Person | None, at: datetime) -> Persona:
    """Take an identifier out of a persona; the last one left leaves with it.

    Raises:
        EvidenceMissing: no reason is given.
        NotTogether: it is not a member now.
    """
    if not why.strip():
        raise EvidenceMissing(_("Say why they are not one human being."))
    open_ = reading.members().select_for_update().filter(persona=persona)
    held = {each.actor_id: each for each in open_.order_by("pk")}
    if actor.pk not in held:
        raise NotTogether(_("This identifier does not belong to the persona now."))
    going = [held.pop(actor.pk)]
    if len(held) == 1:
        going += held.values()
    for member in going:
        _leave(member, by, at, why)
    _touch(persona, at)
    return persona


def _leave(member: PersonaMember, by: Person | None, at: datetime, why: str) -> None:
    member.left_at, member.left_by, member.left_why = at, by, why.strip()[:300]
    member.save(update_fields=["left_at", "left_by", "left_why"])


def _touch(persona: Persona, at: datetime) -> None:
    """Let the lake read the actors again: they count as one learner now, or as several."""
    ever = PersonaMember.objects.filter(persona=persona).values("actor")
    Actor.objects.filter(pk__in=ever).update(updated_at=at)
