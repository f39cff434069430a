"""What all decisions about data ask for: a reason, and a second person where less is guarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.governance.models import Classification, LakeRetention, LakeTerm
    from xueqiao.people.models import Person

REASON_LETTERS = 300
Asked = TypeVar("Asked", "Classification", "LakeRetention", "LakeTerm")
"""A decision that one person asks for and another one makes."""
Replacing = TypeVar("Replacing", "Classification", "LakeTerm")
"""One of those that stay in force until the next about the same."""


class ReasonMissing(errors.Refusal):
    """A decision about data needs its reason."""

    code = "lake.reason_missing"
    status = 422


class SamePerson(errors.Refusal):
    """Whoever asked for it cannot be the one who allows it."""

    code = "lake.same_person"


class Decided(errors.Refusal):
    """It does not wait for a decision any more."""

    code = "lake.decided"


def reason_given(reason: str) -> str:
    """The reason without blanks around it.

    Raises:
        ReasonMissing: it is empty.
    """
    if not reason.strip():
        text = _("Say why: the rule, the agreement or the wish that it follows.")
        raise ReasonMissing(text, pointer="reason")
    return reason.strip()[:REASON_LETTERS]


def second_person(asked_by_id: int, by: Person) -> None:
    """Let only somebody else than who asked go on.

    Raises:
        SamePerson: it is the same one.
    """
    if asked_by_id == by.pk:
        raise SamePerson(_("You asked for this. A second person has to decide about it."))


def waiting(asked: Asked, by: Person) -> Asked:
    """What was asked for, locked, if it waits for a decision and somebody else asked.

    Raises:
        Decided: it does not wait any more.
        SamePerson: who decides has asked for it.
    """
    found = type(asked).objects.select_for_update().get(pk=asked.pk)
    if found.state != type(asked).State.ASKED:
        raise Decided(_("This does not wait for a decision any more."))
    if found.asked_by_id is not None:
        second_person(found.asked_by_id, by)
    return found


@transaction.atomic
def approve(*, asked: Replacing, by: Person, at: datetime) -> Replacing:
    """Put what another one asked for in force.

    Raises:
        SamePerson: whoever asked cannot allow it.
        Decided: it does not wait for a decision.
    """
    return put_in_force(waiting(asked, by), by=by, at=at)


@transaction.atomic
def reject(*, asked: Replacing, by: Person, at: datetime) -> Replacing:
    """Refuse it; what is in force stays so.

    Raises:
        SamePerson, Decided: as for ``approve``.
    """
    found = waiting(asked, by)
    found.state, found.decided_by, found.decided_at = type(asked).State.REJECTED, by, at
    found.save(update_fields=["state", "decided_by", "decided_at"])
    return found


def put_in_force(decision: Replacing, *, by: Person, at: datetime) -> Replacing:
    """Let a decision hold from now on; the one about the same before it ends."""
    state = type(decision).State
    same = {name: getattr(decision, name) for name in decision.ABOUT}
    before: Any = type(decision).objects.filter(**same)
    before.filter(state=state.IN_FORCE).update(state=state.ENDED)
    decision.state, decision.decided_by, decision.decided_at = state.IN_FORCE, by, at
    decision.save()
    return decision
