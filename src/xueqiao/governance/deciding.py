"""What all decisions about data ask for: a reason, and a second person where less is guarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from xueqiao.people.models import Person

REASON_LETTERS = 300


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
