"""Service points through their pages: finding, booking, the counter, rosters, merges, banks."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import world as small
from tests.service import factories
from tests.web.test_console import sign_in
from tests.world_parts import staff
from xueqiao.creditbank import standards
from xueqiao.creditbank.models import Application, LearningAccount, Unit
from xueqiao.kernel import clock
from xueqiao.people.models import Login, Person
from xueqiao.service import nodes
from xueqiao.service.models import (
    AccountMerge,
    Appointment,
    BankMember,
    CounterSession,
    Honour,
    OpeningSheet,
    ServiceNode,
    SessionAct,
    Takeout,
    Ticket,
)
from xueqiao.service.takeouts import packing

pytestmark = pytest.mark.django_db
__all__ = ["sign_in"]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One world for all tests of the file; each is undone by its own savepoint."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield small.build()
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def queries(client, address):
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


def test_anybody_finds_a_point_and_one_more_costs_no_query_more(world, client):
    client.cookies["language"] = "en"
    assert "合德认证点" in client.get("/points/?q=合德").content.decode()
    assert client.get(f"/points/?place={world.sibling}&kind=recognition").context["count"] == 0
    client.get("/points/")
    few = queries(client, "/points/?kind=recognition")
    town, branch = ServiceNode.objects.get(code="hede"), ServiceNode.objects.get(code="yancheng")
    for number in range(3):
        more = nodes.set_up(
            code=f"more-{number}", name=f"认证点{number}", kind="point", place_id=town.place_id,
            address="x", parent=branch, valid_from=clock.local_date(clock.now()), by=None,
            at=clock.now(),
        )  # fmt: skip
        nodes.set_services(node=more, offered={"recognition": (30, 1)}, by=None, at=clock.now())
    assert queries(client, "/points/?kind=recognition") == few <= 12


def test_a_learner_books_and_withdraws(world, sign_in):
    client = sign_in("learner")
    page = client.get(f"/points/{world.node}/?kind=recognition")
    # Of the last day: today's last may be the one that the world has booked already.
    slot = list(page.context["by_day"].values())[-1][-1]
    form = {
        "kind": "recognition", "slot": slot.starts_at.isoformat(), "request_key": "k",
        "note": "看看", "day": "",
    }  # fmt: skip
    assert client.post(f"/points/{world.node}/book/", form).url == "/account/visits/"
    client.post(f"/points/{world.node}/book/", form)
    made = Appointment.objects.get(request_key="k")
    assert made.note == "看看"
    assert client.post(f"/account/visits/{made.pk}/withdraw/").status_code == 302
    made.refresh_from_db()
    assert made.state == "withdrawn"


@pytest.mark.parametrize("slot", ["", "tomorrow", "2026-01-01T00:00:00", "2020-01-01T00:00:00Z"])
def test_a_time_that_makes_no_sense_is_refused_on_the_page(world, sign_in, slot):
    form = {"kind": "recognition", "slot": slot, "request_key": "k"}
    answer = sign_in("learner").post(f"/points/{world.node}/book/", form)
    assert (answer.status_code, answer.context["refusal"].code) == (422, "service.slot_unknown")


def test_nobody_withdraws_the_appointment_of_another(world, sign_in):
    held = Appointment.objects.get()
    answer = sign_in("neighbour").post(f"/account/visits/{held.pk}/withdraw/")
    assert answer.status_code == 404


def test_the_account_reminds_of_todays_visit(world, sign_in):
    assert "Appointment</strong>" in sign_in("learner").get("/account/").content.decode()
    assert "Appointment</strong>" not in sign_in("sibling").get("/account/").content.decode()


def test_service_points_have_their_english_names_in_the_console(world, sign_in):
    client = sign_in("province")
    ServiceNode.objects.filter(code=world.node).update(name_en="Hede Certification Point")
    for address in ("/console/points/", f"/console/points/{world.node}/"):
        assert "Hede Certification Point" in client.get(address).content.decode()
    assert client.get("/console/points/", {"q": "hede cert"}).context["list"].count == 1


def test_the_display_shows_numbers_and_no_names(world, client):
    text = client.get(f"/points/{world.node}/queue/").content.decode()
    assert "001" in text
    assert "李桂兰" not in text


def test_the_counter_calls_serves_and_finishes(world, sign_in):
    client = sign_in("helper")
    assert client.get("/console/counter/").context["board"].waiting == 2
    client.post("/console/counter/call/", {"node": world.node, "counter": "2"})
    ticket = Ticket.objects.get(number=2)
    assert (ticket.state, ticket.counter) == ("called", "2")
    for name in ("again", "serve", "finish"):
        address = f"/console/counter/tickets/{ticket.pk}/{name}/"
        assert client.post(address, {"node": world.node}).status_code == 302
    ticket.refresh_from_db()
    assert ticket.state == "done"
    answer = client.post(f"/console/counter/tickets/{ticket.pk}/serve/", {"node": world.node})
    assert answer.context["refusal"].code == "service.ticket_over"


def test_who_has_an_appointment_gets_a_number_at_the_counter(world, sign_in):
    held = Appointment.objects.get()
    sign_in("helper").post(f"/console/counter/visits/{held.pk}/", {"node": world.node})
    held.refresh_from_db()
    assert (held.state, held.ticket.number) == ("arrived", 4)


PDF = b"%PDF-1.4 a signed paper"


def scan(name="scan.pdf", content=PDF):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def test_a_whole_visit_from_consent_to_the_handed_in_application(world, sign_in):
    """The helper acts for a person without a phone; each step stands in the person's account."""
    client = sign_in("helper")
    client.post(f"/console/counter/sessions/{world.session}/end/")
    who = staff.person("visitor", "孙桂英", world.village, clock.now())
    found = client.get("/console/counter/people/?q=孙桂英")
    assert [each.pk for each in found.context["found"]] == [who.pk]
    begun = client.post(
        f"/console/counter/people/{who.pk}/", {"request_key": "v", "purpose": "申请认定护理经历"}
    )
    session = CounterSession.objects.get(request_key="v")
    at = f"/console/counter/sessions/{session.pk}"
    assert begun.url == f"{at}/"
    assert client.get(f"{at}/paper/").status_code == 200

    refused = client.post(f"{at}/identity/", {"document": "id_card", "number": "x"})
    assert refused.context["refusal"].code == "service.consent_missing"
    client.post(f"{at}/consent/", {"scan": scan()})
    assert client.get(f"{at}/scan/").content == PDF
    number = factories.identity_number(71, year=1958)
    client.post(f"{at}/identity/", {"document": "id_card", "number": number})
    assert LearningAccount.objects.get(person=who).verified == 2

    unit = standards.claimable(clock.local_date(clock.now())).first()
    form = {
        "request_key": "v:apply", "title": "照料老人十年", "obtained": "2025-01-01",
        f"unit_{unit.pk}": "on", f"credits_{unit.pk}": "1",
    }  # fmt: skip
    assert client.post(f"{at}/apply/", form).url == f"{at}/"
    made = Application.objects.get(request_key="v:apply")
    proof = SimpleUploadedFile("proof.txt", b"ten years", content_type="text/plain")
    client.post(f"{at}/apply/{made.pk}/evidence/", {"file": proof})
    client.post(f"{at}/apply/{made.pk}/submit/")
    made.refresh_from_db()
    assert (made.state, made.applicant, made.entered_by.name) == ("submitted", who, "周晓红")
    assert client.post(f"{at}/end/").url == "/console/counter/"
    assert list(SessionAct.objects.filter(session=session).values_list("kind", flat=True)) == [
        "consent", "identity", "apply", "evidence", "submit",
    ]  # fmt: skip
    mine = sign_in("visitor").get("/account/visits/").content.decode()
    assert made.number in mine


def test_a_helper_opens_an_account_with_a_document(world, sign_in):
    client = sign_in("helper")
    number = factories.identity_number(72, year=1950, female=False)
    form = {"key": "00000000-0000-4000-8000-0000000000aa", "name": "钱进", "identity_number": "1"}
    assert client.post("/console/counter/people/new/", form).status_code == 422
    form["identity_number"] = number
    answer = client.post("/console/counter/people/new/", form)
    made = Person.objects.get(name="钱进")
    assert answer.url == f"/console/counter/people/{made.pk}/"
    assert (made.birth_year, made.sex, made.home_id) == (1950, "1", world.town)
    assert number not in json.dumps(list(Person.objects.values_list()), default=str)


def test_a_sign_in_is_set_up_once_and_after_the_document(world, sign_in):
    client = sign_in("helper")
    Login.objects.filter(person_id=world.people["neighbour"]).delete()
    form = {"username": "zhang", "password": "long enough words", "repeated": "other"}
    address = f"/console/counter/sessions/{world.session}/login/"
    assert client.post(address, form).context["refusal"].code == "people.passwords_differ"
    form["repeated"] = form["password"]
    assert client.post(address, form).status_code == 302
    assert client.post(address, form).context["refusal"].code == "service.has_login"


def test_sessions_of_others_are_not_found(world, sign_in):
    other = CounterSession.objects.get(pk=world.session)
    CounterSession.objects.filter(pk=other.pk).update(ended_at=clock.now())
    second = staff.person("helper-2", "另一位受理员", world.town, clock.now())
    staff.roles.grant(
        person_id=second.pk, kind="helper", place_id=world.town, valid_from=staff.SINCE,
        at=clock.now(),
    )  # fmt: skip
    address = f"/console/counter/sessions/{world.session}/"
    assert sign_in("helper-2").get(address).status_code == 404
    assert sign_in("helper-2").get(f"{address}scan/").status_code == 404


def filled(*rows):
    book = openpyxl.Workbook()
    for row in [["姓名", "性别", "身份证号", "居住地"], *rows]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("名册.xlsx", out.getvalue())


def test_a_roster_goes_from_the_template_to_accounts(world, sign_in):
    client = sign_in("helper")
    template = client.get("/console/openings/template/")
    book = openpyxl.load_workbook(io.BytesIO(template.content))
    assert [cell.value for cell in book.worksheets[0][1]][2] == "Identity number"
    role = client.get("/console/openings/").context["form"].fields["role"].queryset.get()
    row = ["吴桂珍", "女", factories.identity_number(73), "320924100201"]
    content = filled(row).read()
    form = {"role": role.pk, "file": SimpleUploadedFile("名册.xlsx", content)}
    answer = client.post("/console/openings/", form)
    sheet = OpeningSheet.objects.get(file_name="名册.xlsx")
    assert answer.url == f"/console/openings/{sheet.pk}/"
    assert client.post(f"{answer.url}open/").status_code == 302
    assert Person.objects.filter(name="吴桂珍", home_id=world.village).count() == 1
    form["file"] = SimpleUploadedFile("名册.xlsx", content)
    assert client.post("/console/openings/", form).url == answer.url


def test_a_faulty_roster_names_its_cells_and_opens_nothing(world, sign_in):
    client = sign_in("county")
    page = client.get(f"/console/openings/{world.faulty}/").content.decode()
    assert all(f">{cell}<" in page for cell in ("B2", "A3", "C3", "D3"))
    answer = client.post(f"/console/openings/{world.faulty}/open/")
    assert answer.context["refusal"].code == "service.sheet_faulty"
    assert client.post("/console/openings/", {"file": scan()}).status_code == 422


def test_a_merge_is_asked_by_one_officer_and_decided_by_another(world, sign_in):
    client = sign_in("county")
    own = client.post(f"/console/merges/{world.merge}/approve/")
    assert own.context["refusal"].code == "service.merge_one_alone"
    assert sign_in("province").post(f"/console/merges/{world.merge}/approve/").status_code == 302
    merge = AccountMerge.objects.get()
    assert merge.state == "merged"
    client = sign_in("county")
    client.post(f"/console/merges/{merge.pk}/ask-split/", {"reason": "不是同一人"})
    assert sign_in("province").post(f"/console/merges/{merge.pk}/split/").status_code == 302
    merge.refresh_from_db()
    assert merge.state == "split"


def test_a_merge_with_the_wrong_person_is_refused_beside_its_field(world, sign_in):
    numbers = [
        LearningAccount.objects.get(person_id=world.people[name]).number
        for name in ("learner", "neighbour")
    ]
    form = {
        "request_key": "w", "kept": numbers[0], "duplicate": numbers[1], "reason": "x",
        "identity_number": factories.identity_number(60, year=1958),
    }  # fmt: skip
    client = sign_in("county")
    answer = client.post("/console/merges/ask/", form)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["identity_number"])
    answer = client.post("/console/merges/ask/", {**form, "kept": "123"})
    assert list(answer.context["form"].errors) == ["kept"]


def test_what_waits_stands_on_the_work_list(world, sign_in):
    def groups(who):
        return {each.code for each in sign_in(who).get("/console/").context["groups"]}

    assert {"visits", "openings"} <= groups("helper")
    assert "merges" in groups("province")
    assert "merges" not in groups("county"), "who asked does not decide"


def test_a_learner_takes_everything_along(world, sign_in, settings, tmp_path):
    settings.HOME = tmp_path
    client = sign_in("learner")
    assert client.post("/account/data/").url == "/account/data/"
    packing.work(now=clock.now())
    takeout = Takeout.objects.get()
    address = f"/account/data/{takeout.pk}/"
    content = b"".join(client.get(address).streaming_content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "tables/lots.csv" in archive.namelist()
        assert any(name.startswith("certificates/") for name in archive.namelist())
    assert client.post("/account/data/").status_code == 429
    assert sign_in("neighbour").get(address).status_code == 404


def test_an_officer_keeps_a_node(world, sign_in):
    client, at = sign_in("county"), f"/console/points/{world.node}"
    answer = client.post(f"{at}/hours/", {"day_1": "9-5"})
    assert (answer.status_code, answer.context["tried"]) == (422, "hours")
    client.post(f"{at}/hours/", {"day_1": "9:00-17:00"})
    assert ServiceNode.objects.get(code=world.node).hours.count() == 1
    client.post(f"{at}/services/", {"offers_advice": "1", "minutes_advice": "20",
                                    "places_advice": "0"})  # fmt: skip
    assert ServiceNode.objects.get(code=world.node).services.get().kind == "advice"
    day = (clock.local_date(clock.now()) + timedelta(days=9)).isoformat()
    client.post(f"{at}/close/", {"day": day, "reason": "培训"})
    assert ServiceNode.objects.get(code=world.node).closed_days.get().reason == "培训"
    client.post(f"{at}/close/", {"day": day, "reopen": "1"})
    assert not ServiceNode.objects.get(code=world.node).closed_days.exists()
    assert client.post(f"{at}/close/", {"day": "never"}).status_code == 422
    form = {"kind": "point", "code": "new-one", "name": "新点", "place": "320924100",
            "address": "x", "parent": ServiceNode.objects.get(code="yancheng").pk}  # fmt: skip
    assert client.post("/console/points/new/", form).url == "/console/points/new-one/"
    assert sign_in("county").get("/console/points/js-centre/").status_code == 404


def test_a_bank_takes_members_in_and_a_unit_into_its_catalogue(world, sign_in):
    client, at = sign_in("province"), f"/console/banks/{world.bank}"
    unit = Unit.objects.first()
    client.post(f"{at}/catalogue/", {"unit": unit.pk})
    assert unit.title_zh in client.get(f"/banks/{world.bank}/").content.decode() or (
        unit.title_en in client.get(f"/banks/{world.bank}/").content.decode()
    )
    assert client.post(f"{at}/catalogue/", {}).context["refusal"].code == "service.bank_unfit"
    member = BankMember.objects.get()
    client.post(f"{at}/members/{member.pk}/")
    member.refresh_from_db()
    assert member.valid_to == clock.local_date(clock.now())


def test_an_honour_is_withdrawn_and_the_log_keeps_both(world, sign_in):
    client = sign_in("county")
    form = {"reason": "误登", "document": "更正通知"}
    assert client.post(f"/console/honours/{world.honour}/", form).status_code == 302
    assert Honour.objects.count() == 2
    assert client.get("/console/honours/").context["list"].count == 2
    number = LearningAccount.objects.get(person_id=world.people["learner"]).number
    given = {
        "request_key": "h2", "number": number, "kind": "grant", "title": "学费减免",
        "reason": "x", "document": "y", "given_on": "2026-01-02", "yuan": "12.5",
    }  # fmt: skip
    assert client.post("/console/honours/give/", given).status_code == 302
    assert Honour.objects.get(request_key="h2").amount_fen == 1250


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("learner", "/points/{node}/"), ("learner", "/account/visits/"),
        ("helper", "/console/counter/"),
        ("helper", "/console/openings/{roster}/"), ("county", "/console/points/{node}/"),
        ("province", "/console/merges/"), ("province", "/console/banks/{bank}/"),
    ],
)  # fmt: skip
def test_a_page_costs_a_bounded_number_of_queries(world, sign_in, who, address):
    client = sign_in(who)
    client.get(address.format(**vars(world)))
    assert queries(client, address.format(**vars(world))) <= 20
