"""The console: what waits, cases and their moves, rosters, the counter, places, records."""

from __future__ import annotations

from datetime import date

import pytest

from tests import world as small
from tests.records import factories as records
from tests.world_parts import places
from xueqiao.creditbank.models import Application, CreditLot
from xueqiao.hall.models import Completion, Enrolment, Offering
from xueqiao.kernel import clock
from xueqiao.network.models import Place
from xueqiao.people import roles
from xueqiao.records import sources, statements
from xueqiao.records.checking import Refused
from xueqiao.records.models import Reason

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return small.build()


@pytest.fixture
def sign_in(client):
    def signed(who):
        client.cookies["language"] = "en"
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    return signed


PAGES = {
    "/console/": [
        "helper",
        "teacher",
        "institution",
        "assessor",
        "county",
        "province",
        "operator",
        "analyst",
    ],
    "/console/recognition/": ["helper", "institution", "assessor", "county", "province"],
    "/console/conversions/": ["institution", "province"],
    "/console/awards/": ["institution", "province"],
    "/console/results/": ["institution", "province"],
    "/console/lots/": ["institution", "county", "province"],
    "/console/lots/disputes/": ["institution", "county", "province"],
    "/console/lots/reversals/": ["institution", "county", "province"],
    "/console/ledger/": ["province", "operator"],
    "/console/ledger/vouchers/": ["province", "operator"],
    "/console/ledger/recounts/": ["province", "operator"],
    "/console/classes/": ["teacher", "institution", "county", "province"],
    "/console/enrol/": ["helper"],
    "/console/places/": ["institution", "county", "province", "operator"],
    "/console/institutions/": ["institution", "county", "province", "operator"],
    "/console/places/blank/": ["institution", "county", "province", "operator"],
    "/console/records/": ["operator"],
    "/console/records/batches/": ["operator"],
    "/console/records/quarantine/": ["operator"],
}


@pytest.mark.parametrize("address", PAGES)
def test_a_section_opens_for_its_roles_and_is_refused_to_the_others(world, sign_in, address):
    for who in PAGES["/console/"] + ["learner"]:
        status = sign_in(who).get(address).status_code
        assert (who, status) == (who, 200 if who in PAGES[address] else 403)


def test_nobody_is_sent_to_the_sign_in(world, client):
    for address in PAGES:
        answer = client.get(address)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/sign-in/")


# --- the work list -------------------------------------------------------------------------------


def test_the_work_list_names_what_waits_and_for_whom(world, sign_in):
    groups = {
        who: [
            (group.code, group.count) for group in sign_in(who).get("/console/").context["groups"]
        ]
        for who in ("assessor", "teacher", "operator", "province")
    }
    assert groups == {
        "assessor": [("recognition", 1)],
        "teacher": [("full", 1)],
        "operator": [],
        "province": [
            ("award", 1),
            ("full", 1),
            ("erasures", 1),
            ("lake-access", 1),
            ("lake-extracts", 1),
            ("open-data", 1),
            ("consultations", 1),
            ("openings", 2),
            ("merges", 1),
            ("lake-plans", 1),
        ],
    }


# --- a case, from hand to hand -------------------------------------------------------------------


def move(client, world, verb, **typed):
    return client.post(f"/console/recognition/{world.application}/{verb}/", typed)


def assessed(client, world, **changes):
    unit = Application.objects.get(pk=world.application).items.get().unit_id
    typed = {
        "method": "portfolio", "portfolio-pieces": "3", "portfolio-authentic": "yes",
        "portfolio-how_checked": "by telephone", f"unit-{unit}": "1.5",
        "findings": "The letter shows it.", "no_conflict": "yes", **changes,
    }  # fmt: skip
    return move(client, world, "assess", **typed)


def test_a_case_walks_from_assessment_to_posting(world, sign_in):
    assessor = sign_in("assessor")
    assert assessed(assessor, world).status_code == 302
    assert move(assessor, world, "propose").status_code == 302
    Application.objects.filter(pk=world.application).update(notice_until=date(2020, 1, 1))
    answer = move(sign_in("province"), world, "decide", reasons="Proved by the letter.")
    case = Application.objects.get(pk=world.application)
    assert (answer.status_code, case.state) == (302, "posted")
    lot = CreditLot.objects.get(decision__application=case)
    assert lot.amount_hundredths == 150
    page = sign_in("province").get(f"/console/recognition/{world.application}/").content.decode()
    for name in ("周晓红", "赵志强", "吴敏"):
        assert name in page


def test_who_acted_in_another_step_sees_why_the_button_is_closed(world, sign_in):
    roles.grant(
        person_id=world.people["helper"], kind="assessor", place_id=world.county,
        institution_id=None, valid_from=date(2020, 1, 1), at=clock.now(),
    )  # fmt: skip
    client = sign_in("helper")
    page = client.get(f"/console/recognition/{world.application}/")
    assert [bool(move.barrier) for move in page.context["moves"]] == [True]
    assert "You already acted in another step" in page.content.decode()
    answer = assessed(client, world)
    assert answer.status_code == 403
    assert "You already acted in another step" in answer.content.decode()


def test_a_refusal_stands_beside_its_button_and_keeps_what_was_typed(world, sign_in):
    answer = assessed(sign_in("assessor"), world, no_conflict="", findings="Typed before")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "neither kin nor employer" in page
    assert "Typed before" in page
    assert Application.objects.get(pk=world.application).state == "accepted"


@pytest.mark.parametrize("typed", ["viele", "1.555", "-1", ""])
def test_what_is_no_number_of_credits_is_refused(world, sign_in, typed):
    unit = Application.objects.get(pk=world.application).items.get().unit_id
    answer = assessed(sign_in("assessor"), world, **{f"unit-{unit}": typed})
    assert answer.status_code == 422
    assert "is no number of credits" in answer.content.decode()


def test_more_credit_than_the_unit_is_worth_is_refused(world, sign_in):
    unit = Application.objects.get(pk=world.application).items.get().unit_id
    answer = assessed(sign_in("assessor"), world, **{f"unit-{unit}": "999"})
    assert (answer.status_code, "Lower the amount" in answer.content.decode()) == (422, True)


def test_htmx_gets_the_changed_case_alone(world, sign_in):
    unit = Application.objects.get(pk=world.application).items.get().unit_id
    answer = sign_in("assessor").post(
        f"/console/recognition/{world.application}/assess/",
        {
            "method": "exam",
            "exam-held_on": "2026-01-05",
            "exam-paper": "A",
            "exam-score": "90",
            "exam-supervisor": "B",
            "exam-pass_score": "60",
            f"unit-{unit}": "1",
            "findings": "x",
            "no_conflict": "yes",
        },
        headers={"HX-Target": "case", "HX-Request": "true"},
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert 'id="case"' in page


def test_evidence_is_handed_out_only_unaltered(world, sign_in):
    client = sign_in("assessor")
    file = Application.objects.get(pk=world.application).evidence.get()
    address = f"/console/recognition/{world.application}/evidence/{file.pk}/"
    assert client.get(address).content.startswith(b"%PDF")
    type(file).objects.filter(pk=file.pk).update(stored_as="evidence/gone")
    answer = client.get(address)
    assert (answer.status_code, "no longer what was handed in" in answer.content.decode()) == (
        409,
        True,
    )


# --- results of a class --------------------------------------------------------------------------


def test_results_are_entered_after_a_question_that_names_the_number(world, sign_in):
    client = sign_in("teacher")
    offering = Offering.objects.get(pk=world.full_class)
    row = offering.enrolments.get(state="active")
    typed = {"chosen": [row.pk], "result": "pass"}
    asked = client.post(f"/console/classes/{offering.pk}/results/", typed)
    assert "Yes, enter 1 result" in asked.content.decode()
    assert not Completion.objects.filter(enrolment=row).exists()
    answer = client.post(f"/console/classes/{offering.pk}/results/", {**typed, "confirmed": "yes"})
    assert answer.status_code == 302
    made = Completion.objects.get(enrolment=row)
    assert (made.result, made.by_person_id) == ("pass", world.people["teacher"])
    assert made.studied_credits_hundredths == offering.credit_hundredths


def test_a_waiting_learner_gets_no_result(world, sign_in):
    offering = Offering.objects.get(pk=world.full_class)
    waiting = offering.enrolments.get(state="waiting")
    answer = sign_in("teacher").post(
        f"/console/classes/{offering.pk}/results/",
        {"chosen": [waiting.pk], "result": "pass", "confirmed": "yes"},
    )
    assert answer.status_code == 422
    assert not Completion.objects.filter(enrolment=waiting).exists()


# --- the counter ---------------------------------------------------------------------------------


def test_a_helper_enrols_a_resident_and_the_name_stays(world, sign_in):
    client = sign_in("helper")
    assert "张建国" in client.get("/console/enrol/?q=张").content.decode()
    address = f"/console/enrol/{world.people['neighbour']}/{world.open_class}/"
    assert client.post(address, {"request_key": "k1"}).status_code == 302
    assert client.post(address, {"request_key": "k1"}).status_code == 302
    made = Enrolment.objects.get(offering=world.open_class, person=world.people["neighbour"])
    assert (made.state, made.by_person_id) == ("active", world.people["helper"])


def test_a_refused_enrolment_says_why_beside_the_class(world, sign_in):
    client = sign_in("helper")
    address = f"/console/enrol/{world.people['learner']}/{world.full_class}/"
    answer = client.post(address, {"request_key": "k2"})
    assert answer.status_code == 409
    assert "Already in" in answer.content.decode()


# --- places and records --------------------------------------------------------------------------


def test_a_place_shows_its_way_its_children_and_their_institutions(world, sign_in):
    answer = sign_in("province").get("/console/places/3209/?register=nbs")
    found = {each.name: each.institutions for each in answer.context["children"]}
    assert found == {"射阳县": 3, "阜宁县": 0}
    assert [each.name for each in answer.context["ancestors"]] == ["江苏省"]


def test_a_day_before_the_register_shows_nothing_below(world, sign_in):
    answer = sign_in("province").get("/console/places/3209/?register=nbs&day=1990-01-01")
    assert (answer.status_code, list(answer.context["children"])) == (200, [])


def test_blank_spots_are_the_towns_without_a_centre(world, sign_in):
    county, city, province = (Place.objects.get(code=code) for code in ("320924", "3209", "32"))
    places.place("320924200", 4, "空白镇", [county, city, province])
    rows = (
        sign_in("county")
        .get("/console/places/blank/?register=nbs&level=4")
        .context["list"]
        .page.rows
    )
    assert [row.name for row in rows] == ["空白镇"]


def test_everything_received_is_accounted_for_by_source(world, sign_in):
    source = sources.open_source(code="counted", name="Counted", at=clock.now())
    good = [records.incoming(records.statement())[0] for _ in range(3)]
    held = [Refused(f'{{"n": {n}}}', Reason.NOBODY, "d") for n in (3, 5)]
    for key, items in (("b1", [*good, *held]), ("b2", good)):
        statements.store_batch(source=source, items=items, received_at=clock.now(), batch_key=key)
    client = sign_in("operator")
    [row] = client.get("/console/records/?q=counted").context["list"].body
    words = {str(cell["column"].title): cell["text"] for cell in row["cells"]}
    assert words["Ever received"] == words["Last 24 hours"] == words["Last hour"] == 8
    assert (words["Accepted"], words["Duplicate"], words["Quarantined"]) == (3, 3, 2)
    assert words["Refused in the last day"] == "Names no person 2"
    assert words["State"] == "In order"
    assert client.get("/console/").context["groups"][0].count == 2
    found = (
        client.get("/console/records/quarantine/?reason=nobody&q=%22n%22: 5")
        .context["list"]
        .page.rows
    )
    assert [row.position for row in found] == [4]
    assert (
        "{&quot;n&quot;: 5}"
        in client.get(f"/console/records/quarantine/{found[0].pk}/").content.decode()
    )


QUERIES = {
    # The work list asks once for each kind of work that the province looks after (decision 119).
    "/console/": 35,
    "/console/classes/": 12,
    "/console/institutions/": 12,
    "/console/recognition/": 12,
}


@pytest.mark.parametrize("address", QUERIES)
def test_a_page_takes_at_most_so_many_queries(
    world, sign_in, address, django_assert_max_num_queries
):
    client = sign_in("province")
    with django_assert_max_num_queries(QUERIES[address]):
        client.get(address)


@pytest.mark.parametrize("who", ["helper", "assessor", "teacher", "county"])
def test_the_work_list_asks_nothing_for_doors_that_are_closed(
    world, sign_in, who, django_assert_max_num_queries
):
    client = sign_in(who)
    with django_assert_max_num_queries(12):
        client.get("/console/")
