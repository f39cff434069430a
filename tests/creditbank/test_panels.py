"""Panels of four teams and three bodies, their votes, and conflicts of interest."""

from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.creditbank.test_recognition import AT, Case, storage  # noqa: F401 - a fixture
from xueqiao.creditbank import moves, recognition
from xueqiao.creditbank.models import PanelMember, PanelVote
from xueqiao.creditbank.recognition import conflicts, panels, waiting
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.people import rights
from xueqiao.people.models import RoleKind

pytestmark = pytest.mark.django_db
SEATS = (
    ("钱学", "academic", "decision", "示例大学"),
    ("孙工", "labour", "management", "示例行业协会"),
    ("李评", "evaluation", "certifying", "示例评价中心"),
    ("周政", "administration", "management", "示例管理中心"),
    ("吴研", "academic", "decision", "示例学院"),
)


class Panelled(Case):
    """A case whose amount asks for a first review and a panel, with a roster of five."""

    def __init__(self):
        super().__init__()
        self.county = factories.officer("县管理员", RoleKind.COUNTY, self.places.county)
        self.experts, self.seats = [], []
        for name, team, body, organisation in SEATS:
            self.add(name, team, body, organisation)

    def add(self, name, team, body, organisation):
        who = factories.officer(name, RoleKind.ASSESSOR, self.places.province)
        seat = recognition.seat(
            person=who, team=team, body=body, organisation=organisation,
            valid_from=factories.SINCE, by=self.provincial, at=AT,
        )  # fmt: skip
        self.experts.append(who)
        self.seats.append(seat)
        return seat

    def screened(self):
        accepted = self.accepted()
        type(accepted).objects.filter(pk=accepted.pk).update(needs_screening=True, needs_panel=True)
        return recognition.screen(application=accepted, by=self.county, at=AT)

    def convened(self, seats=None):
        application = self.screened()
        ids = [each.pk for each in (self.seats if seats is None else seats)]
        recognition.convene(application=application, by=self.county, at=AT, seat_ids=ids)
        return application

    def free(self, application, who):
        return recognition.declare(
            application=application, by=who, is_kin=False, is_employer=False, at=AT
        )

    def assessed(self):
        application = self.convened()
        for who in self.experts:
            self.free(application, who)
        return self.assess(application, by=self.experts[0])

    def vote(self, application, number, in_favour=True):
        return recognition.vote(
            application=application, by=self.experts[number], at=AT, in_favour=in_favour,
            reasons="" if in_favour else "学时不足",
        )  # fmt: skip


@pytest.fixture
def panelled(storage):  # noqa: F811 - the fixture
    return Panelled()


def test_a_case_above_the_threshold_needs_a_review_and_a_panel(panelled):
    accepted = panelled.accepted()
    assert (accepted.needs_screening, accepted.needs_panel) == (False, False), "5 of 8 credits"
    accepted.needs_screening = accepted.needs_panel = True
    accepted.save()
    with pytest.raises(moves.WrongState):
        panelled.assess(accepted)
    screened = recognition.screen(application=accepted, by=panelled.county, at=AT)
    with pytest.raises(recognition.PanelMissing):
        panelled.assess(screened)


def test_a_panel_decides_together_and_everybody_sees_their_own_turn(panelled):
    application = panelled.assessed()

    def waits(who):
        return waiting.work_queue(who, factories.DAY).filter(pk=application.pk).exists()

    assert [waits(who) for who in panelled.experts] == [True] * 5
    assert not waits(panelled.assessor), "sits in no panel"
    for number in range(3):
        panelled.vote(application, number)
    with pytest.raises(recognition.VotesMissing):
        recognition.propose(application=application, by=panelled.experts[0], at=AT)
    panelled.vote(application, 3, in_favour=False)
    assert [waits(who) for who in panelled.experts] == [False] * 4 + [True]
    assert panels.tally(application) == (3, 1, 5)
    proposed = recognition.propose(application=application, by=panelled.experts[0], at=AT)
    assert proposed.state == "public_notice"
    assert panelled.decide(proposed).state == "posted"


def test_a_lost_vote_proposes_nothing(panelled):
    application = panelled.assessed()
    for number in range(4):
        panelled.vote(application, number, in_favour=number < 2)
    with pytest.raises(recognition.VoteLost):
        recognition.propose(application=application, by=panelled.experts[0], at=AT)


def test_a_vote_is_about_the_amounts_that_stood_proposed(panelled):
    application = panelled.assessed()
    panelled.vote(application, 0)
    with pytest.raises(recognition.VotedAlready):
        panelled.vote(application, 0, in_favour=False)
    assert panelled.vote(application, 0).pk == PanelVote.objects.get().pk
    panelled.assess(
        application, by=panelled.experts[1],
        amounts={panelled.care.pk: 100, panelled.nursing.pk: 0},
    )  # fmt: skip
    assert panels.tally(application) == (0, 0, 5)
    with pytest.raises(recognition.AssessedAlready):
        panelled.assess(application, by=panelled.experts[1])


def test_a_panel_without_a_team_a_body_or_enough_members_does_not_start(panelled):
    application = panelled.screened()
    for missing in (1, 2, 3):
        ids = [each.pk for number, each in enumerate(panelled.seats) if number != missing]
        with pytest.raises(recognition.PanelIncomplete):
            recognition.convene(application=application, by=panelled.county, at=AT, seat_ids=ids)
    assert not PanelMember.objects.exists()


def test_who_is_tied_to_the_employer_is_not_taken_into_a_panel(panelled):
    tied = panelled.add("郑护", "labour", "management", "示例 养老院（有限公司）")
    application = panelled.screened()
    assert conflicts.ties(application, tied.person, factories.DAY) == ["示例养老院"]
    with pytest.raises(recognition.ConflictOfInterest):
        recognition.convene(
            application=application, by=panelled.county, at=AT,
            seat_ids=[each.pk for each in [*panelled.seats[:4], tied]],
        )  # fmt: skip


def test_who_declares_a_tie_leaves_the_panel_and_is_replaced(panelled):
    application = panelled.convened()
    recognition.declare(
        application=application, by=panelled.experts[0], is_kin=True, is_employer=False, at=AT
    )
    assert PanelMember.objects.get(person=panelled.experts[0]).left_at == AT
    for who in panelled.experts[1:]:
        panelled.free(application, who)
    with pytest.raises(recognition.PanelIncomplete):
        panelled.assess(application, by=panelled.experts[1])
    with pytest.raises(recognition.NotAMember):
        panelled.assess(application, by=panelled.experts[0])
    fresh = panelled.add("冯学", "academic", "decision", "示例职业学院")
    recognition.convene(application=application, by=panelled.county, at=AT, seat_ids=[fresh.pk])
    assert panelled.assess(application, by=panelled.experts[1]).state == "assessing"


def test_nobody_assesses_in_a_panel_before_declaring(panelled):
    application = panelled.convened()
    with pytest.raises(recognition.Undeclared):
        panelled.assess(application, by=panelled.experts[0])


def test_nobody_declares_against_the_records_or_about_themselves(panelled):
    tied = panelled.add("郑护", "labour", "management", "示例养老院")
    application = panelled.submitted()
    with pytest.raises(recognition.ConflictOfInterest):
        panelled.free(application, tied.person)
    with pytest.raises(moves.OwnCase):
        panelled.free(application, panelled.learner)


def test_an_institution_managers_own_institution_is_a_tie(panelled):
    application = panelled.submitted()
    application.employer = "示例开放大学"
    application.save()
    manager = factories.person("校方", panelled.places.county)
    manager.roles.create(
        kind=RoleKind.INSTITUTION, place=panelled.places.county, granted_at=AT,
        institution=factories.institution(), valid_from=factories.SINCE,
    )  # fmt: skip
    assert conflicts.ties(application, manager, factories.DAY) == ["示例开放大学"]


def test_the_convener_and_the_screener_do_not_sit(panelled):
    both = factories.officer("两职", RoleKind.COUNTY, panelled.places.county)
    both.roles.create(
        kind=RoleKind.ASSESSOR, place=panelled.places.province, granted_at=AT,
        valid_from=factories.SINCE,
    )  # fmt: skip
    seat = recognition.seat(
        person=both, team="labour", body="management", organisation="示例商会",
        valid_from=factories.SINCE, by=panelled.provincial, at=AT,
    )  # fmt: skip
    application = panelled.screened()
    ids = [seat.pk, *(each.pk for each in panelled.seats)]
    with pytest.raises(recognition.NotAMember):
        recognition.convene(application=application, by=both, at=AT, seat_ids=ids)


def test_a_person_holds_one_seat_given_by_somebody_else(panelled):
    seat = panelled.seats[0]
    again = {
        "person": seat.person, "team": "academic", "body": "decision", "organisation": "示例大学",
        "valid_from": factories.SINCE, "by": panelled.provincial, "at": AT,
    }  # fmt: skip
    assert recognition.seat(**again).pk == seat.pk
    with pytest.raises(recognition.SeatImpossible):
        recognition.seat(**{**again, "team": "labour"})
    with pytest.raises(recognition.SeatImpossible):
        recognition.seat(**{**again, "person": panelled.provincial})
    with pytest.raises(rights.NotAllowed):
        recognition.seat(**{**again, "by": panelled.county})
    later = factories.SINCE + timedelta(days=1)
    ended = recognition.end_seat(seat_id=seat.pk, day=later, by=panelled.provincial, at=AT)
    assert ended.valid_to == later
    assert recognition.seat(**{**again, "team": "labour", "valid_from": later}).team == "labour"


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ([("academic", "decision", "甲")], ["members", "labour", "management"]),
        (
            [("academic", "decision", "甲"), ("labour", "management", "甲（有限公司）")],
            ["of_one_organisation_at_most"],
        ),
        ([("academic", "decision", "甲"), ("labour", "management", "乙")], []),
    ],
    ids=["few", "one organisation", "complete"],
)
def test_what_a_panel_lacks_is_named(members, missing):
    rule = {
        "members": 2, "academic": 1, "labour": 1, "decision": 1, "management": 1,
        "of_one_organisation_at_most": 1,
    }  # fmt: skip
    assert [what for what, _needed, _there in rules.missing_of_panel(rule, members)] == missing
