"""Sharing agreements: drafted by one side, put forward by the steward, signed by both, ended.

From the offer on the text and its queries are fixed, and each side signs the SHA-256 of all of it.
What may leave is bounded by the purpose (``governance.rules``) and by the levels of the data.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.governance import rules
from xueqiao.governance.designs import checking
from xueqiao.governance.models import (
    Purpose,
    Shape,
    SharedDataset,
    SharingAgreement,
    SharingSignature,
    SharingStep,
)
from xueqiao.kernel import clock, errors, ids
from xueqiao.people import bothsides, rights
from xueqiao.people.bothsides import DaysImpossible, Incomplete

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from xueqiao.network.institutions import Institution
    from xueqiao.people.models import Person

Verb = SharingStep.Verb
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,58}[A-Za-z0-9]")
LONGEST = timedelta(days=366 * 3)
TEXTS = (
    "title_zh", "title_en", "purpose_text", "legal_basis", "terms_zh", "terms_en",
    "contact_giving", "contact_receiving",
)  # fmt: skip


class MoreThanPurpose(errors.Refusal):
    """More would leave than the purpose, or the agreement itself, lets out."""

    code = "lake.more_than_purpose"
    status = 422


@dataclass(frozen=True)
class Dataset:
    """One data set of an agreement. ``shape``: of ``Shape``."""

    code: str
    title: str
    sql: str
    shape: str


@dataclass(frozen=True)
class Text:
    """What the sides agree on, besides number, sides and data sets.

    Attributes:
        place_id: rows of persons are those of this place.
        agreed_to: first day on which it does not hold any more.
    """

    title_zh: str
    title_en: str
    place_id: int
    purpose: str
    purpose_text: str
    legal_basis: str
    leaving: str
    terms_zh: str
    terms_en: str
    contact_giving: str
    contact_receiving: str
    valid_from: date
    agreed_to: date


@transaction.atomic
def draft(
    *, request_key: str, by: Person, code: str, giving: Institution, receiving: Institution,
    text: Text, datasets: Sequence[Dataset], at: datetime,
    renews: SharingAgreement | None = None, is_sample: bool = False,
) -> SharingAgreement:  # fmt: skip
    """Begin an agreement between two institutions, once for each request key.

    Raises:
        rights.NotAllowed: neither of a side nor of the place's province.
        bothsides.SidesEqual, DaysImpossible, Incomplete, bothsides.CodeTaken,
        bothsides.RequestReused, MoreThanPurpose.
    """
    found = SharingAgreement.objects.filter(request_key=request_key).first()
    if found:
        if found.code == code:
            return found
        raise bothsides.request_reused()
    bothsides.refuse_same(giving.pk, receiving.pk)
    _refuse_text(code, text, datasets)
    try:
        with transaction.atomic():
            made = SharingAgreement.objects.create(
                code=code, request_key=request_key, renews=renews, valid_to=text.agreed_to,
                giving=giving.name, receiving=receiving.name, giving_institution_id=giving.pk,
                receiving_institution_id=receiving.pk, is_sample=is_sample, **asdict(text),
            )  # fmt: skip
    except IntegrityError as why:
        raise bothsides.code_taken(code) from why
    _refuse_stranger(made, by, at)
    _write(made, datasets)
    _step(made, Verb.DRAFT, by, at)
    return made


@transaction.atomic
def amend(
    *, agreement: SharingAgreement, by: Person, text: Text, datasets: Sequence[Dataset],
    at: datetime,
) -> None:  # fmt: skip
    """Change the text of a draft; its data sets are written anew.

    Raises:
        bothsides.WrongState, DaysImpossible, Incomplete, MoreThanPurpose, rights.NotAllowed.
    """
    locked = _lock(agreement, by, at)
    bothsides.refuse_unless(locked.offered_at is None, locked)
    _refuse_text(locked.code, text, datasets)
    for name, value in asdict(text).items():
        setattr(locked, name, value)
    locked.valid_to = text.agreed_to
    locked.save(update_fields=[*asdict(text), "valid_to"])
    locked.datasets.all().delete()
    _write(locked, datasets)
    _step(locked, Verb.AMEND, by, at)


def offer(*, agreement: SharingAgreement, by: Person, at: datetime) -> None:
    """Put the text forward for signature; text and queries are fixed from now on.

    By the steward of the place: who gives data away asks who answers for them. The queries are
    planned first, outside the transaction. Repeated, it changes nothing.

    Raises:
        rights.NotAllowed, bothsides.WrongState.
        checking.…, costs.…, telling.…: a query does not fit its shape, or cannot be planned.
    """
    rights.check(by, rights.LAKE_STEWARD, clock.local_date(at), place_id=agreement.place_id)
    read = text_hash(agreement)
    for each in agreement.datasets.all():
        checking.check(design(agreement, each))
    with transaction.atomic():
        locked = _locked(agreement)
        if text_hash(locked) != read:
            raise bothsides.TextChanged(_("Somebody changed it meanwhile. Load the page again."))
        if bothsides.offer(locked, at):
            _step(locked, Verb.OFFER, by, at)


@transaction.atomic
def return_for_change(
    *, agreement: SharingAgreement, by: Person, reason: str, at: datetime
) -> None:
    """Make an offered agreement a draft again, under the next revision and with a reason.

    Raises:
        bothsides.WrongState, Incomplete, rights.NotAllowed.
    """
    locked = _lock(agreement, by, at)
    # The step belongs to the revision that is returned.
    _step(locked, Verb.RETURN, by, at, reason.strip())
    bothsides.return_for_change(locked, reason)


@transaction.atomic
def sign(
    *, agreement: SharingAgreement, by: Person, side: str, office: str, text_hash: str,
    at: datetime, document: str = "",
) -> SharingSignature:  # fmt: skip
    """Sign for one side; with both signatures the agreement stands. Repeated, it is one signature.

    Args:
        text_hash: of the text that the signer has read.
        document: the signed paper that a steward of the place records for a body that does not
            sign here; "" for a signature given here.

    Raises:
        bothsides.WrongState, bothsides.TextChanged, bothsides.SignedByOne, Incomplete;
        rights.NotAllowed: not of that institution, or no steward of the place.
    """
    locked = _locked(agreement)
    mine: SharingSignature | None = bothsides.earlier_of(locked, side, by)
    if mine is not None:
        return mine
    bothsides.refuse_unless(bothsides.is_offered(locked), locked)
    _refuse_signer(locked, by, side, document, at)
    hand = bothsides.Hand(side, office, text_hash, document)
    made: SharingSignature = bothsides.sign(locked, hand=hand, by=by, read=_read(locked), at=at)
    _step(locked, f"sign_{side}", by, at, document.strip())
    return made


@transaction.atomic
def end(*, agreement: SharingAgreement, by: Person, reason: str, at: datetime) -> None:
    """End a signed agreement from this day on, by either side; nothing can be fetched any more.

    Raises:
        bothsides.WrongState, Incomplete; rights.NotAllowed: of no side, and no steward.
    """
    locked = _lock(agreement, by, at)
    if locked.ended_at is not None:
        return
    day = clock.local_date(at)
    bothsides.refuse_unless(bothsides.is_signed(locked) and locked.valid_to > day, locked)
    if not reason.strip():
        raise Incomplete(_("Say why it ends; the other side reads it."), pointer="reason")
    locked.ended_at, locked.ended_by, locked.end_reason = at, by, reason.strip()[:300]
    locked.valid_to = min(locked.valid_to, day)
    locked.save(update_fields=["ended_at", "ended_by", "end_reason", "valid_to"])
    _step(locked, Verb.END, by, at, reason.strip()[:300])


def renew(
    *, agreement: SharingAgreement, by: Person, code: str, agreed_to: date, at: datetime
) -> SharingAgreement:
    """Draft the agreement that follows a signed one: the same text and data sets, the next term.

    It begins where the present one was agreed to end, or today if that has passed.

    Raises:
        bothsides.WrongState: not signed, or renewed already; and what ``draft`` raises.
    """
    stands = bothsides.is_signed(agreement)
    bothsides.refuse_unless(stands and not hasattr(agreement, "renewed_by"), agreement)
    names = Text.__dataclass_fields__
    kept = {name: getattr(agreement, name) for name in names}
    begins = max(agreement.valid_to, clock.local_date(at))
    with transaction.atomic():
        made = draft(
            request_key=f"renew:{agreement.pk}", by=by, code=code,
            giving=agreement.giving_institution, receiving=agreement.receiving_institution,
            text=Text(**kept | {"valid_from": begins, "agreed_to": agreed_to}),
            datasets=[
                Dataset(each.code, each.title, each.sql, each.shape)
                for each in agreement.datasets.order_by("code")
            ],
            at=at, renews=agreement, is_sample=agreement.is_sample,
        )  # fmt: skip
        _step(agreement, Verb.RENEW, by, at, made.code)
    return made


def design(agreement: SharingAgreement, dataset: SharedDataset) -> checking.Design:
    """What the files of a data set are made of."""
    return checking.Design(dataset.sql, Shape(dataset.shape), agreement.place_id)


def text_hash(agreement: SharingAgreement) -> str:
    """SHA-256 of all that is signed: number, sides, revision, text, term and every query."""
    names = [name for name in Text.__dataclass_fields__ if name not in {"valid_from", "agreed_to"}]
    return ids.digest(
        {
            **{name: getattr(agreement, name) for name in names},
            "code": agreement.code, "revision": agreement.revision,
            "giving": agreement.giving, "giving_id": agreement.giving_institution_id,
            "receiving": agreement.receiving, "receiving_id": agreement.receiving_institution_id,
            "valid_from": agreement.valid_from.isoformat(),
            "agreed_to": agreement.agreed_to.isoformat(),
            "datasets": [
                [each.code, each.title, each.sql, each.shape]
                for each in agreement.datasets.order_by("code")
            ],
        }
    )  # fmt: skip


def holds(agreement: SharingAgreement, day: date) -> bool:
    """Whether a side may fetch under it on a day: signed, in its term, and what was signed."""
    if not bothsides.is_signed(agreement) or not agreement.valid_from <= day < agreement.valid_to:
        return False
    signed = agreement.signatures.filter(revision=agreement.revision)
    return set(signed.values_list("text_hash", flat=True)) == {text_hash(agreement)}


def sides_open_to(agreement: SharingAgreement, person: Person, day: date) -> list[bothsides.Side]:
    """The sides for which somebody may sign, by a role of that institution, and nobody has yet."""
    return bothsides.sides_open_to(agreement, rights.LAKE_SHARE, person, day)


def _read(agreement: SharingAgreement) -> str:
    return text_hash(agreement)


def _refuse_signer(
    locked: SharingAgreement, by: Person, side: str, document: str, at: datetime
) -> None:
    day = clock.local_date(at)
    if document.strip():
        rights.check(by, rights.LAKE_STEWARD, day, place_id=locked.place_id)
        return
    institution_id = getattr(locked, f"{bothsides.Side(side).value}_institution_id")
    if not bothsides.speaks_for(by, rights.LAKE_SHARE, institution_id, day):
        raise rights.NotAllowed(rights.not_allowed_text())


def _refuse_text(code: str, text: Text, datasets: Sequence[Dataset]) -> None:
    if not CODE.fullmatch(code):
        words = _("Use letters, digits and hyphens, such as DS-2026-012.")
        raise Incomplete(words, pointer="code")
    for name in TEXTS:
        if not getattr(text, name).strip():
            words = _("Write titles, purpose, legal basis, terms and contacts.")
            raise Incomplete(words, pointer=name)
    if text.agreed_to <= text.valid_from:
        raise DaysImpossible(_("Choose an end after the start."), pointer="agreed_to")
    if text.agreed_to > text.valid_from + LONGEST:
        words = _("An agreement holds three years at most; it can be renewed.")
        raise DaysImpossible(words, pointer="agreed_to")
    if not datasets or any(not (each.code and each.title and each.sql) for each in datasets):
        words = _("Name at least one data set, each with code, title and query.")
        raise Incomplete(words, pointer="datasets")
    if len({each.code for each in datasets}) < len(datasets):
        raise Incomplete(_("Two data sets have the same code."), pointer="datasets")
    _refuse_leaving(text, datasets)


def _refuse_leaving(text: Text, datasets: Sequence[Dataset]) -> None:
    """Rows of persons need a purpose and an agreement that let them out; counts likewise."""
    if not rules.lets_out(rules.MOST_LEAVING[Purpose(text.purpose).value], text.leaving):
        words = _("For this purpose that may not leave the platform. Choose less.")
        raise MoreThanPurpose(words, pointer="leaving")
    needs = {Shape.FACTS: "nothing", Shape.COUNTS: "counts", Shape.ROWS: "rows"}
    for each in datasets:
        if not rules.lets_out(text.leaving, needs[Shape(each.shape)]):
            words = _("{title}: the agreement does not let that out. Choose less, or let more out.")
            raise MoreThanPurpose(words.format(title=each.title), pointer="datasets")


def _write(agreement: SharingAgreement, datasets: Sequence[Dataset]) -> None:
    SharedDataset.objects.bulk_create(
        SharedDataset(agreement=agreement, **asdict(each)) for each in datasets
    )


def _locked(agreement: SharingAgreement) -> SharingAgreement:
    return SharingAgreement.objects.select_for_update().get(pk=agreement.pk)


def _lock(agreement: SharingAgreement, by: Person, at: datetime) -> SharingAgreement:
    locked = _locked(agreement)
    _refuse_stranger(locked, by, at)
    return locked


def _refuse_stranger(agreement: SharingAgreement, by: Person, at: datetime) -> None:
    mine = SharingAgreement.objects.seen_by(by, clock.local_date(at))
    if not mine.filter(pk=agreement.pk).exists():
        raise rights.NotAllowed(rights.not_allowed_text())


def _step(locked: SharingAgreement, verb: str, by: Person, at: datetime, note: str = "") -> None:
    SharingStep.objects.create(
        agreement=locked, number=locked.steps.count() + 1, revision=locked.revision, verb=verb,
        actor=by, note=note[:300], at=at,
    )  # fmt: skip
