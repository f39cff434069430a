"""Legal holds: what nobody may erase until the hold is lifted, whatever was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.models import LegalHold
from xueqiao.records.personas import reading

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person
    from xueqiao.records.models import Actor, Source


class HoldNeedsReason(errors.Refusal):
    """A hold is placed or lifted without a reason, or on nothing."""

    code = "records.hold_needs_reason"
    status = 422


class HeldAlready(errors.Refusal):
    """A hold of this source or identifier is in force."""

    code = "records.held_already"


class HoldLifted(errors.Refusal):
    """The hold was lifted before."""

    code = "records.hold_lifted"


def place(
    *, source: Source | None = None, actor: Actor | None = None, reason: str, by: Person,
    at: datetime,
) -> LegalHold:  # fmt: skip
    """Keep the statements of a source, or those of an actor and all of its persona, from erasure.

    Raises:
        HoldNeedsReason: no reason, or not exactly one of source and actor.
        HeldAlready: such a hold is in force.
    """
    if not reason.strip() or (source is None) == (actor is None):
        raise HoldNeedsReason(_("Say what is held and why: a source or an identifier."))
    try:
        with transaction.atomic():
            return LegalHold.objects.create(
                source=source, actor=actor, reason=reason.strip()[:300], placed_by=by, placed_at=at
            )
    except IntegrityError as why:
        raise HeldAlready(_("It is held already. Lift that hold first.")) from why


@transaction.atomic
def lift(*, hold: LegalHold, by: Person, at: datetime) -> LegalHold:
    """End a hold.

    Raises:
        HoldLifted: somebody did.
    """
    held = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if held.lifted_at is not None:
        raise HoldLifted(
            _("The hold was lifted on {day}.").format(day=f"{held.lifted_at:%Y-%m-%d}")
        )
    held.lifted_by, held.lifted_at = by, at
    held.save(update_fields=["lifted_by", "lifted_at"])
    return held


def in_force(at: datetime) -> list[LegalHold]:
    """The holds of a moment, oldest first."""
    open_ = LegalHold.objects.filter(placed_at__lte=at).filter(
        Q(lifted_at=None) | Q(lifted_at__gt=at)
    )
    return list(open_.select_related("source", "actor").order_by("pk"))


def held(at: datetime) -> tuple[list[int], list[int]]:
    """The sources and the actors that are held at a moment, with all of each persona."""
    found = in_force(at)
    sources = [each.source_id for each in found if each.source_id]
    actors = reading.together(each.actor_id for each in found if each.actor_id)
    return sources, sorted(actors)


def condition(at: datetime) -> Q:
    """A condition on statements: a hold is on them."""
    sources, actors = held(at)
    if not sources and not actors:
        return Q(pk__in=[])
    return Q(source__in=sources) | Q(actor__in=actors)
