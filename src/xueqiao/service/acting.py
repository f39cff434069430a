"""What a helper does for the person at the counter: each verb of the bank, within a session.

Every step is the ordinary verb with its own refusals, and one ``SessionAct`` in the same
transaction, so that the person can read afterwards what was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import evidence, recognition
from xueqiao.creditbank import queries as creditbank
from xueqiao.creditbank.credentials import asking
from xueqiao.kernel import clock, errors
from xueqiao.people import accounts
from xueqiao.service import appointments, sessions
from xueqiao.service.models import SessionAct

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person
    from xueqiao.service.models import Appointment, CounterSession, ServiceNode

Kind = SessionAct.Kind


class NotOfThisPerson(errors.Refusal):
    """The application or the credit belongs to somebody else than the person at the counter."""

    code = "service.not_of_this_person"
    status = 403


class DocumentNotSeen(errors.Refusal):
    """A sign-in is set up only for somebody whose document was seen in this session."""

    code = "service.document_not_seen"


class HasLogin(errors.Refusal):
    """The person signs in already; a helper does not change that."""

    code = "service.has_login"


@transaction.atomic
def apply(*, session: CounterSession, by: Person, at: datetime, **facts: Any) -> Any:
    """Begin an application for recognition; ``facts`` as ``recognition.apply``. Its draft."""
    made = recognition.apply(applicant=session.person, by=by, at=at, **facts)
    _note(session, Kind.APPLY, f"{made.number} {made.title}", by, at)
    return made


@transaction.atomic
def attach(
    *, session: CounterSession, application: Any, title: str, media_type: str, content: bytes,
    by: Person, at: datetime,
) -> Any:  # fmt: skip
    """Add a file to the person's draft. Raises NotOfThisPerson and as ``evidence.attach``."""
    _of_this_person(session, application.applicant_id)
    found = evidence.attach(
        application=application, title=title, media_type=media_type, content=content, at=at
    )
    _note(session, Kind.EVIDENCE, f"{application.number} {found.title}", by, at)
    return found


@transaction.atomic
def submit(*, session: CounterSession, application: Any, by: Person, at: datetime) -> Any:
    """Hand the person's application in. Raises NotOfThisPerson and as ``recognition.submit``."""
    _of_this_person(session, application.applicant_id)
    done = recognition.submit(application=application, by=by, at=at)
    _note(session, Kind.SUBMIT, f"{done.number} {done.title}", by, at)
    return done


@transaction.atomic
def ask_certificate(*, session: CounterSession, lot_id: int, by: Person, at: datetime) -> Any:
    """Ask for the certificate of one of the person's lots. Raises NotOfThisPerson."""
    held = creditbank.lots(session.person, clock.local_date(at))
    lot = next((row.lot for row in held if row.lot.pk == lot_id), None)
    if lot is None:
        raise NotOfThisPerson(_not_theirs())
    made = asking.request(lot_id=lot_id, request_key=f"lot:{lot_id}", requested_at=at)
    _note(session, Kind.CERTIFICATE, lot.title_zh, by, at)
    return made


@transaction.atomic
def book(
    *, session: CounterSession, node: ServiceNode, kind: str, starts_at: datetime, by: Person,
    at: datetime, request_key: str,
) -> Appointment:  # fmt: skip
    """Make an appointment for the person. Raises as ``appointments.book``."""
    made = appointments.book(
        node=node, kind=kind, starts_at=starts_at, person=session.person, by=by, at=at,
        request_key=request_key,
    )  # fmt: skip
    when = starts_at.astimezone(clock.LOCAL)
    _note(session, Kind.BOOK, f"{node.name} {when:%Y-%m-%d %H:%M}", by, at)
    return made


@transaction.atomic
def set_up_login(
    *, session: CounterSession, username: str, password: str, repeated: str, by: Person,
    at: datetime,
) -> None:  # fmt: skip
    """Let the person sign in, after their document was seen in this session.

    Raises:
        DocumentNotSeen, HasLogin.
        accounts.UsernameTaken, accounts.PasswordTooShort, accounts.PasswordsDiffer.
    """
    _note(session, Kind.LOGIN, username, by, at)
    if not session.identity_checks.exists():
        raise DocumentNotSeen(_("Check the person's identity document first."))
    if accounts.has_login(session.person_id):
        raise HasLogin(_("This person signs in already. A lost password is for the operator."))
    accounts.create_login(
        person_id=session.person_id, username=username, password=password, repeated=repeated
    )


def _of_this_person(session: CounterSession, person_id: int) -> None:
    if session.person_id != person_id:
        raise NotOfThisPerson(_not_theirs())


def _not_theirs() -> str:
    return str(_("This belongs to somebody else than the person at the counter."))


def _note(session: CounterSession, kind: str, about: str, by: Person, at: datetime) -> None:
    """Write an act down once; a form that is sent twice is one act."""
    earlier = session.acts.filter(kind=kind, about=about[:200])
    if earlier.exists():
        sessions.refuse_closed(session=session, by=by)
        return
    sessions.acting(session=session, kind=kind, about=about, by=by, at=at)
