"""The roster of experts, panels of four teams and three bodies, and their votes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import moves, rules, standards
from xueqiao.creditbank.models import (
    Application,
    Body,
    ExpertSeat,
    Panel,
    PanelMember,
    PanelVote,
    Team,
)
from xueqiao.creditbank.recognition import conflicts
from xueqiao.creditbank.recognition.refusals import refuse_silence
from xueqiao.creditbank.rules import recognition as panel_rules
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

RULE = "prior.panel"
WHAT = {
    **dict(Team.choices),
    **dict(Body.choices),
    "members": gettext_lazy("members in all"),
    "of_one_organisation_at_most": gettext_lazy("of one organisation, at most"),
}


class SeatImpossible(errors.Refusal):
    """A seat that is already held, that nobody could fill, or of a person without the role."""

    code = "panel.seat_impossible"
    status = 422


class PanelIncomplete(errors.Refusal):
    """The panel is not composed as the measure asks."""

    code = "panel.incomplete"
    status = 422


class NotAMember(errors.Refusal):
    """The case has a panel, and the person does not sit in it."""

    code = "panel.not_a_member"
    status = 403


class PanelMissing(errors.Refusal):
    """The case needs a panel, and none is convened for this round."""

    code = "panel.missing"


class VotesMissing(errors.Refusal):
    """Too few members have voted on what is proposed."""

    code = "panel.votes_missing"


class VoteLost(errors.Refusal):
    """The panel voted against what is proposed."""

    code = "panel.vote_lost"


class VotedAlready(errors.Refusal):
    """The member voted on this proposal before, and otherwise."""

    code = "panel.voted_already"


@transaction.atomic
def seat(
    *,
    person: Person,
    team: str,
    body: str,
    organisation: str,
    valid_from: date,
    by: Person,
    at: datetime,
    field: str = "",
    institution_id: int | None = None,
) -> ExpertSeat:
    """Give a person a seat in the roster; a repeated call returns the seat.

    A person holds one seat at a time: nobody sits for two teams or two bodies.

    Args:
        team, body: of ``Team`` and ``Body``.
        organisation: whom the person works for, as conflicts are checked against it.

    Raises:
        SeatImpossible, rights.NotAllowed.
    """
    _refuse_keeper(by, at)
    if team not in Team.values or body not in Body.values or not organisation.strip():
        text = _("Choose team and body, and write for whom the person works.")
        raise SeatImpossible(text, pointer="organisation")
    if by == person:
        raise SeatImpossible(_("Nobody gives a seat to themselves."), pointer="person")
    held = seats(valid_from).filter(person=person).first()
    asked = (team, body, organisation.strip())
    if held and (held.team, held.body, held.organisation) == asked:
        return held
    if held:
        text = _("{name} already sits for “{team}”. End that seat first.")
        shown = text.format(name=person, team=held.get_team_display())
        raise SeatImpossible(shown, pointer="person")
    return ExpertSeat.objects.create(
        person=person, team=team, body=body, organisation=organisation.strip(), field=field.strip(),
        institution_id=institution_id, valid_from=valid_from, granted_by=by, granted_at=at,
    )  # fmt: skip


@transaction.atomic
def end_seat(*, seat_id: int, day: date, by: Person, at: datetime) -> ExpertSeat:
    """End a seat on a day, the first on which it no longer holds. Panels that sit go on.

    Raises:
        SeatImpossible: the day is not after the start.
    """
    _refuse_keeper(by, at)
    found = ExpertSeat.objects.select_for_update().get(pk=seat_id)
    if day <= found.valid_from:
        text = _("The seat began on {start}; it cannot end on {end}. Choose a later day.")
        shown = text.format(start=clock.written(found.valid_from), end=clock.written(day))
        raise SeatImpossible(shown, pointer="day")
    if found.valid_to is None or day < found.valid_to:
        found.valid_to = day
        found.save(update_fields=["valid_to"])
    return found


def seats(day: date) -> QuerySet[ExpertSeat]:
    """Seats that hold on a day."""
    rows = ExpertSeat.objects.filter(valid_from__lte=day)
    return rows.filter(Q(valid_to=None) | Q(valid_to__gt=day))


@transaction.atomic
def convene(
    *, application: Application, by: Person, at: datetime, seat_ids: Sequence[int]
) -> Panel:
    """Convene the panel of a case for this round; a second call adds members that are missing.

    Composition (four teams, three bodies, organisations), the members' right to assess there, ties
    to the applicant and what they did in the case before are all checked; nothing starts otherwise.

    Raises:
        PanelIncomplete, NotAMember, conflicts.ConflictOfInterest, moves.*.
    """
    locked, _repeated = moves.lock(application, "convene", by=by, at=at)
    today = clock.local_date(at)
    chosen = list(seats(today).filter(pk__in=seat_ids).select_related("person").order_by("pk"))
    rule = standards.rule(RULE, today)
    panel, made = Panel.objects.get_or_create(
        application=locked, round=locked.round,
        defaults={"rule": rule, "convened_by": by, "convened_at": at},
    )  # fmt: skip
    known = set(panel.members.values_list("person_id", flat=True))
    fresh = [each for each in chosen if each.person_id not in known]
    for each in fresh:
        _refuse_member(locked, each, by, today)
    PanelMember.objects.bulk_create(
        [PanelMember(panel=panel, seat=each, person=each.person, joined_at=at) for each in fresh]
    )
    _refuse_incomplete(panel)
    if made or fresh:
        names = _(", ").join(each.person.name for each in fresh)
        moves.move(locked, "convene", by=by, at=at, note=names)
    return panel


def sitting(application: Application) -> Panel | None:
    """The panel of the case's present round."""
    return Panel.objects.filter(application=application, round=application.round).first()


def member(application: Application, person: Person) -> PanelMember | None:
    """The person's place in the present panel, unless they left it."""
    rows = PanelMember.objects.filter(panel__application=application, left_at=None)
    return rows.filter(panel__round=application.round, person=person).first()


def refuse_outsider(application: Application, person: Person) -> None:
    """Refuse to assess a case that needs a panel to whoever is not a declared member.

    Raises:
        PanelMissing, PanelIncomplete, NotAMember, conflicts.Undeclared.
    """
    panel = sitting(application)
    if panel is None:
        if application.needs_panel:
            text = _("This case is assessed by a panel. The screening centre convenes it first.")
            raise PanelMissing(text)
        return
    if member(application, person) is None:
        raise NotAMember(_("This case is assessed by a panel in which you do not sit."))
    _refuse_incomplete(panel)
    conflicts.refuse_undeclared(application, person)


@transaction.atomic
def vote(
    *, application: Application, by: Person, at: datetime, in_favour: bool, reasons: str = ""
) -> PanelVote:
    """Vote on the amounts that stand proposed. A changed proposal asks for a new vote.

    Raises:
        NotAMember, conflicts.*, VotedAlready, moves.*.
        ReasonMissing: a vote against without a reason.
    """
    locked, _repeated = moves.lock(application, "vote", by=by, at=at)
    refuse_outsider(locked, by)
    conflicts.refuse_conflict(locked, by, clock.local_date(at))
    mine = member(locked, by)
    if mine is None:
        raise NotAMember(_("No panel sits in this case; nothing is voted on."))
    if not in_favour:
        refuse_silence(reasons, pointer="reasons")
    digest = proposal(locked)
    earlier = mine.votes.filter(proposal=digest).first()
    if earlier and earlier.in_favour == in_favour:
        return earlier
    if earlier:
        raise VotedAlready(_("You voted on this proposal before. A vote cannot be taken back."))
    made = PanelVote.objects.create(
        member=mine, proposal=digest, in_favour=in_favour, reasons=reasons.strip(), voted_at=at
    )
    moves.move(locked, "vote", by=by, at=at, note=reasons)
    return made


def proposal(application: Application) -> str:
    """The hash of the amounts that stand proposed in this round: what a vote is about."""
    rows = application.items.order_by("unit_id").values_list("unit_id", "proposed_hundredths")
    return rules.canonical_hash([application.round, *([unit, amount] for unit, amount in rows)])


def tally(application: Application) -> tuple[int, int, int]:
    """Votes for and against what stands proposed, and members who sit. Two queries."""
    votes = PanelVote.objects.filter(
        member__panel__application=application, member__panel__round=application.round,
        member__left_at=None, proposal=proposal(application),
    ).values_list("in_favour", flat=True)  # fmt: skip
    cast = list(votes)
    members = PanelMember.objects.filter(
        panel__application=application, panel__round=application.round, left_at=None
    )
    return cast.count(True), cast.count(False), members.count()


def refuse_unvoted(application: Application) -> None:
    """Raises PanelMissing, PanelIncomplete, VotesMissing, VoteLost: the proposal is not carried."""
    panel = sitting(application)
    if panel is None:
        if application.needs_panel:
            raise PanelMissing(_("This case needs the vote of a panel. Convene it first."))
        return
    _refuse_incomplete(panel)
    yes, no, members = tally(application)
    stands = panel_rules.carries(yes, no, members, panel.rule.value)
    if stands == "open":
        text = _("{cast} of {members} members have voted; {percent} % must. Ask the others.")
        percent = panel.rule.value["quorum_percent"]
        shown = text.format(cast=yes + no, members=members, percent=percent)
        raise VotesMissing(shown)
    if stands == "lost":
        text = _("{yes} members voted for the proposal and {no} against. Assess it anew.")
        raise VoteLost(text.format(yes=yes, no=no))


def _refuse_keeper(by: Person, at: datetime) -> None:
    if not rights.allows(by, rights.RECOGNITION_EXPERTS, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())


def _refuse_member(application: Application, chosen: ExpertSeat, by: Person, today: date) -> None:
    person = chosen.person
    if person.pk in {application.applicant_id, application.entered_by_id, by.pk}:
        text = _("{name} is the applicant, entered the application or convenes the panel.")
        raise NotAMember(text.format(name=person.name), pointer="seats")
    if not moves.reaches(application, person, "assessing", today):
        text = _("{name} holds no role as an assessor for this place. Ask the province for it.")
        raise NotAMember(text.format(name=person.name), pointer="seats")
    if "assessing" not in moves.may_act(application, person, application.steps.all()):
        text = _("{name} already acted in another step of this case. Choose somebody else.")
        raise NotAMember(text.format(name=person.name), pointer="seats")
    if conflicts.stands_against(application, person, today):
        text = _("{name} is tied to the applicant or to a body of the case. Choose somebody else.")
        raise conflicts.ConflictOfInterest(text.format(name=person.name), pointer="seats")


def _refuse_incomplete(panel: Panel) -> None:
    members = panel.members.filter(left_at=None).values_list(
        "seat__team", "seat__body", "seat__organisation"
    )
    missing = panel_rules.missing_of_panel(panel.rule.value, list(members))
    if missing:
        parts = [
            _("{what}: {needed} needed, {there} there").format(
                what=WHAT[what], needed=needed, there=there
            )
            for what, needed, there in missing
        ]
        text = _("The panel is not complete ({parts}). Choose more members.")
        raise PanelIncomplete(text.format(parts=_("; ").join(parts)), pointer="seats")
