"""Two accounts of one person become one: asked by one officer, decided by another, undoable.

Whether two accounts are one person's is shown by a document: its number must fit every number that
the two accounts know. Names, years of birth and sex must not contradict each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import holders
from xueqiao.kernel import clock, errors
from xueqiao.people import accounts, documents, rights
from xueqiao.records import log
from xueqiao.service.models import AccountMerge

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

State = AccountMerge.State
MERGED, SPLIT = "service.accounts_merged", "service.accounts_split"


class NotOnePerson(errors.Refusal):
    """The two accounts belong to different people, or nothing shows that they do not."""

    code = "service.not_one_person"
    status = 422


class MergeOpen(errors.Refusal):
    """The account is part of another merge."""

    code = "service.merge_open"


class MergeOver(errors.Refusal):
    """The merge is not in the state that this step needs."""

    code = "service.merge_over"


class OneAlone(errors.Refusal):
    """Who asked for a merge or a split, or whose account it is, does not decide about it."""

    code = "service.merge_one_alone"
    status = 403


class ReasonMissing(errors.Refusal):
    """The reason was not written down."""

    code = "service.merge_reason_missing"
    status = 422


def ask(
    *, kept: Person, duplicate: Person, identity_number: str, reason: str, by: Person,
    at: datetime, request_key: str,
) -> AccountMerge:  # fmt: skip
    """Ask that ``duplicate`` becomes part of ``kept``, once for each request key.

    Args:
        identity_number: of the document that the person showed; only its hash is kept.

    Raises:
        NotOnePerson: the accounts or the document contradict each other.
        MergeOpen: the duplicate is part of another merge.
        ReasonMissing, OneAlone, rights.NotAllowed, accounts.ParticularsImpossible.
    """
    found = AccountMerge.objects.filter(request_key=request_key).first()
    if found:
        return found
    _may(kept, by, at)
    _may(duplicate, by, at)
    _not_own(kept, duplicate, by)
    reason = _reason(reason)
    hashed = documents.hashed(identity_number)
    refuse_different(kept, duplicate, hashed)
    merge = AccountMerge(
        request_key=request_key, kept=kept, duplicate=duplicate, reason=reason,
        identity_hash=hashed, asked_by=by, asked_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            merge.save(force_insert=True)
    except IntegrityError:
        same = AccountMerge.objects.filter(request_key=request_key).first()
        if same:
            return same
        text = _("The account of {name} is part of another merge. Finish that one first.")
        raise MergeOpen(text.format(name=duplicate.name)) from None
    return merge


@transaction.atomic
def approve(*, merge: AccountMerge, by: Person, at: datetime, note: str = "") -> AccountMerge:
    """Join the two accounts. A repeated call changes nothing.

    Raises:
        OneAlone: the one who asked, or one of the two.
        NotOnePerson: the accounts have come to contradict each other since.
        MergeOver, rights.NotAllowed, holders.AccountMerged, carried.CapsExceeded.
    """
    locked = _decided(merge, by, at, State.MERGED, State.ASKED)
    if locked.state == State.MERGED:
        return locked
    refuse_different(locked.kept, locked.duplicate, locked.identity_hash)
    locked.moved = holders.join(
        key=_key(locked), kept_id=locked.kept_id, duplicate_id=locked.duplicate_id, at=at
    )
    locked.state, locked.note = State.MERGED, note[:300]
    locked.decided_by, locked.decided_at = by, at
    locked.save(update_fields=["state", "note", "decided_by", "decided_at", "moved"])
    _tell(MERGED, locked, at)
    return locked


@transaction.atomic
def reject(*, merge: AccountMerge, by: Person, at: datetime, note: str) -> AccountMerge:
    """Refuse a merge, with the reason. Raises as ``approve``, and ReasonMissing."""
    locked = _decided(merge, by, at, State.REJECTED, State.ASKED)
    if locked.state == State.ASKED:
        locked.state, locked.note = State.REJECTED, _reason(note)
        locked.decided_by, locked.decided_at = by, at
        locked.save(update_fields=["state", "note", "decided_by", "decided_at"])
    return locked


@transaction.atomic
def ask_split(*, merge: AccountMerge, by: Person, at: datetime, reason: str) -> AccountMerge:
    """Ask that two accounts are parted again. Raises MergeOver, ReasonMissing, NotAllowed."""
    locked = _locked(merge, by, at)
    _not_own(locked.kept, locked.duplicate, by)
    if locked.state == State.SPLIT_ASKED:
        return locked
    _in_state(locked, State.MERGED)
    locked.state, locked.split_reason = State.SPLIT_ASKED, _reason(reason)
    locked.split_asked_by, locked.split_asked_at = by, at
    locked.save(update_fields=["state", "split_reason", "split_asked_by", "split_asked_at"])
    return locked


@transaction.atomic
def split(*, merge: AccountMerge, by: Person, at: datetime) -> AccountMerge:
    """Part two accounts: exactly what was moved goes back. A repeated call changes nothing.

    Raises:
        OneAlone, MergeOver, rights.NotAllowed.
        holders.NotPartable: credit of both was converted together since.
    """
    locked = _locked(merge, by, at)
    _not_own(locked.kept, locked.duplicate, by)
    if locked.state == State.SPLIT:
        return locked
    _in_state(locked, State.SPLIT_ASKED)
    if by.pk == locked.split_asked_by_id:
        raise OneAlone(_("You asked for this yourself. Another officer decides."))
    assert locked.decided_at is not None
    holders.part(
        key=_key(locked), kept_id=locked.kept_id, duplicate_id=locked.duplicate_id,
        moved=locked.moved, since=locked.decided_at, at=at,
    )  # fmt: skip
    locked.state, locked.split_by, locked.split_at = State.SPLIT, by, at
    locked.save(update_fields=["state", "split_by", "split_at"])
    _tell(SPLIT, locked, at)
    return locked


def refuse_different(kept: Person, duplicate: Person, identity_hash: str) -> None:
    """Refuse unless everything known of two accounts speaks for one person.

    Raises:
        NotOnePerson: naming what differs.
    """
    known = {each for each in (kept.identity_hash, duplicate.identity_hash) if each}
    differs = [
        (kept.pk == duplicate.pk, _("it is one account"), "duplicate"),
        (bool(known - {identity_hash}), _("the identity number"), "identity_number"),
        (not known, _("neither account was checked with a document"), "identity_number"),
        (kept.name != duplicate.name, _("the name"), "duplicate"),
        (_differ(kept.birth_year, duplicate.birth_year), _("the year of birth"), "duplicate"),
        (_differ(int(kept.sex), int(duplicate.sex)), _("the sex"), "duplicate"),
    ]
    said = [(text, pointer) for is_so, text, pointer in differs if is_so]
    if said:
        text = _(
            "These are not shown to be accounts of one person: {why}. Check the person's document "
            "at a counter, or correct the particulars first."
        )
        raise NotOnePerson(text.format(why=_("; ").join(t for t, _p in said)), pointer=said[0][1])


def _differ(one: int | None, other: int | None) -> bool:
    """Whether two particulars contradict each other; what is not known contradicts nothing."""
    return bool(one) and bool(other) and one != other


def _key(merge: AccountMerge) -> str:
    return f"merge:{merge.pk}"


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonMissing(_("Write the reason; it stays with the case."), pointer="reason")
    return text.strip()[:300]


def _may(whose: Person, by: Person, at: datetime) -> None:
    if whose.home_id is None:
        raise rights.NotAllowed(rights.not_allowed_text())
    rights.check(by, rights.SERVICE_MERGE, clock.local_date(at), place_id=whose.home_id)


def _not_own(kept: Person, duplicate: Person, by: Person) -> None:
    if by.pk in {kept.pk, duplicate.pk}:
        raise OneAlone(_("This is your own account. Another officer handles it."))


def _locked(merge: AccountMerge, by: Person, at: datetime) -> AccountMerge:
    rows = AccountMerge.objects.select_for_update(of=("self",))
    locked = rows.select_related("kept", "duplicate").get(pk=merge.pk)
    _may(locked.kept, by, at)
    return locked


def _decided(
    merge: AccountMerge, by: Person, at: datetime, reached: str, needed: str
) -> AccountMerge:
    locked = _locked(merge, by, at)
    _not_own(locked.kept, locked.duplicate, by)
    if by.pk == locked.asked_by_id:
        raise OneAlone(_("You asked for this yourself. Another officer decides."))
    if locked.state != reached:
        _in_state(locked, needed)
    return locked


def _in_state(merge: AccountMerge, needed: str) -> None:
    if merge.state != needed:
        text = _("This merge stands at: {state}. Look at it again before you go on.")
        raise MergeOver(text.format(state=merge.get_state_display()))


def _tell(kind: str, merge: AccountMerge, at: datetime) -> None:
    payload = {"kept_id": merge.kept_id, "duplicate_id": merge.duplicate_id, "merge_id": merge.pk}
    log.append(kind=kind, key=f"{kind}:{merge.pk}", event_at=at, payload=payload)


def by_account_number(text: str, *, pointer: str = "") -> Person:
    """The person behind a learning account's number.

    Raises:
        accounts.PersonUnknown: no account has it.
    """
    found = holders.by_number(text)
    if found is None:
        said = _("No account has the number {number}. Copy it from the account page.")
        raise accounts.PersonUnknown(said.format(number=text), pointer=pointer)
    return accounts.by_id(found)
