"""Two bodies sign one text: offered, signed by each side, returned for a change.

From the offer on the text is fixed, and each side signs its SHA-256: for a side signs who holds a
role of that institution, and never one person for both. A body that does not sign here signs paper,
and somebody who may records which. Returned, the text is a draft again under the next revision.
The apps own their agreements (credit bank, data); what signing means stands here once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person
    from xueqiao.people.rights import Policy


class Side(TextChoices):
    """The two sides of an agreement."""

    GIVING = "giving", gettext_lazy("Giving side")
    RECEIVING = "receiving", gettext_lazy("Receiving side")


class WrongState(errors.Refusal):
    """The agreement does not stand where this step begins."""

    code = "agreement.wrong_state"


class TextChanged(errors.Refusal):
    """What would be signed is not what the signer has read."""

    code = "agreement.text_changed"


class SignedByOne(errors.Refusal):
    """One person would sign for both sides."""

    code = "agreement.signed_by_one"
    status = 403


class SidesEqual(errors.Refusal):
    """An agreement of a body with itself."""

    code = "agreement.sides_equal"
    status = 422


class DaysImpossible(errors.Refusal):
    """An agreement that would end before it begins, or sooner than its notice lets it."""

    code = "agreement.days_impossible"
    status = 422


class Incomplete(errors.Refusal):
    """A text, a reason or the name of the signed paper is missing."""

    code = "agreement.incomplete"
    status = 422


class CodeTaken(errors.Refusal):
    """Another agreement has this number."""

    code = "agreement.code_taken"


class RequestReused(errors.Refusal):
    """The request key already belongs to another agreement."""

    code = "agreement.request_reused"


class Agreement(Protocol):
    """What an app's agreement has; it is saved by these verbs, under the app's lock."""

    code: str
    revision: int
    offered_at: datetime | None
    signed_giving: date | None
    signed_receiving: date | None
    signatures: Any

    def save(self, *, update_fields: list[str]) -> None: ...


class Hand(NamedTuple):
    """How somebody signs.

    Attributes:
        office: in which office, such as headmaster.
        text_hash: of the text that the signer has read.
        document: the signed paper of a body that does not sign here; "" for a signature given here.
    """

    side: str
    office: str
    text_hash: str
    document: str = ""


def is_signed(agreement: Agreement) -> bool:
    """Whether both sides have signed."""
    return agreement.signed_giving is not None and agreement.signed_receiving is not None


def is_offered(agreement: Agreement) -> bool:
    """Whether it waits for a signature."""
    return agreement.offered_at is not None and not is_signed(agreement)


def speaks_for(person: Person, policy: Policy, institution_id: int | None, day: date) -> bool:
    """Whether somebody may sign for an institution: by a role narrowed to that very one."""
    roles = rights.roles_in_force(person, policy, day)
    return institution_id is not None and roles.filter(institution_id=institution_id).exists()


def sides_open_to(agreement: Any, policy: Policy, person: Person, day: date) -> list[Side]:
    """The sides for which somebody may sign, by a role of that institution, and nobody has yet."""
    if agreement.offered_at is None:
        return []
    roles = rights.roles_in_force(person, policy, day)
    bodies = set(roles.exclude(institution=None).values_list("institution_id", flat=True))
    return [
        side
        for side in Side
        if getattr(agreement, f"signed_{side.value}") is None
        and getattr(agreement, f"{side.value}_institution_id") in bodies
    ]


def offer(locked: Agreement, at: datetime) -> bool:
    """Put the text forward for signature; it is fixed from now on. False where it is already.

    Raises:
        WrongState: both have signed.
    """
    if is_offered(locked):
        return False
    refuse_unless(not is_signed(locked), locked)
    locked.offered_at = at
    locked.save(update_fields=["offered_at"])
    return True


def return_for_change(locked: Agreement, reason: str) -> None:
    """Make an offered text a draft again, under the next revision and with a reason.

    Raises:
        WrongState, Incomplete.
    """
    refuse_unless(is_offered(locked), locked)
    if not reason.strip():
        raise Incomplete(_("Say what should change, so that the other side can."), pointer="reason")
    locked.offered_at, locked.revision = None, locked.revision + 1
    locked.signed_giving = locked.signed_receiving = None
    names = ["offered_at", "revision", "signed_giving", "signed_receiving"]
    locked.save(update_fields=names)


def earlier_of(locked: Agreement, side: str, by: Person) -> Any:
    """The signature that somebody has given to this very text already, or None."""
    return locked.signatures.filter(revision=locked.revision, side=side, person=by).first()


def sign(locked: Agreement, *, hand: Hand, by: Person, read: str, at: datetime) -> Any:
    """Sign for one side; with both signatures the agreement stands.

    The app has asked before whether this person may sign for this side (``speaks_for``).

    Args:
        read: the hash of the text as it is now.

    Raises:
        WrongState, TextChanged, SignedByOne, Incomplete.
    """
    refuse_unless(is_offered(locked), locked)
    _refuse_signature(locked, hand, by, read)
    made = locked.signatures.create(
        revision=locked.revision, side=hand.side, person=by, office=hand.office.strip(),
        document=hand.document.strip(), text_hash=hand.text_hash, signed_at=at,
    )  # fmt: skip
    setattr(locked, f"signed_{hand.side}", clock.local_date(at))
    locked.save(update_fields=[f"signed_{hand.side}"])
    return made


def refuse_unless(stands: bool, locked: Agreement) -> None:
    """Raise ``WrongState`` where an agreement does not stand where a step begins."""
    if not stands:
        words = _("The agreement {code} does not stand there any more. Load the page again.")
        raise WrongState(words.format(code=locked.code))


def refuse_same(giving_id: int, receiving_id: int) -> None:
    """Raise ``SidesEqual`` where a body would agree with itself."""
    if giving_id == receiving_id:
        raise SidesEqual(_("An agreement has two sides. Choose another body."), pointer="receiving")


def code_taken(code: str) -> CodeTaken:
    """The refusal for a number that another agreement has."""
    words = _("There is an agreement with the number {code} already. Choose another number.")
    return CodeTaken(words.format(code=code), pointer="code")


def request_reused() -> RequestReused:
    """The refusal for a form that was sent before with other contents."""
    return RequestReused(_("This form was sent before with other contents. Open the form anew."))


def _refuse_signature(locked: Agreement, hand: Hand, by: Person, read: str) -> None:
    if hand.text_hash != read:
        raise TextChanged(_("The text has changed since you opened it. Read it again, then sign."))
    if getattr(locked, f"signed_{hand.side}") is not None:
        raise WrongState(_("This side has signed already. Load the page again."))
    if locked.signatures.filter(revision=locked.revision, person=by).exists():
        raise SignedByOne(_("You have signed for one side. Somebody else signs for the other."))
    if not hand.office.strip():
        raise Incomplete(_("Say in which office you sign, such as headmaster."), pointer="office")
