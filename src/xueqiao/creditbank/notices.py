"""What a learner is told: written where it happens, read on the account page in their language."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models import Application, Notice
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

DAYS = frozenset({"due", "until"})
TEXTS = {
    "application.submitted": _("“{title}” was handed in for you as number {number}."),
    "application.returned": _(
        "“{title}” came back to you: {note} Add what is missing by {due}, then hand it in again."
    ),
    "application.accepted": _("“{title}” is complete and was accepted. Next answer by {due}."),
    "application.screening": _("“{title}” passed the first review. It is assessed by {due}."),
    "application.assessing": _("“{title}” was assessed. The proposal follows by {due}."),
    "application.proposed": _("“{title}” is proposed. The decision follows by {due}."),
    "application.public_notice": _(
        "“{title}” is on public notice until {until}. The decision follows by {due}."
    ),
    "application.posted": _("The credit for “{title}” is in your account. Why: {note}"),
    "application.rejected": _(
        "“{title}” was not recognised. Why: {note} You can appeal on its page."
    ),
    "application.withdrawn": _("“{title}” was taken back for you."),
    "application.lapsed": _(
        "“{title}” lapsed because nothing was added in time. You can apply again at any time."
    ),
    "application.lapses_soon": _("“{title}” lapses after {due}. Go on with it before then."),
    "application.appealed": _("The appeal about “{title}” was filed for you."),
    "application.reviewing": _("Somebody new reviews “{title}”. The answer follows by {due}."),
    "application.upheld": _("The review of “{title}” upholds the decision. Why: {note}"),
    "application.changed": _("The review of “{title}” changed the decision. Why: {note}"),
    "application.revoked": _(
        "The recognition of “{title}” was revoked, and its credit with all that rests on it is "
        "taken back. Why: {note} If this is wrong, ask at your service point."
    ),
}


class _Facts(defaultdict[str, str]):
    """Facts of a notice; what is not known is left blank."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__(str, facts)


@transaction.atomic
def tell(
    *,
    person_id: int,
    key: str,
    code: str,
    at: datetime,
    facts: dict[str, Any] | None = None,
    application_id: int | None = None,
) -> Notice:
    """Leave a message for a person, once for each key.

    Args:
        code: a key of ``TEXTS``.
        facts: what the text names; days as ISO text under ``due`` or ``until``.
    """
    assert code in TEXTS, code
    more = {
        "person_id": person_id, "code": code, "at": at, "facts": facts or {},
        "application_id": application_id,
    }  # fmt: skip
    return Notice.objects.get_or_create(key=key, defaults=more)[0]


def tell_of_step(application: Application, *, number: int, note: str, at: datetime) -> None:
    """Tell the applicant where the case stands now. Inside the transaction of the move."""
    code = f"application.{application.state}"
    if code not in TEXTS:
        return
    facts = {
        "title": application.title,
        "number": application.number,
        "note": note.strip(),
        "due": application.due_on.isoformat() if application.due_on else "",
        "until": application.notice_until.isoformat() if application.notice_until else "",
    }
    tell(
        person_id=application.applicant_id, key=f"application:{application.pk}:{number}",
        code=code, at=at, facts=facts, application_id=application.pk,
    )  # fmt: skip


def text(notice: Notice) -> str:
    """The message in the language of the reader."""
    facts = {name: _shown(name, value) for name, value in notice.facts.items()}
    return str(TEXTS[notice.code]).format_map(_Facts(facts))


def unread(person: Person) -> QuerySet[Notice]:
    """What a person has not read yet, latest first."""
    return Notice.objects.filter(person=person, read_at=None).order_by("-at", "-pk")


@transaction.atomic
def read(*, person: Person, notice_ids: Iterable[int], at: datetime) -> int:
    """Mark messages of a person as read. Returns how many were not before."""
    rows = Notice.objects.filter(person=person, pk__in=list(notice_ids), read_at=None)
    return rows.update(read_at=at)


def _shown(name: str, value: Any) -> str:
    day = parse_date(value) if name in DAYS and value else None
    return clock.written(day) if day else str(value)
