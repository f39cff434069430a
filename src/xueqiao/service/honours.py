"""Honours for learning: given under a decision, kept as a log, withdrawn by a further row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.service.models import Honour

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person


class HonourUnfit(errors.Refusal):
    """An honour without title, reason or decision, given on a day to come, or to oneself."""

    code = "service.honour_unfit"
    status = 422


class HonourWithdrawn(errors.Refusal):
    """The honour was withdrawn, or is a withdrawal itself."""

    code = "service.honour_withdrawn"


def give(
    *, person: Person, kind: str, title: str, reason: str, document: str, given_on: date,
    by: Person, at: datetime, request_key: str, amount_fen: int = 0,
) -> Honour:  # fmt: skip
    """Write an honour down, once for each request key.

    Args:
        document: the decision on which it rests.
        amount_fen: 1/100 yuan, for a grant or a waived fee.

    Raises:
        HonourUnfit, rights.NotAllowed.
    """
    found = Honour.objects.filter(request_key=request_key).first()
    if found:
        return found
    _may(person, by, at)
    _refuse_unfit(person, kind, (title, reason, document), given_on, by, at)
    return _append(
        Honour(
            request_key=request_key, person=person, kind=kind, title=title.strip(),
            reason=reason.strip(), document=document.strip(), amount_fen=amount_fen,
            given_on=given_on, given_by=by, recorded_at=at,
        )
    )  # fmt: skip


def withdraw(*, honour: Honour, reason: str, document: str, by: Person, at: datetime) -> Honour:
    """Withdraw an honour by a further row; the first stays to be read. Repeating changes nothing.

    Raises:
        HonourWithdrawn: it is a withdrawal itself.
        HonourUnfit, rights.NotAllowed.
    """
    _may(honour.person, by, at)
    earlier = Honour.objects.filter(withdraws=honour).first()
    if earlier:
        return earlier
    if honour.withdraws_id is not None:
        raise HonourWithdrawn(_("This row withdraws another one. Give the honour anew instead."))
    day = clock.local_date(at)
    _refuse_unfit(honour.person, honour.kind, (honour.title, reason, document), day, by, at)
    return _append(
        Honour(
            request_key=f"withdraw:{honour.pk}", person_id=honour.person_id, kind=honour.kind,
            title=honour.title, reason=reason.strip(), document=document.strip(),
            given_on=day, given_by=by, recorded_at=at, withdraws=honour,
        )
    )  # fmt: skip


def standing(person: Person) -> QuerySet[Honour]:
    """The honours somebody holds, latest first; withdrawn ones are left out."""
    rows = Honour.objects.filter(person=person, withdraws=None, withdrawn_by=None)
    return rows.order_by("-given_on", "-pk")


def log_of(viewer: Person, day: date) -> QuerySet[Honour]:
    """The whole log for the people of the viewer's places, latest first."""
    reach = rights.within(viewer, rights.SERVICE_HONOURS, day, place="person__home_id")
    rows = Honour.objects.filter(reach).select_related("person", "given_by", "withdrawn_by")
    return rows.order_by("-given_on", "-pk")


def _may(person: Person, by: Person, at: datetime) -> None:
    if person.home_id is None:
        raise rights.NotAllowed(rights.not_allowed_text())
    rights.check(by, rights.SERVICE_HONOURS, clock.local_date(at), place_id=person.home_id)


def _refuse_unfit(  # noqa: PLR0917 - what an honour is made of
    person: Person, kind: str, words: tuple[str, str, str], day: date, by: Person, at: datetime
) -> None:
    if kind not in Honour.Kind.values or not all(word.strip() for word in words):
        text = _("An honour needs a kind, a title, a reason and the decision it rests on.")
        raise HonourUnfit(text, pointer="title")
    if day > clock.local_date(at):
        raise HonourUnfit(_("The day lies in the future."), pointer="given_on")
    if person.pk == by.pk:
        raise HonourUnfit(_("Nobody honours themselves. Another officer enters it."))


def _append(honour: Honour) -> Honour:
    try:
        with transaction.atomic():
            honour.save(force_insert=True)
    except IntegrityError:
        # Entered twice at one moment; the other was first.
        return Honour.objects.get(request_key=honour.request_key)
    return honour
