"""What waits for whom: the cases whose next step is a person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from xueqiao.creditbank import moves
from xueqiao.creditbank.models import (
    Application,
    ApplicationStep,
    Assessment,
    InterestDeclaration,
    Objection,
    Panel,
    PanelMember,
    PanelVote,
    Revocation,
)
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person

State = Application.State
DECIDED = (State.POSTED, State.UPHELD, State.CHANGED)


def work_queue(person: Person, day: date) -> QuerySet[Application]:
    """Applications whose next step is the person's on a day, longest waiting first.

    Left out: one's own; those in which the person acted in another stage or declared a tie; those
    that somebody else took up; those of a panel in which the person does not sit, or has voted
    while others have not. ``waits_for`` is the stage. A public notice that still runs waits for
    nobody unless somebody objected.
    """
    rows = Application.objects.exclude(applicant=person).annotate(waits_for=_stage(person))
    rows = rows.filter(_reach(person, day)).filter(Q(holder=None) | Q(holder=person))
    acted = ApplicationStep.objects.filter(application=OuterRef("pk"), actor=person)
    rows = rows.exclude(Exists(acted.exclude(stage=OuterRef("waits_for"))))
    tied = InterestDeclaration.objects.filter(application=OuterRef("pk"), person=person)
    rows = rows.exclude(Exists(tied.filter(Q(is_kin=True) | Q(is_employer=True) | ~Q(other=""))))
    rows = rows.exclude(
        Q(state=State.PUBLIC_NOTICE, notice_until__gte=day) & ~Exists(_open_objections())
    )
    rows = rows.filter(_in_panel(person))
    return rows.select_related("applicant", "place").order_by("state_since", "pk")


def _stage(person: Person) -> Case:
    """The stage of the step that a case waits for; null where none waits."""
    asked = Revocation.objects.filter(application=OuterRef("pk"), answer=None)
    no_panel = ~Exists(_panels())
    return Case(
        When(state=State.SUBMITTED, then=Value("accepting")),
        When(state=State.ACCEPTED, needs_screening=True, then=Value("screening")),
        When(
            Q(state__in=[State.ACCEPTED, State.SCREENING], needs_panel=True) & no_panel,
            then=Value("screening"),
        ),
        When(state__in=[State.ACCEPTED, State.SCREENING, State.ASSESSING], then=Value("assessing")),
        When(
            state__in=[State.PROPOSED, State.PUBLIC_NOTICE, State.APPROVED], then=Value("deciding")
        ),
        When(state__in=[State.APPEALED, State.REVIEWING], then=Value("reviewing")),
        When(Q(state__in=DECIDED) & Exists(asked.exclude(asked_by=person)), then=Value("revoking")),
        default=Value(""),
        output_field=CharField(),
    )


def _reach(person: Person, day: date) -> Q:
    found = Q(pk__in=[])
    for stage, policy in moves.POLICIES.items():
        reach = rights.within(person, policy, day, place="place_id", institution="institution_id")
        found |= Q(waits_for=stage) & reach
    return found


def _panels() -> QuerySet[Panel]:
    return Panel.objects.filter(application=OuterRef("pk"), round=OuterRef("round"))


def _open_objections() -> QuerySet[Objection]:
    rows = Objection.objects.filter(application=OuterRef("pk"), ruling=None)
    return rows.filter(round=OuterRef("round"))


def _in_panel(person: Person) -> Q:
    """No panel sits; or the person sits in it, and has not voted or everybody has."""
    sitting = PanelMember.objects.filter(
        panel__application=OuterRef("pk"), panel__round=OuterRef("round"), left_at=None
    )
    last = Assessment.objects.filter(
        application=OuterRef("panel__application"), round=OuterRef("panel__round")
    )
    newest = Subquery(last.order_by("-assessed_at").values("assessed_at")[:1])
    voted = PanelVote.objects.filter(member=OuterRef("pk"), voted_at__gte=OuterRef("assessed"))
    owing = sitting.annotate(assessed=newest).exclude(Exists(voted))
    mine = Exists(sitting.filter(person=person)) & (
        Exists(owing.filter(person=person)) | ~Exists(owing)
    )
    return ~Q(waits_for="assessing") | ~Exists(_panels()) | mine
