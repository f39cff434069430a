"""Asking for an erasure, and deciding about it: two persons, never one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.records.erasure import selection, tombstones
from xueqiao.records.models import Actor, ErasedIdentifier, Erasure, ErasureTarget
from xueqiao.records.personas import reading

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable
    from datetime import datetime

    from xueqiao.people.models import Person
    from xueqiao.records.models import Source

MOST_IDS = 100_000


class ReasonMissing(errors.Refusal):
    """An erasure is asked for, or rejected, without a reason."""

    code = "records.erasure_reason_missing"
    status = 422


class NothingToErase(errors.Refusal):
    """The request names no id, an identifier that is unknown, or a day that is to come."""

    code = "records.nothing_to_erase"
    status = 422


class SamePerson(errors.Refusal):
    """Whoever asked for an erasure decides about it; a second person has to."""

    code = "records.erasure_same_person"


class Decided(errors.Refusal):
    """The request was decided, or is being carried out."""

    code = "records.erasure_decided"


@transaction.atomic
def by_ids(*, ids: Iterable[uuid.UUID], reason: str, by: Person, at: datetime) -> Erasure:
    """Ask for single statements to be erased. Ids that nobody holds are barred as well.

    Raises:
        ReasonMissing: no reason is given.
        NothingToErase: no id, or more than ``MOST_IDS``.
    """
    wanted = sorted(set(ids))
    if not 0 < len(wanted) <= MOST_IDS:
        text = _("Give 1 to {most} ids of statements, one a line.")
        raise NothingToErase(text.format(most=MOST_IDS), pointer="ids")
    erasure = _asked(Erasure(kind=Erasure.Kind.IDS), reason, by, at)
    bulk.insert(ErasureTarget, ("erasure_id", "uuid"), [(erasure.pk, each) for each in wanted])
    return preview(erasure=erasure, at=at)


@transaction.atomic
def by_person(
    *, identifier: str, reason: str, by: Person, at: datetime, reach: str = Erasure.Reach.ACTOR
) -> Erasure:
    """Ask for a person's statements to be erased, under all identifiers of the persona.

    The identifiers are those of this moment; one that is joined later is not meant.

    Args:
        identifier: as ``agents.identifier`` writes it.
        reach: ``Erasure.Reach``: what the person did, or every statement that names the person.

    Raises:
        ReasonMissing: no reason is given.
        NothingToErase: no statement names the identifier.
    """
    actor = Actor.objects.filter(ifi=identifier).first()
    if actor is None:
        text = _("Nobody is known here as {identifier}. Compare it letter by letter.")
        raise NothingToErase(text.format(identifier=identifier), pointer="identifier")
    erasure = _asked(Erasure(kind=Erasure.Kind.PERSON, reach=reach), reason, by, at)
    everybody = Actor.objects.filter(pk__in=reading.together([actor.pk])).order_by("pk")
    ErasedIdentifier.objects.bulk_create([
        ErasedIdentifier(
            erasure=erasure,
            hash=tombstones.hash_of(each.ifi),
            ifi=each.ifi,
            kind=each.ifi.partition("|")[0],
            home_page=each.home_page,
            actor=each,
        )
        for each in everybody
    ])  # fmt: skip
    return preview(erasure=erasure, at=at)


@transaction.atomic
def by_age(
    *, stored_before: datetime, reason: str, by: Person, at: datetime, source: Source | None = None
) -> Erasure:
    """Ask for everything to be erased that was stored before a moment, of one source or of all.

    Raises:
        ReasonMissing: no reason is given.
        NothingToErase: the moment lies ahead.
    """
    if stored_before > at:
        raise NothingToErase(_("The day lies ahead. Choose an earlier one."), pointer="before")
    made = Erasure(kind=Erasure.Kind.AGE, source=source, stored_before=stored_before)
    return preview(erasure=_asked(made, reason, by, at), at=at)


def _asked(erasure: Erasure, reason: str, by: Person, at: datetime) -> Erasure:
    if not reason.strip():
        text = _("Say why, without names: who asked for it, and on what ground.")
        raise ReasonMissing(text, pointer="reason")
    erasure.reason, erasure.requested_by, erasure.requested_at = reason.strip()[:300], by, at
    erasure.save(force_insert=True)
    return erasure


def preview(*, erasure: Erasure, at: datetime) -> Erasure:
    """Look again at what would be erased: the dry run. Changes nothing but the look itself."""
    erasure.preview = selection.look(erasure, at)
    erasure.save(update_fields=["preview"])
    return erasure


@transaction.atomic
def approve(*, erasure: Erasure, by: Person, at: datetime, note: str = "") -> Erasure:
    """Allow an erasure; the next job carries it out.

    Raises:
        SamePerson: whoever asked cannot allow it.
        Decided: it does not wait for a decision.
    """
    return _decide(erasure, Erasure.State.APPROVED, by, at, note)


@transaction.atomic
def reject(*, erasure: Erasure, by: Person, at: datetime, note: str) -> Erasure:
    """Refuse an erasure, with the reason.

    Raises:
        ReasonMissing: no reason is given.
        SamePerson: whoever asked withdraws instead.
        Decided: it does not wait for a decision.
    """
    if not note.strip():
        raise ReasonMissing(_("Say why it is rejected."), pointer="note")
    found = _decide(erasure, Erasure.State.REJECTED, by, at, note)
    _forget(found)
    return found


@transaction.atomic
def withdraw(*, erasure: Erasure, by: Person, at: datetime) -> Erasure:
    """Take a request back that nobody has decided; its own author only.

    Raises:
        SamePerson: somebody else's request is rejected, not withdrawn.
        Decided: it does not wait for a decision.
    """
    found = _waiting(erasure)
    if found.requested_by_id != by.pk:
        raise SamePerson(_("Only its author withdraws a request; you may reject it."))
    found.state, found.finished_at = Erasure.State.WITHDRAWN, at
    found.save(update_fields=["state", "finished_at"])
    _forget(found)
    return found


def _decide(erasure: Erasure, state: str, by: Person, at: datetime, note: str) -> Erasure:
    found = _waiting(erasure)
    if found.requested_by_id == by.pk:
        text = _("You asked for this erasure. A second person has to decide about it.")
        raise SamePerson(text)
    found.state, found.decided_by, found.decided_at = state, by, at
    found.note = note.strip()[:300]
    found.save(update_fields=["state", "decided_by", "decided_at", "note"])
    return found


def _waiting(erasure: Erasure) -> Erasure:
    found = Erasure.objects.select_for_update().get(pk=erasure.pk)
    if found.state != Erasure.State.ASKED:
        text = _("This request does not wait for a decision any more: {state}.")
        raise Decided(text.format(state=found.get_state_display()))
    return found


def _forget(erasure: Erasure) -> None:
    """What was not approved keeps no list of people and no sample."""
    erasure.targets.all().delete()
    erasure.identifiers.update(ifi="", actor=None)
    erasure.preview = {**erasure.preview, "sample": []}
    erasure.save(update_fields=["preview"])
