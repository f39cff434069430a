"""Conflicts of interest: what people declare about a case, and what the records show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import moves
from xueqiao.creditbank.models import Application, ExpertSeat, InterestDeclaration, PanelMember
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.kernel import clock, errors
from xueqiao.people import roles

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person


class ConflictOfInterest(errors.Refusal):
    """The person is tied to the applicant, by their own word or by the records."""

    code = "recognition.conflict_of_interest"


class Undeclared(errors.Refusal):
    """A member of a panel acts before declaring to be free of a conflict."""

    code = "recognition.undeclared"


@transaction.atomic
def declare(
    *,
    application: Application,
    by: Person,
    is_kin: bool,
    is_employer: bool,
    at: datetime,
    other: str = "",
) -> InterestDeclaration:
    """Declare ties to the applicant, or that there are none. The last declaration counts.

    Who declares a tie leaves the panel of the case, and nothing in the case waits for them.

    Raises:
        moves.OwnCase: the applicant declares nothing about their own case.
        ConflictOfInterest: freedom is declared against what the records show.
    """
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if locked.applicant_id == by.pk:
        raise moves.OwnCase(_("This is your own application. Somebody else has to review it."))
    said = (is_kin, is_employer, other.strip())
    last = _last(locked, by)
    if last and (last.is_kin, last.is_employer, last.other) == said:
        return last
    if said == (False, False, ""):
        refuse_recorded(locked, by, clock.local_date(at))
    made = InterestDeclaration.objects.create(
        application=locked, person=by, is_kin=is_kin, is_employer=is_employer, other=said[2],
        declared_at=at,
    )  # fmt: skip
    if not made.is_free:
        mine = PanelMember.objects.filter(panel__application=locked, person=by, left_at=None)
        mine.update(left_at=at)
    return made


def ties(application: Application, person: Person, day: date) -> list[str]:
    """Bodies by which the records tie a person to the applicant on a day. Four queries at most.

    Compared are the applicant's declared employer, the employers of the work put forward, the
    issuers of the certificates, with the person's roles for an institution and their seats in the
    roster of experts.
    """
    theirs = _bodies_of_person(person, day)
    ours = {
        application.employer,
        *application.work_periods.values_list("employer", flat=True),
        *application.certificates.filter(live=True).values_list("issuer", flat=True),
    } - {""}
    keys = {rules.name_key(name): name for name in ours}
    found = [keys[key] for name in theirs if (key := rules.name_key(name)) in keys]
    return sorted(set(found))


def stands_against(application: Application, person: Person, day: date) -> bool:
    """Whether the person's own word or the records tie them to the applicant."""
    last = _last(application, person)
    return bool((last and not last.is_free) or ties(application, person, day))


def refuse_conflict(application: Application, person: Person, day: date) -> None:
    """Refuse who declared a tie, or is tied by the records.

    Raises:
        ConflictOfInterest.
    """
    last = _last(application, person)
    if last and not last.is_free:
        raise ConflictOfInterest(declared_tie_text(last))
    refuse_recorded(application, person, day)


def declared_tie_text(declared: InterestDeclaration) -> str:
    """What who declared a tie is told wherever they would act."""
    text = _("You declared a tie to the applicant on {day}. Leave the case to somebody else.")
    return text.format(day=clock.written(clock.local_date(declared.declared_at)))


def refuse_recorded(application: Application, person: Person, day: date) -> None:
    """Raises ConflictOfInterest: the records tie the person to the applicant."""
    found = ties(application, person, day)
    if found:
        text = _(
            "You belong to {bodies}, where the applicant works or whose certificate is to be "
            "recognised. Leave the case to somebody else."
        )
        shown = text.format(bodies=_(", ").join(found))
        raise ConflictOfInterest(shown, pointer="no_conflict_declared")


def refuse_undeclared(application: Application, person: Person) -> None:
    """Raises Undeclared: no declaration of freedom stands."""
    last = _last(application, person)
    if last is None or not last.is_free:
        text = _("Declare first whether you are tied to the applicant. The form is on this page.")
        raise Undeclared(text, pointer="no_conflict_declared")


def _last(application: Application, person: Person) -> InterestDeclaration | None:
    rows = InterestDeclaration.objects.filter(application=application, person=person)
    return rows.order_by("pk").last()


def _bodies_of_person(person: Person, day: date) -> set[str]:
    seats = ExpertSeat.objects.filter(person=person).values_list(
        "organisation", "institution__name"
    )
    names = {name for seat in seats for name in seat if name}
    return names | roles.institutions_of(person, day)
