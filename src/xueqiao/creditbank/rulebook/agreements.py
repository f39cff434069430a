"""Transfer agreements 转换协议: drafted, offered, signed by both sides, ended by notice.

From the offer on the text is fixed, and each side signs its SHA-256: for a side signs who holds the
role of that institution, and never one person for both. A body that does not sign here signs paper,
and the province records which. Returned for a change, an agreement is a draft again under the next
revision. Every step leaves an audit row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import rules
from xueqiao.creditbank.models import AgreementSignature, AgreementStep, Side, TransferAgreement
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.network.institutions import Institution
    from xueqiao.people.models import Person


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


@dataclass(frozen=True, slots=True)
class Text:
    """What the sides agree on: all that is signed, besides the number and the names of the sides.

    ``notice_days``: from the notice to the last day, at least. ``valid_to``: first day after it.
    """

    title_zh: str
    title_en: str
    terms_zh: str
    terms_en: str
    valid_from: date
    valid_to: date | None
    notice_days: int
    source: str


@transaction.atomic
def draft(
    *, request_key: str, by: Person, code: str, giving: Institution, receiving: Institution,
    text: Text, at: datetime, is_sample: bool = False,
) -> TransferAgreement:  # fmt: skip
    """Begin an agreement between two institutions, once for each request key.

    Raises:
        rights.NotAllowed: neither of a side nor of the province.
        SidesEqual, DaysImpossible, Incomplete, CodeTaken, RequestReused.
    """
    found = TransferAgreement.objects.filter(request_key=request_key).first()
    if found:
        if found.code == code:
            return found
        raise RequestReused(_("This form was sent before with other contents. Open the form anew."))
    if giving.pk == receiving.pk:
        raise SidesEqual(_("An agreement has two sides. Choose another body."), pointer="receiving")
    _refuse_text(text)
    facts = {
        "request_key": request_key, "giving": giving.name, "receiving": receiving.name,
        "giving_institution_id": giving.pk, "receiving_institution_id": receiving.pk,
        "is_sample": is_sample, **asdict(text),
    }  # fmt: skip
    try:
        with transaction.atomic():
            made = TransferAgreement.objects.create(code=code, **facts)
    except IntegrityError as why:
        words = _("There is an agreement with the number {code} already. Choose another number.")
        raise CodeTaken(words.format(code=code), pointer="code") from why
    _may_keep(made, by, at)
    _step(made, "draft", by, at, "")
    return made


@transaction.atomic
def amend(*, agreement: TransferAgreement, by: Person, text: Text, at: datetime) -> None:
    """Change the text of a draft.

    Raises:
        WrongState, DaysImpossible, Incomplete, rights.NotAllowed.
    """
    locked = _lock(agreement, by, at)
    _refuse_unless(locked.offered_at is None and not _signed(locked), locked)
    _refuse_text(text)
    for name, value in asdict(text).items():
        setattr(locked, name, value)
    locked.save(update_fields=list(asdict(text)))
    _step(locked, "amend", by, at, "")


@transaction.atomic
def offer(*, agreement: TransferAgreement, by: Person, at: datetime, note: str = "") -> None:
    """Put the text forward for signature; it is fixed from now on. Repeated, it changes nothing.

    Raises:
        WrongState, rights.NotAllowed.
    """
    locked = _lock(agreement, by, at)
    if locked.offered_at is not None and not _signed(locked):
        return
    _refuse_unless(not _signed(locked), locked)
    locked.offered_at = at
    locked.save(update_fields=["offered_at"])
    _step(locked, "offer", by, at, note)


@transaction.atomic
def return_for_change(
    *, agreement: TransferAgreement, by: Person, reason: str, at: datetime
) -> None:
    """Make an offered agreement a draft again, under the next revision and with a reason.

    Raises:
        WrongState, Incomplete, rights.NotAllowed.
    """
    locked = _lock(agreement, by, at)
    _refuse_unless(locked.offered_at is not None and not _signed(locked), locked)
    if not reason.strip():
        raise Incomplete(_("Say what should change, so that the other side can."), pointer="reason")
    _step(locked, "return", by, at, reason.strip())
    locked.offered_at, locked.revision = None, locked.revision + 1
    locked.signed_giving = locked.signed_receiving = None
    names = ["offered_at", "revision", "signed_giving", "signed_receiving"]
    locked.save(update_fields=names)


@transaction.atomic
def sign(
    *, agreement: TransferAgreement, by: Person, side: str, office: str, text_hash: str,
    at: datetime, document: str = "",
) -> AgreementSignature:  # fmt: skip
    """Sign for one side; with both signatures the agreement stands. Repeated, it is one signature.

    Args:
        text_hash: of the text that the signer has read.
        document: the signed paper that a provincial officer records for a body that does not sign
            here; "" for a signature given here.

    Raises:
        WrongState, TextChanged, SignedByOne, Incomplete;
        rights.NotAllowed: not of that institution, or not of the province.
    """
    locked = _locked(agreement)
    now = locked.signatures.filter(revision=locked.revision)
    mine = now.filter(side=side, person=by).first()
    if mine is not None:
        return mine
    _refuse_unless(locked.offered_at is not None and not _signed(locked), locked)
    _may_sign(locked, by, side, document, at)
    _refuse_signature(locked, by, side, office, text_hash)
    made = AgreementSignature.objects.create(
        agreement=locked, revision=locked.revision, side=side, person=by, office=office.strip(),
        document=document.strip(), text_hash=text_hash, signed_at=at,
    )  # fmt: skip
    setattr(locked, f"signed_{side}", clock.local_date(at))
    locked.save(update_fields=[f"signed_{side}"])
    _step(locked, f"sign_{side}", by, at, document.strip())
    return made


@transaction.atomic
def give_notice(
    *, agreement: TransferAgreement, by: Person, last_day: date, reason: str, at: datetime
) -> None:
    """End an agreement that stands. Nothing new is converted under it after its last day.

    What was converted stays, and what is reserved is still answered.

    Raises:
        WrongState, DaysImpossible: sooner than the notice it agrees on; Incomplete,
        rights.NotAllowed.
    """
    locked = _lock(agreement, by, at)
    ends = last_day + timedelta(days=1)
    if locked.ended_at is not None and locked.valid_to == ends:
        return
    _refuse_unless(_signed(locked) and locked.ended_at is None, locked)
    earliest = clock.local_date(at) + timedelta(days=locked.notice_days)
    if last_day < max(earliest, locked.valid_from) or _after_end(locked, ends):
        words = _("The last day can be {day} at the earliest, and not after the agreed end.")
        day = max(earliest, locked.valid_from)
        raise DaysImpossible(words.format(day=day), pointer="last_day")
    if not reason.strip():
        raise Incomplete(_("Say why the agreement ends; learners read it."), pointer="reason")
    locked.ended_at, locked.valid_to = at, ends
    locked.save(update_fields=["ended_at", "valid_to"])
    _step(locked, "give_notice", by, at, reason.strip())


def text_hash(agreement: TransferAgreement) -> str:
    """SHA-256 of all that is signed, with the number, the sides and the revision."""
    end = agreement.valid_to.isoformat() if agreement.valid_to else None
    return rules.canonical_hash(
        {
            "code": agreement.code, "revision": agreement.revision,
            "giving": agreement.giving, "receiving": agreement.receiving,
            "title_zh": agreement.title_zh, "title_en": agreement.title_en,
            "terms_zh": agreement.terms_zh, "terms_en": agreement.terms_en,
            "notice_days": agreement.notice_days, "source": agreement.source,
            "valid_from": agreement.valid_from.isoformat(), "valid_to": end,
        }
    )  # fmt: skip


def sides_open_to(agreement: TransferAgreement, person: Person, day: date) -> list[Side]:
    """The sides for which somebody may sign, by a role of that institution, and nobody has yet."""
    if agreement.offered_at is None:
        return []
    return [
        side
        for side in Side
        if getattr(agreement, f"signed_{side.value}") is None
        and _speaks_for(person, getattr(agreement, f"{side.value}_institution_id"), day)
    ]


def _speaks_for(person: Person, institution_id: int | None, day: date) -> bool:
    roles = rights.roles_in_force(person, rights.AGREEMENTS, day)
    return institution_id is not None and roles.filter(institution_id=institution_id).exists()


def _may_sign(
    locked: TransferAgreement, by: Person, side: str, document: str, at: datetime
) -> None:
    day = clock.local_date(at)
    if document.strip():
        _may_keep(locked, by, at)
        if rights.allows(by, rights.RULES_PUBLISH, day):
            return
    elif _speaks_for(by, getattr(locked, f"{Side(side).value}_institution_id"), day):
        return
    raise rights.NotAllowed(rights.not_allowed_text())


def _refuse_signature(
    locked: TransferAgreement, by: Person, side: str, office: str, read: str
) -> None:
    if read != text_hash(locked):
        raise TextChanged(_("The text has changed since you opened it. Read it again, then sign."))
    if getattr(locked, f"signed_{side}") is not None:
        raise WrongState(_("This side has signed already. Load the page again."))
    if locked.signatures.filter(revision=locked.revision, person=by).exists():
        raise SignedByOne(_("You have signed for one side. Somebody else signs for the other."))
    if not office.strip():
        raise Incomplete(_("Say in which office you sign, such as headmaster."), pointer="office")


def _refuse_text(text: Text) -> None:
    if text.valid_to is not None and text.valid_to <= text.valid_from:
        raise DaysImpossible(_("Choose an end after the start."), pointer="valid_to")
    for name in ("title_zh", "title_en", "terms_zh", "terms_en", "source"):
        if not getattr(text, name).strip():
            words = _("Write title, terms and source, in Chinese and in English.")
            raise Incomplete(words, pointer=name)


def _after_end(locked: TransferAgreement, ends: date) -> bool:
    return locked.valid_to is not None and ends > locked.valid_to


def _signed(agreement: TransferAgreement) -> bool:
    return agreement.signed_giving is not None and agreement.signed_receiving is not None


def _locked(agreement: TransferAgreement) -> TransferAgreement:
    rows = TransferAgreement.objects.select_for_update(no_key=True)
    return rows.get(pk=agreement.pk)


def _lock(agreement: TransferAgreement, by: Person, at: datetime) -> TransferAgreement:
    locked = _locked(agreement)
    _may_keep(locked, by, at)
    return locked


def _may_keep(agreement: TransferAgreement, by: Person, at: datetime) -> None:
    kept = TransferAgreement.objects.kept_by(by, clock.local_date(at))
    if not kept.filter(pk=agreement.pk).exists():
        raise rights.NotAllowed(rights.not_allowed_text())


def _refuse_unless(stands: bool, locked: TransferAgreement) -> None:
    if not stands:
        words = _("The agreement {code} does not stand there any more. Load the page again.")
        raise WrongState(words.format(code=locked.code))


def _step(locked: TransferAgreement, verb: str, by: Person, at: datetime, note: str) -> None:
    AgreementStep.objects.create(
        agreement=locked, number=locked.steps.count() + 1, revision=locked.revision, verb=verb,
        actor=by, note=note, at=at,
    )  # fmt: skip
