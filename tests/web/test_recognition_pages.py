"""Recognition over its pages: panels, evidence, objections, appeals, revocation, claims."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import world as small
from tests.world_parts import disputes, staff
from xueqiao.creditbank.models import Application, CreditLot, LearningAccount, Notice
from xueqiao.kernel import clock
from xueqiao.people import roles
from xueqiao.people.models import Role, RoleKind

pytestmark = pytest.mark.django_db


class Office:
    """The world with its cases; ``visit`` signs somebody in."""

    def __init__(self):
        self.world = small.build()
        self.cases = disputes.cases(self.world.people)

    def visit(self, who):
        client = Client(headers={"accept-language": "en"})
        client.cookies["language"] = "en"
        if who:
            client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    def case(self, name):
        return Application.objects.get(pk=self.cases[name])

    def move(self, who, name, verb, **typed):
        address = f"/console/recognition/{self.cases[name]}/{verb}/"
        return self.visit(who).post(address, typed)

    def second_officer(self):
        """Another provincial officer, who did nothing in any case."""
        where = Role.objects.get(person=self.world.people["province"]).place_id
        who = staff.person("province-2", "郭敏", where, clock.now())
        roles.grant(
            person_id=who.pk, kind=RoleKind.PROVINCE.value, place_id=where, institution_id=None,
            valid_from=disputes.SINCE, at=clock.now(),
        )  # fmt: skip
        return "province-2"


@pytest.fixture
def office(db):
    return Office()


def test_a_panel_assesses_votes_and_proposes_over_its_page(office):
    case = office.case("panel_case")
    amounts = {
        f"unit-{item.unit_id}": f"{item.asked_hundredths / 100:g}" for item in case.items.all()
    }
    typed = {
        "method": "interview", "interview-held_on": "2026-01-05", "interview-minutes": "40",
        "interview-with_whom": "本人", "interview-questions": "三个案例", "findings": "回答正确",
        "no_conflict": "yes", **amounts,
    }  # fmt: skip
    assert office.move("assessor", "panel_case", "assess", **typed).status_code == 302
    page = office.visit("assessor").get(f"/console/recognition/{case.pk}/")
    assert [move.name for move in page.context["moves"]] == ["vote", "propose"]
    assert "三个案例" in page.content.decode()
    refused = office.move("assessor", "panel_case", "propose")
    assert (refused.status_code, "have voted" in refused.content.decode()) == (409, True)
    undeclared = office.move("expert-administration", "panel_case", "vote", vote="yes")
    assert undeclared.status_code == 409
    declared = office.move("expert-administration", "panel_case", "declare")
    assert declared.status_code == 302
    for who in ("assessor", "expert-academic", "expert-labour", "expert-administration"):
        assert office.move(who, "panel_case", "vote", vote="yes").status_code == 302
    assert office.move("assessor", "panel_case", "propose").status_code == 302
    assert office.case("panel_case").state == "public_notice"


def test_who_declares_a_tie_leaves_and_somebody_else_is_convened(office):
    assert office.move("assessor", "panel_case", "declare", kin="yes").status_code == 302
    page = office.visit("county").get(f"/console/recognition/{office.cases['panel_case']}/convene/")
    assert "Academic standards" in page.content.decode()
    empty = office.move("county", "panel_case", "convene")
    assert (empty.status_code, "not complete" in empty.content.decode()) == (422, True)
    # Who left is offered nothing to judge, and is told why; nobody is ticked in her place.
    page = office.visit("assessor").get(f"/console/recognition/{office.cases['panel_case']}/")
    judged = {each.name: each.barrier for each in page.context["moves"]}
    assert page.context["leave"] == judged["assess"] != ""
    assert clock.written(clock.local_date(clock.now())) in page.context["leave"]
    again = office.visit("county").get(
        f"/console/recognition/{office.cases['panel_case']}/convene/"
    )
    assert (len(again.context["left"]), again.context["left"] & again.context["members"]) == (
        1,
        set(),
    )


def test_evidence_is_shown_in_the_page_and_refused_when_altered(office):
    address = f"/console/recognition/{office.cases['panel_case']}/evidence/"
    address += f"{office.cases['panel_file']}/"
    page = office.visit("assessor").get(f"{address}view/")
    assert "unchanged since it was handed in" in page.content.decode()
    shown = office.visit("assessor").get(f"{address}?inline=1")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    office.case("panel_case").evidence.update(stored_as="evidence/gone")
    altered = office.visit("assessor").get(f"{address}view/")
    assert altered.status_code == 409
    assert "not what was handed in" in altered.content.decode()
    assert office.visit("assessor").get(f"{address[:-2]}9999999/view/").status_code == 404


def test_anybody_objects_and_the_centre_rules_before_it_decides(office):
    address = f"/bank/notices/{office.cases['noticed']}/"
    anybody = office.visit("")
    listed = anybody.get("/bank/notices/").content.decode()
    assert "冯**" in listed
    assert "冯玉梅" not in listed
    short = anybody.post(address, {"name": "李", "contact": "1", "reasons": "no"})
    assert short.status_code == 422
    said = {"name": "李明", "contact": "13800000000", "reasons": "He worked elsewhere that year."}
    for _press in range(2):
        assert anybody.post(address, said).status_code == 302
    case = office.case("noticed")
    assert case.objections.count() == 2
    Application.objects.filter(pk=case.pk).update(
        notice_until=clock.local_date(clock.now()) - timedelta(days=1)
    )
    blocked = office.move("province", "noticed", "decide", reasons="符合标准")
    assert (blocked.status_code, "wait for a ruling" in blocked.content.decode()) == (409, True)
    for each in case.objections.all():
        ruled = office.move(
            "province", "noticed", f"objections/{each.pk}", upheld="no", reasons="已核实"
        )
        assert ruled.status_code == 302
    assert office.move("province", "noticed", "decide", reasons="符合标准").status_code == 302
    assert office.case("noticed").state == "posted"


def test_a_learner_appeals_and_another_officer_changes_the_decision(office):
    pk = office.cases["rejected"]
    claimant = office.visit("claimant")
    page = claimant.get(f"/bank/applications/{pk}/").content.decode()
    assert "Not content with the decision?" in page
    short = claimant.post(f"/bank/applications/{pk}/appeal/", {"grounds": "no"})
    assert short.status_code == 422
    grounds = {"grounds": "The stamp is on the second page of the letter."}
    assert claimant.post(f"/bank/applications/{pk}/appeal/", grounds).status_code == 302
    assert office.move("province", "rejected", "take-up").status_code == 403
    other = office.second_officer()
    groups = office.visit(other).get("/console/").context["groups"]
    assert groups[0].code == "recognition"
    assert office.move(other, "rejected", "take-up").status_code == 302
    unit = office.case("rejected").items.get()
    typed = {f"unit-{unit.unit_id}": f"{unit.asked_hundredths / 100:g}", "reasons": "有公章"}
    assert office.move(other, "rejected", "change", **typed).status_code == 302
    assert office.case("rejected").state == "changed"
    told = office.visit("claimant").get("/account/").content.decode()
    assert "changed the decision" in told


def test_two_officers_revoke_and_the_credit_is_gone(office):
    pk = office.cases["noticed"]
    Application.objects.filter(pk=pk).update(
        notice_until=clock.local_date(clock.now()) - timedelta(days=1)
    )
    objection = office.case("noticed").objections.get()
    office.move("province", "noticed", f"objections/{objection.pk}", upheld="no", reasons="已核实")
    assert office.move("province", "noticed", "decide", reasons="符合标准").status_code == 302
    first = office.second_officer()
    asked = {"ground": "fraud", "reasons": "证明系伪造"}
    assert office.move("province", "noticed", "ask-revocation", **asked).status_code == 403
    assert office.move(first, "noticed", "ask-revocation", **asked).status_code == 302
    page = office.visit(first).get(f"/console/recognition/{pk}/")
    assert {(move.name, bool(move.barrier)) for move in page.context["moves"]} == {
        ("revoke", True), ("keep", True),
    }  # fmt: skip
    assert office.move(first, "noticed", "revoke", reasons="x").status_code == 403
    assert CreditLot.objects.get(decision__application=pk).state == "frozen"


def test_a_learner_adds_a_certificate_and_work_and_takes_them_out(office):
    draft = office.world.draft
    learner = office.visit("learner")
    page = f"/bank/applications/{draft}/"
    form = learner.get(page).context["certificate_form"]
    unit = form.fields["units"].queryset.get(code="SAMPLE-X-ELDERCARE-M")
    typed = {
        "certificate-title": "老年照护", "certificate-issuer": "示例组织",
        "certificate-number": "1X-9", "certificate-obtained": "2024-01-05",
        "certificate-units": [unit.pk],
    }  # fmt: skip
    photo = SimpleUploadedFile("a.png", disputes.PNG, content_type="image/png")
    missing = learner.post(f"{page}certificates/", typed)
    assert missing.status_code == 422
    same = SimpleUploadedFile("b.png", disputes.PNG, content_type="image/png")
    twice = learner.post(f"{page}certificates/", {**typed, "certificate-file": same})
    assert twice.status_code == 409, "the claimant put this very photo forward"
    assert "another account" in twice.content.decode()
    del photo
    other = SimpleUploadedFile("c.png", disputes.PNG + b"x", content_type="image/png")
    added = learner.post(f"{page}certificates/", {**typed, "certificate-file": other})
    assert added.status_code == 302
    work = {
        "work-occupation": "eldercare", "work-employer": "自家", "work-began": "2015-01-01",
        "work-weekly_hours": "40",
    }  # fmt: skip
    assert learner.post(f"{page}work/", {**work, "work-weekly_hours": "90"}).status_code == 422
    assert learner.post(f"{page}work/", work).status_code == 302
    case = Application.objects.get(pk=draft)
    assert set(case.items.values_list("ground", flat=True)) == {"other", "certificate", "work"}
    learner.post(f"{page}work/{case.work_periods.get().pk}/drop/")
    learner.post(f"{page}certificates/{case.certificates.get().pk}/drop/")
    assert set(case.items.values_list("ground", flat=True)) == {"other"}


def test_a_unit_is_taken_out_of_a_draft_and_no_longer_out_of_what_was_handed_in(office):
    draft = Application.objects.get(pk=office.world.draft)
    page, item = f"/bank/applications/{draft.pk}/", draft.items.get()
    learner = office.visit("learner")
    assert f"{page}units/{item.pk}/drop/" in learner.get(page).content.decode()
    assert learner.post(f"{page}units/{item.pk}/drop/").status_code == 302
    assert not draft.items.exists()
    handed_in = office.case("panel_case")
    theirs = f"/bank/applications/{handed_in.pk}/units/{handed_in.items.first().pk}/drop/"
    assert office.visit("claimant").post(theirs).status_code == 409
    assert learner.post(theirs).status_code == 404


def test_several_photos_are_added_at_once(office):
    page = f"/bank/applications/{office.world.draft}/"
    files = [
        SimpleUploadedFile(f"{n}.png", disputes.PNG + bytes([n]), content_type="image/png")
        for n in range(3)
    ]
    assert office.visit("learner").post(f"{page}evidence/", {"file": files}).status_code == 302
    assert Application.objects.get(pk=office.world.draft).evidence.count() == 3


def test_a_learner_sees_who_has_it_and_until_when(office):
    case = office.case("panel_case")
    page = office.visit("claimant").get(f"/bank/applications/{case.pk}/").content.decode()
    assert "now with: Assessors, until" in page
    assert Notice.objects.filter(application=case, code="application.screening").exists()


def test_the_roster_of_experts_gives_and_ends_seats(office):
    province = office.visit("province")
    page = province.get("/console/experts/")
    assert page.context["list"].count == 5
    who = staff.person("expert-new", "冯新", office.world.county, clock.now())
    roles.grant(
        person_id=who.pk, kind=RoleKind.ASSESSOR.value, place_id=office.world.county,
        institution_id=None, valid_from=disputes.SINCE, at=clock.now(),
    )  # fmt: skip
    typed = {"person": who.pk, "team": "labour", "body": "decision", "organisation": "示例工会"}
    assert province.post("/console/experts/", {**typed, "organisation": ""}).status_code == 422
    assert province.post("/console/experts/", typed).status_code == 302
    csv = b"".join(province.get("/console/experts/?team=labour&download=csv").streaming_content)
    assert "冯新" in csv.decode()
    assert office.visit("county").get("/console/experts/").status_code == 403


COSTS = {"case": 40, "queue": 12, "notices": 6}


def test_what_the_pages_cost_does_not_grow(office, django_assert_max_num_queries):
    province = office.visit("province")
    with django_assert_max_num_queries(COSTS["queue"]):
        province.get("/console/recognition/")
    with django_assert_max_num_queries(COSTS["notices"]):
        office.visit("").get("/bank/notices/")
    with django_assert_max_num_queries(COSTS["case"]):
        province.get(f"/console/recognition/{office.cases['panel_case']}/")


def test_a_learner_opens_the_own_account_once(office):
    client = office.visit("sibling")
    mine = LearningAccount.objects.filter(person__login__username="demo-sibling")
    before = client.get("/account/").content.decode()
    assert (mine.count(), "/account/open/" in before) == (0, True)
    for _again in range(2):
        assert client.post("/account/open/").url == "/account/"
    after = client.get("/account/").content.decode()
    assert mine.get().number in after
    assert "/account/open/" not in after
    assert client.get("/account/open/").status_code == 405
    # To an account that is not open nobody says that it is.
    mine.update(status="frozen")
    said = client.post("/account/open/", follow=True).content.decode()
    assert "账户已开立" not in said
