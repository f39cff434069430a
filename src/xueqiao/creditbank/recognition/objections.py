"""The public notice: what is shown of a case, and objections that anybody may make against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from xueqiao.creditbank import moves, rules
from xueqiao.creditbank.models import Application, Objection, ObjectionRuling
from xueqiao.creditbank.recognition.refusals import refuse_silence
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

OPEN_AT_MOST = 50
SHORTEST_REASON = 10


class NoticeOver(errors.Refusal):
    """The case is not, or no longer, on public notice."""

    code = "objection.notice_over"


class ObjectionIncomplete(errors.Refusal):
    """An objection without a name, a way to answer, or a reason."""

    code = "objection.incomplete"
    status = 422


class TooMany(errors.Refusal):
    """So many objections wait that no more are taken."""

    code = "objection.too_many"
    status = 429


class ObjectionsOpen(errors.Refusal):
    """An objection has not been ruled on."""

    code = "objection.open"


class ObjectionUpheld(errors.Refusal):
    """An objection was upheld; what was proposed cannot be approved as it is."""

    code = "objection.upheld"


class RuledAlready(errors.Refusal):
    """The objection was ruled on before, and otherwise."""

    code = "objection.ruled_already"


def on_notice(day: date) -> QuerySet[Application]:
    """Cases whose public notice runs on a day, with what the notice shows, latest first."""
    rows = Application.objects.filter(
        state=Application.State.PUBLIC_NOTICE, notice_until__gte=day
    ).select_related("applicant", "place", "institution")
    return rows.prefetch_related("items__unit__level").order_by("-state_since", "-pk")


@transaction.atomic
def object_to(
    *,
    application: Application,
    name: str,
    contact: str,
    reasons: str,
    at: datetime,
    person: Person | None = None,
) -> Objection:
    """Object to a case on public notice. The same words of the same person are one objection.

    Args:
        name: who objects; the centre and the applicant's file keep it, no page shows it.
        contact: how the centre reaches them.
        person: the account, where somebody is signed in.

    Raises:
        NoticeOver, ObjectionIncomplete, TooMany, moves.OwnCase.
    """
    locked = Application.objects.select_for_update().get(pk=application.pk)
    _refuse_over(locked, clock.local_date(at))
    for field, text, least in (("name", name, 2), ("contact", contact, 5)):
        if len(text.strip()) < least:
            said = _("Write your name and how the centre can reach you. Neither is published.")
            raise ObjectionIncomplete(said, pointer=field)
    if len(reasons.strip()) < SHORTEST_REASON:
        said = _("Say what is wrong and how you know it, in at least {n} characters.")
        raise ObjectionIncomplete(said.format(n=SHORTEST_REASON), pointer="reasons")
    if person is not None and person.pk == locked.applicant_id:
        raise moves.OwnCase(_("This is your own application. You can take it back instead."))
    digest = rules.canonical_hash([locked.round, name.strip(), reasons.strip()])
    found = locked.objections.filter(fingerprint=digest).first()
    if found:
        return found
    if waiting(locked).count() >= OPEN_AT_MOST:
        raise TooMany(_("Very many objections wait here already. Call your service point instead."))
    return Objection.objects.create(
        application=locked, round=locked.round, name=name.strip()[:80],
        contact=contact.strip()[:120], reasons=reasons.strip()[:4000], person=person,
        fingerprint=digest, made_at=at,
    )  # fmt: skip


@transaction.atomic
def rule_on(
    *, objection: Objection, by: Person, at: datetime, upheld: bool, reasons: str
) -> ObjectionRuling:
    """Rule on an objection; who decides the case may, as a part of deciding.

    Raises:
        ReasonMissing, RuledAlready, moves.*.
    """
    locked, _repeated = moves.lock(objection.application, "rule_on", by=by, at=at)
    refuse_silence(reasons, pointer="reasons")
    found = ObjectionRuling.objects.filter(objection=objection).first()
    if found and found.upheld == upheld:
        return found
    if found:
        raise RuledAlready(_("This objection was ruled on before. A ruling stays as it is."))
    made = ObjectionRuling.objects.create(
        objection=objection, upheld=upheld, reasons=reasons.strip(), ruled_by=by, ruled_at=at
    )
    moves.move(locked, "rule_on", by=by, at=at, note=reasons)
    return made


def waiting(application: Application) -> QuerySet[Objection]:
    """Objections of the present round that nobody has ruled on."""
    return application.objections.filter(round=application.round, ruling=None)


def refuse_disputed(application: Application) -> None:
    """Refuse to approve while an objection waits or was upheld.

    Raises:
        ObjectionsOpen, ObjectionUpheld.
    """
    rows = application.objections.filter(round=application.round)
    rows = rows.filter(Q(ruling=None) | Q(ruling__upheld=True))
    found = list(rows.values_list("ruling__upheld", flat=True))
    if True in found:
        text = _("An objection was upheld. Send the case back to assessment, or reject it.")
        raise ObjectionUpheld(text)
    if found:
        text = _("{n} objections wait for a ruling. Rule on each of them first.")
        raise ObjectionsOpen(text.format(n=len(found)))


def _refuse_over(application: Application, today: date) -> None:
    runs = application.state == Application.State.PUBLIC_NOTICE
    if not runs or (application.notice_until and application.notice_until < today):
        text = _("The public notice of this case is over. Turn to the management centre.")
        raise NoticeOver(text)
