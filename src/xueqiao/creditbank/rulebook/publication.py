"""A rule version is signed by both sides, published by a second person, and taken out of force."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import RuleSignature, RuleVersion, Side, Simulation
from xueqiao.creditbank.rulebook import making, rules, steps, texts
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

State = RuleVersion.State


class TextChanged(errors.Refusal):
    """What would be signed is not what the signer has read."""

    code = "rule.text_changed"


class SignedByOne(errors.Refusal):
    """One person would sign for both sides."""

    code = "rule.signed_by_one"
    status = 403


class OwnRule(errors.Refusal):
    """Nobody publishes a version that they drafted or revised."""

    code = "rule.own"
    status = 403


class NotSimulated(errors.Refusal):
    """The version takes another one's place and was not run over past conversions as it stands."""

    code = "rule.not_simulated"


class AgreementNotInForce(errors.Refusal):
    """The agreement is not signed by both sides, or does not hold when the rule begins."""

    code = "rule.agreement_not_in_force"


@transaction.atomic
def sign(
    *, version: RuleVersion, side: str, by: Person, text_hash: str, at: datetime,
    document: str = "",
) -> RuleSignature:  # fmt: skip
    """Sign what a consulted version says, for one side; once for what it says.

    Args:
        document: the signed paper that a provincial officer records for a body that does not sign
            here.

    Raises:
        TextChanged, SignedByOne, steps.WrongState, rights.NotAllowed.
    """
    locked = steps.lock(version, "sign", by=by, at=at, policy=rights.RULES_EDIT)
    read = texts.text_hash(locked)
    found = locked.signatures.filter(side=side, text_hash=read).first()
    if found is not None and found.person_id == by.pk:
        return found
    if found is not None:
        raise steps.WrongState(_("This side has signed already. Load the page again."))
    if not document.strip() and side not in sides_of(locked, by, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())
    if document.strip() and not rights.allows(by, rights.RULES_PUBLISH, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())
    if text_hash != read:
        raise TextChanged(_("The text has changed since you opened it. Read it again, then sign."))
    if locked.signatures.filter(person=by, text_hash=read).exists():
        raise SignedByOne(_("You have signed for one side. Somebody else signs for the other."))
    made = RuleSignature.objects.create(
        version=locked, side=side, person=by, document=document.strip(), text_hash=read,
        signed_at=at,
    )  # fmt: skip
    signed = set(locked.signatures.filter(text_hash=read).values_list("side", flat=True))
    to_state = State.SIGNED if signed == set(Side.values) else State.CONSULTED
    steps.move(locked, f"sign_{side}", to_state, by=by, at=at, text=document)
    return made


@transaction.atomic
def publish(*, version: RuleVersion, by: Person, at: datetime) -> RuleVersion:
    """Publish a signed version; it holds from its first day on, or from today if that is later.

    The version before it holds until then. Repeated, it changes nothing.

    Raises:
        OwnRule, NotSimulated, AgreementNotInForce, making.CheckFailed, steps.WrongState,
        rights.NotAllowed.
    """
    locked = steps.lock(version, "publish", by=by, at=at, policy=rights.RULES_PUBLISH)
    if locked.state == State.PUBLISHED:
        return locked
    if locked.steps.filter(actor=by, verb__in=["draft", "revise"]).exists():
        raise OwnRule(_("You worked on this version. Somebody else publishes it."))
    begins = max(locked.valid_from, clock.local_date(at))
    _refuse_agreement(locked, begins)
    making.refuse_errors(locked)
    earlier = _earlier(locked, begins)
    _refuse_unsimulated(locked, earlier)
    steps.note(locked, "publish", by=by, at=at)
    if earlier is not None:
        _supersede(earlier, begins, by, at)
    locked.state, locked.valid_from, locked.published_at = State.PUBLISHED, begins, at
    locked.save(update_fields=["state", "valid_from", "published_at"])
    return locked


@transaction.atomic
def suspend(*, version: RuleVersion, by: Person, reason: str, at: datetime) -> RuleVersion:
    """Take a published version out of force for a time. Reserved conversions are still answered.

    Raises:
        steps.WrongState, steps.Incomplete, rights.NotAllowed.
    """
    return _turn(version, "suspend", State.SUSPENDED, by, reason, at)


@transaction.atomic
def resume(*, version: RuleVersion, by: Person, reason: str, at: datetime) -> RuleVersion:
    """Put a suspended version in force again, if the checks still find nothing.

    Raises as ``suspend``, and making.CheckFailed.
    """
    policy = rights.RULES_PUBLISH
    making.refuse_errors(steps.lock(version, "resume", by=by, at=at, policy=policy))
    return _turn(version, "resume", State.PUBLISHED, by, reason, at)


@transaction.atomic
def retire(*, version: RuleVersion, by: Person, reason: str, at: datetime) -> RuleVersion:
    """Take a version out of force for good, from today on. Raises as ``suspend``."""
    locked = _turn(version, "retire", State.RETIRED, by, reason, at)
    today = max(clock.local_date(at), locked.valid_from + timedelta(days=1))
    if locked.valid_to is None or locked.valid_to > today:
        locked.valid_to = today
        locked.save(update_fields=["valid_to"])
    return locked


def sides_of(version: RuleVersion, person: Person, day: date) -> list[str]:
    """The sides for which somebody may sign, by a role of that institution."""
    agreement = version.rule.agreement
    roles = rights.roles_in_force(person, rights.RULES_EDIT, day)
    held = set(roles.exclude(institution=None).values_list("institution_id", flat=True))
    return [side for side in Side.values if getattr(agreement, f"{side}_institution_id") in held]


def _turn(  # noqa: PLR0917 - all that makes up the step
    version: RuleVersion, verb: str, to_state: str, by: Person, reason: str, at: datetime
) -> RuleVersion:
    locked = steps.lock(version, verb, by=by, at=at, policy=rights.RULES_PUBLISH)
    if locked.state == to_state:
        return locked
    words = steps.reason_or_refuse(reason)
    return steps.move(locked, verb, to_state, by=by, at=at, text=words)


def _refuse_agreement(locked: RuleVersion, begins: date) -> None:
    agreement = locked.rule.agreement
    if rules.standing(agreement, begins) not in {"in_force", "ending"}:
        words = _("The agreement {code} is not in force on {day}. Have it signed first.")
        raise AgreementNotInForce(words.format(code=agreement.code, day=clock.written(begins)))


def _earlier(locked: RuleVersion, begins: date) -> RuleVersion | None:
    """The version whose place it takes."""
    rows = locked.rule.versions.filter(state__in=[State.PUBLISHED, State.SUSPENDED])
    found = rows.exclude(pk=locked.pk).order_by("number").last()
    return found if found and (found.valid_to is None or found.valid_to > begins) else None


def _refuse_unsimulated(locked: RuleVersion, earlier: RuleVersion | None) -> None:
    read = texts.text_hash(locked)
    rows = locked.simulations.filter(state=Simulation.State.DONE, text_hash=read)
    if earlier is not None and not rows.exists():
        words = _(
            "Run the version over past conversions first, so that it is known whom it changes."
        )
        raise NotSimulated(words)


def _supersede(earlier: RuleVersion, begins: date, by: Person, at: datetime) -> None:
    """The earlier version holds until the day before; a suspended one comes back no more."""
    was_suspended = earlier.state == State.SUSPENDED
    earlier.valid_to = max(begins, earlier.valid_from)
    earlier.state = State.RETIRED if was_suspended else State.SUPERSEDED
    earlier.save(update_fields=["valid_to", "state"])
    steps.note(earlier, "supersede", by=by, at=at)
