"""Sessions at a counter: a helper acts for a person, with consent on paper and the document seen.

A session lets nothing be done before the signed consent is scanned. Everything done in it becomes a
``SessionAct``, which the person can read on the account page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import holders
from xueqiao.kernel import clock, errors
from xueqiao.people import accounts, documents, rights
from xueqiao.service import scans
from xueqiao.service.models import CounterSession, IdentityCheck, NodeStaff, SessionAct

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person
    from xueqiao.service.models import ServiceNode, Ticket

LEVEL_COUNTER = 2


class SessionOpen(errors.Refusal):
    """The helper has another session open."""

    code = "service.session_open"


class SessionOver(errors.Refusal):
    """The session has ended."""

    code = "service.session_over"


class ConsentMissing(errors.Refusal):
    """Nothing is done for somebody whose signed consent is not scanned."""

    code = "service.consent_missing"


class NotYourSession(errors.Refusal):
    """Only the helper who opened a session acts in it."""

    code = "service.not_your_session"
    status = 403


class WrongPerson(errors.Refusal):
    """The document belongs to somebody else than the account."""

    code = "service.document_of_another"


class PurposeMissing(errors.Refusal):
    """Why the helper acts was not written down."""

    code = "service.purpose_missing"
    status = 422


def start(
    *, node: ServiceNode, person: Person, by: Person, purpose: str, at: datetime, request_key: str,
    ticket: Ticket | None = None,
) -> CounterSession:  # fmt: skip
    """Begin to act for somebody, once for each request key.

    Raises:
        SessionOpen: the helper still has another person at the counter.
        PurposeMissing, rights.NotAllowed.
    """
    found = CounterSession.objects.filter(request_key=request_key, helper=by).first()
    if found:
        return found
    _may(node, person, by, at)
    if not purpose.strip():
        raise PurposeMissing(_("Write what the person came for."), pointer="purpose")
    session = CounterSession(
        node=node, helper=by, person=person, ticket=ticket, request_key=request_key,
        purpose=purpose.strip()[:200], started_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            session.save(force_insert=True)
    except IntegrityError:
        open_ = CounterSession.objects.open_of(by).select_related("person").first()
        if open_ is None:
            return CounterSession.objects.get(request_key=request_key)
        text = _("You are still acting for {name}. End that session first.")
        raise SessionOpen(text.format(name=open_.person.name)) from None
    return session


@transaction.atomic
def scan_consent(
    *, session: CounterSession, content: bytes, by: Person, at: datetime
) -> CounterSession:
    """Keep the scan of the signed consent; a second one takes its place, the first stays stored.

    Raises:
        scans.ScanUnfit, SessionOver, NotYourSession.
    """
    locked = _locked(session, by)
    digest, kind = scans.keep(content)
    if locked.consent_sha256 == digest:
        return locked
    locked.consent_sha256, locked.consent_type = digest, kind
    locked.consent_bytes, locked.consent_at = len(content), at
    locked.save(update_fields=["consent_sha256", "consent_type", "consent_bytes", "consent_at"])
    _note(locked, SessionAct.Kind.CONSENT, f"SHA-256 {digest[:16]}…", at)
    return locked


@transaction.atomic
def check_identity(
    *, session: CounterSession, document: str, number: str, by: Person, at: datetime
) -> IdentityCheck:
    """Compare the person with a document; its number is hashed at once and never kept.

    An account without a number gets this one; one with a number must have the same. The learning
    account is then verified at a counter.

    Raises:
        WrongPerson: the number is another account's, or this account has another number.
        people.accounts.ParticularsImpossible: the number does not check.
        ConsentMissing, SessionOver, NotYourSession.
    """
    locked = _consented(session, by)
    hashed = documents.hashed(number, pointer="number")
    try:
        is_first = documents.give(person_id=locked.person_id, identity_hash=hashed)
    except accounts.IdentityKnown as why:
        raise WrongPerson(str(why), pointer="number") from why
    earlier = locked.identity_checks.filter(identity_hash=hashed, document=document).first()
    if earlier:
        return earlier
    made = IdentityCheck.objects.create(
        person_id=locked.person_id, session=locked, document=document, identity_hash=hashed,
        is_first=is_first, checked_by=by, checked_at=at,
    )  # fmt: skip
    holders.verify(person_id=locked.person_id, level=LEVEL_COUNTER, at=at)
    _note(locked, SessionAct.Kind.IDENTITY, made.get_document_display(), at)
    return made


@transaction.atomic
def acting(
    *, session: CounterSession, kind: str, about: str, by: Person, at: datetime
) -> SessionAct:
    """Write down what is being done for the person, before it is done in the same transaction.

    Raises:
        ConsentMissing, SessionOver, NotYourSession.
    """
    return _note(_consented(session, by), kind, about, at)


@transaction.atomic
def refuse_closed(*, session: CounterSession, by: Person) -> None:
    """Refuse unless something may be done now. Raises as ``acting``."""
    _consented(session, by)


@transaction.atomic
def finish(*, session: CounterSession, by: Person, at: datetime) -> CounterSession:
    """The visit is over. A repeated call changes nothing. Raises NotYourSession."""
    locked = CounterSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    _own(locked, by)
    if locked.ended_at is None:
        locked.ended_at = at
        locked.save(update_fields=["ended_at"])
    return locked


def of(person: Person) -> QuerySet[CounterSession]:
    """What was done for somebody at counters, latest first, with the acts. 2 queries."""
    rows = CounterSession.objects.filter(person=person).select_related("node", "helper")
    return rows.prefetch_related("acts").order_by("-started_at", "-pk")


def _may(node: ServiceNode, person: Person, by: Person, at: datetime) -> None:
    day = clock.local_date(at)
    staff = NodeStaff.objects.in_force(day).filter(node=node, person=by)
    if person.pk == by.pk or person.home_id is None or not staff.exists():
        raise rights.NotAllowed(rights.not_allowed_text())
    rights.check(by, rights.SERVICE_COUNTER, day, place_id=person.home_id)


def _locked(session: CounterSession, by: Person) -> CounterSession:
    locked = CounterSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    _own(locked, by)
    if locked.ended_at is not None:
        raise SessionOver(_("This session has ended. Begin a new one for this person."))
    return locked


def _own(session: CounterSession, by: Person) -> None:
    if session.helper_id != by.pk:
        raise NotYourSession(_("Another helper opened this session. Begin your own."))


def _consented(session: CounterSession, by: Person) -> CounterSession:
    locked = _locked(session, by)
    if not locked.consent_sha256:
        raise ConsentMissing(
            _("Scan the signed consent first: without it nothing is done for somebody else."),
            pointer="scan",
        )
    return locked


def _note(session: CounterSession, kind: str, about: str, at: datetime) -> SessionAct:
    return SessionAct.objects.create(session=session, kind=kind, about=about[:200], at=at)
