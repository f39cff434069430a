"""Grants to read rows of persons: asked for a purpose, decided by somebody else, ended by a day.

What is granted narrows in four ways: tables, purpose, place, and what may leave. A request never
asks for more than its purpose allows (``rules``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import datasets, rules
from xueqiao.governance.models import AccessGrant, Purpose
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

State = AccessGrant.State


class PurposeNotYours(errors.Refusal):
    """No role of the person reads for this purpose."""

    code = "lake.purpose_not_yours"
    status = 403


class GrantTooWide(errors.Refusal):
    """More is asked than the purpose lets anybody have."""

    code = "lake.grant_too_wide"
    status = 422


class GrantIncomplete(errors.Refusal):
    """Tables, reason or days are missing."""

    code = "lake.grant_incomplete"
    status = 422


class GrantDecided(errors.Refusal):
    """The request was decided, or the grant has ended."""

    code = "lake.grant_decided"


class GrantByYourself(errors.Refusal):
    """Whoever asks does not decide."""

    code = "lake.grant_by_yourself"
    status = 403


@dataclass(frozen=True)
class Wish:
    """What somebody asks for. ``valid_to``: first day on which it does not hold any more."""

    tables: tuple[str, ...]
    purpose: str
    reason: str
    place_id: int
    leaving: str
    valid_from: date
    valid_to: date


@transaction.atomic
def ask(*, request_key: str, by: Person, wish: Wish, at: datetime) -> AccessGrant:
    """Ask to read rows of persons, once for each request key.

    Raises:
        rights.NotAllowed: no role of an analyst for this place.
        PurposeNotYours, GrantTooWide, GrantIncomplete.
    """
    found = AccessGrant.objects.filter(request_key=request_key, person=by).first()
    if found:
        return found
    day = clock.local_date(at)
    rights.check(by, rights.LAKE_ANALYSE, day, place_id=wish.place_id)
    _refuse_purpose(by, wish, day)
    _refuse_incomplete(wish, day)
    return AccessGrant.objects.create(
        request_key=request_key, person=by, tables=sorted(set(wish.tables)), purpose=wish.purpose,
        reason=wish.reason.strip(), place_id=wish.place_id, leaving=wish.leaving,
        asked_at=at, valid_from=wish.valid_from, valid_to=wish.valid_to,
    )  # fmt: skip


@transaction.atomic
def decide(
    *, grant: AccessGrant, by: Person, is_granted: bool, note: str, at: datetime
) -> AccessGrant:
    """Grant a request, or refuse it with a reason.

    Raises:
        rights.NotAllowed: not the steward of the place.
        GrantByYourself, GrantDecided; GrantIncomplete: a refusal without a reason.
    """
    locked = AccessGrant.objects.select_for_update().get(pk=grant.pk)
    rights.check(by, rights.LAKE_STEWARD, clock.local_date(at), place_id=locked.place_id)
    if locked.person_id == by.pk:
        raise GrantByYourself(_("You asked for this yourself. Another steward has to decide."))
    if locked.state != State.ASKED:
        raise GrantDecided(decided_text(locked))
    if not is_granted and not note.strip():
        raise GrantIncomplete(_("Say why not, so that it can be asked better."), pointer="note")
    locked.state = State.GRANTED if is_granted else State.REFUSED
    locked.decided_by, locked.decided_at, locked.note = by, at, note.strip()
    locked.save(update_fields=["state", "decided_by", "decided_at", "note"])
    return locked


@transaction.atomic
def end(*, grant: AccessGrant, by: Person, note: str, at: datetime) -> AccessGrant:
    """End a grant before its day: by who holds it, or by a steward of the place. At once.

    Raises:
        rights.NotAllowed, GrantDecided.
    """
    locked = AccessGrant.objects.select_for_update().get(pk=grant.pk)
    if locked.person_id != by.pk:
        rights.check(by, rights.LAKE_STEWARD, clock.local_date(at), place_id=locked.place_id)
    if locked.state != State.GRANTED:
        raise GrantDecided(decided_text(locked))
    locked.state, locked.ended_by, locked.ended_at = State.ENDED, by, at
    locked.end_note = note.strip()
    locked.save(update_fields=["state", "ended_by", "ended_at", "end_note"])
    return locked


def in_force(person: Person, purpose: str, day: date) -> list[AccessGrant]:
    """The grants that somebody holds for a purpose on a day, oldest first.

    A grant ends with the role it rests on: places that no role of the person reaches are left out.
    """
    reach = rights.within(person, rights.LAKE_ANALYSE, day, place="place_id")
    mine = AccessGrant.objects.in_force(day).filter(reach, person=person, purpose=purpose)
    return list(mine.order_by("pk"))


def purposes_of(person: Person, day: date) -> list[str]:
    """The purposes for which somebody holds a grant on a day, in the order of ``Purpose``."""
    held = set(
        AccessGrant.objects.in_force(day).filter(person=person).values_list("purpose", flat=True)
    )
    return [purpose for purpose in Purpose.values if purpose in held]


def may_ask_for(person: Person, day: date, place_id: int | None = None) -> frozenset[str]:
    """The purposes that the roles of somebody let them ask for.

    Args:
        place_id: only by roles that reach this place; None: somewhere.
    """
    roles = rights.roles_in_force(person, rights.LAKE_ANALYSE, day)
    if place_id is not None:
        above = rights.closure_on(day).filter(descendant_id=place_id).values("ancestor_id")
        roles = roles.filter(place_id__in=above, institution=None)
    return rules.purposes(roles.values_list("kind", flat=True))


def decided_text(grant: AccessGrant) -> str:
    text = _("This request stands at “{state}” by now. Load the page again.")
    return text.format(state=grant.get_state_display())


def _refuse_purpose(by: Person, wish: Wish, day: date) -> None:
    if wish.purpose not in may_ask_for(by, day, wish.place_id):
        text = _("Your roles do not read for this purpose. Choose another one.")
        raise PurposeNotYours(text, pointer="purpose")
    longest = rules.LONGEST_DAYS[wish.purpose]
    if wish.valid_to > wish.valid_from + timedelta(days=longest):
        text = _("For this purpose a grant holds {n} days at most. Choose an earlier end.")
        raise GrantTooWide(text.format(n=longest), pointer="valid_to")
    if not rules.lets_out(rules.MOST_LEAVING[wish.purpose], wish.leaving):
        text = _("For this purpose that may not leave the platform. Choose less.")
        raise GrantTooWide(text, pointer="leaving")


def _refuse_incomplete(wish: Wish, day: date) -> None:
    if not wish.tables:
        raise GrantIncomplete(_("Choose at least one table."), pointer="tables")
    if unknown := set(wish.tables) - datasets.names():
        text = _("There is no table {names}. Choose from the list.")
        raise GrantIncomplete(text.format(names=", ".join(sorted(unknown))), pointer="tables")
    if not wish.reason.strip():
        raise GrantIncomplete(_("Say what you want to find out."), pointer="reason")
    if wish.valid_to <= max(wish.valid_from, day):
        raise GrantIncomplete(_("Choose an end that lies ahead."), pointer="valid_to")
