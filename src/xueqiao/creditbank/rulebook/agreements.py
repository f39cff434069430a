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
from xueqiao.kernel import clock
from xueqiao.people import bothsides, rights
from xueqiao.people.bothsides import (
    CodeTaken,
    DaysImpossible,
    Incomplete,
    RequestReused,
    SidesEqual,
    SignedByOne,
    TextChanged,
    WrongState,
)

__all__ = [
    "CodeTaken",
    "DaysImpossible",
    "Incomplete",
    "RequestReused",
    "SidesEqual",
    "SignedByOne",
    "Text",
    "TextChanged",
    "WrongState",
    "amend",
    "draft",
    "give_notice",
    "offer",
    "return_for_change",
    "sides_open_to",
    "sign",
    "text_hash",
]

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.network.institutions import Institution
    from xueqiao.people.models import Person


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
        raise bothsides.request_reused()
    bothsides.refuse_same(giving.pk, receiving.pk)
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
        raise bothsides.code_taken(code) from why
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
    bothsides.refuse_unless(locked.offered_at is None and not bothsides.is_signed(locked), locked)
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
    if bothsides.offer(locked, at):
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
    # The step belongs to the revision that is returned.
    _step(locked, "return", by, at, reason.strip())
    bothsides.return_for_change(locked, reason)


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
    mine: AgreementSignature | None = bothsides.earlier_of(locked, side, by)
    if mine is not None:
        return mine
    bothsides.refuse_unless(bothsides.is_offered(locked), locked)
    _may_sign(locked, by, side, document, at)
    hand = bothsides.Hand(side, office, text_hash, document)
    made: AgreementSignature = bothsides.sign(locked, hand=hand, by=by, read=_read(locked), at=at)
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
    bothsides.refuse_unless(bothsides.is_signed(locked) and locked.ended_at is None, locked)
    earliest = clock.local_date(at) + timedelta(days=locked.notice_days)
    if last_day < max(earliest, locked.valid_from) or _after_end(locked, ends):
        words = _("The last day can be {day} at the earliest, and not after the agreed end.")
        day = clock.written(max(earliest, locked.valid_from))
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
    return bothsides.sides_open_to(agreement, rights.AGREEMENTS, person, day)


def _read(agreement: TransferAgreement) -> str:
    return text_hash(agreement)


def _may_sign(
    locked: TransferAgreement, by: Person, side: str, document: str, at: datetime
) -> None:
    day = clock.local_date(at)
    if document.strip():
        _may_keep(locked, by, at)
        if rights.allows(by, rights.RULES_PUBLISH, day):
            return
    elif bothsides.speaks_for(
        by, rights.AGREEMENTS, getattr(locked, f"{Side(side).value}_institution_id"), day
    ):
        return
    raise rights.NotAllowed(rights.not_allowed_text())


def _refuse_text(text: Text) -> None:
    if text.valid_to is not None and text.valid_to <= text.valid_from:
        raise DaysImpossible(_("Choose an end after the start."), pointer="valid_to")
    for name in ("title_zh", "title_en", "terms_zh", "terms_en", "source"):
        if not getattr(text, name).strip():
            words = _("Write title, terms and source, in Chinese and in English.")
            raise Incomplete(words, pointer=name)


def _after_end(locked: TransferAgreement, ends: date) -> bool:
    return locked.valid_to is not None and ends > locked.valid_to


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


def _step(locked: TransferAgreement, verb: str, by: Person, at: datetime, note: str) -> None:
    AgreementStep.objects.create(
        agreement=locked, number=locked.steps.count() + 1, revision=locked.revision, verb=verb,
        actor=by, note=note, at=at,
    )  # fmt: skip
