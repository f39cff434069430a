"""The portal through the Django client: what pages cost, what they show, what they refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import translation

from tests.hall import factories
from tests.world import World, build
from xueqiao.catalog.models import Course
from xueqiao.creditbank.models import Application, Conversion
from xueqiao.hall import offerings
from xueqiao.hall.models import Enrolment, EnrolmentState, Offering
from xueqiao.kernel import clock
from xueqiao.people import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build()


@pytest.fixture
def visitor(client: Client) -> Client:
    client.cookies["language"] = "en"
    return client


def signed_in(client: Client, who: str) -> Client:
    client.cookies["language"] = "en"
    assert client.post("/sign-in/demo/", {"username": f"demo-{who}"}).status_code == 302
    return client


@pytest.fixture
def learner(world: World, client: Client) -> Client:
    return signed_in(client, "learner")


# What a page may cost at most is 12; each has its own literal count, equal with 1 and with 3 rows.
COSTS = {
    "/": 8,
    "/search/?q=书法": 8,
    "/search/?kind=class": 5,
    "/search/?kind=resource": 7,
    "/classes/{open_class}/": 5,
    "/resources/{course}/": 12,
    "/learning/": 5,
    "/account/": 12,
    "/account/statement/": 8,
    "/account/transcript/": 9,
    "/bank/": 7,
    "/bank/apply/": 4,
    "/bank/applications/{application}/": 10,
    "/account/record/": 12,
    "/bank/notices/": 5,
    "/places/?at={county}": 7,
    "/places/?q=射阳": 7,
    "/help/": 3,
}


def more_classes(world: World) -> None:
    """Two more classes like the open one."""
    first = Offering.objects.get(pk=world.open_class)
    for n in range(2):
        facts = {
            name: getattr(first, name)
            for name in (
                "institution_id",
                "place_id",
                "term",
                "starts_on",
                "ends_on",
                "enrol_from",
                "enrol_to",
                "course_id",
            )
        }
        offerings.create(
            code=f"MORE-{n}", capacities={"general": 9}, title=f"书法进阶 {n}", **facts
        )


@pytest.mark.parametrize("address", COSTS)
def test_page_costs_the_same_for_one_and_for_many(
    learner: Client, world: World, address: str, django_assert_num_queries
) -> None:
    place = address.format(**vars(world))
    learner.get(place)
    with django_assert_num_queries(COSTS[address]):
        assert learner.get(place).status_code == 200
    more_classes(world)
    with django_assert_num_queries(COSTS[address]):
        learner.get(place)


@pytest.mark.parametrize("address", COSTS)
def test_first_load_is_small(learner: Client, world: World, address: str) -> None:
    answer = learner.get(address.format(**vars(world)), headers={"accept-encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.content) < 15_000
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "address",
    [
        "/learning/",
        "/account/",
        "/account/statement.csv",
        "/account/transcript/",
        "/bank/",
        "/bank/apply/",
    ],
)
def test_own_pages_ask_for_a_sign_in_and_come_back(visitor: Client, address: str) -> None:
    assert visitor.get(address).headers["Location"] == f"/sign-in/?next={address}"


def test_nobody_sees_or_moves_another_learners_application(world: World, client: Client) -> None:
    sibling = signed_in(client, "sibling")
    for tail in ("", "submit/", "withdraw/", "evidence/"):
        assert sibling.post(f"/bank/applications/{world.draft}/{tail}").status_code == 404
    assert Application.objects.get(pk=world.draft).state == "draft"
    assert sibling.post(f"/account/lots/{world.lot}/certificate/").status_code == 404


def test_enrolment_waiting_and_withdrawal(world: World, client: Client) -> None:
    sibling = signed_in(client, "sibling")
    page = f"/classes/{world.open_class}/"
    for _press in range(2):
        answer = sibling.post(f"{page}enrol/", {"request_key": "k1"})
        assert answer.status_code == 302
    mine = Enrolment.objects.get(person_id=world.people["sibling"])
    assert (mine.state, mine.offering_id) == (EnrolmentState.ACTIVE, world.open_class)
    assert "You are enrolled" in sibling.get(page).content.decode()
    sibling.post(f"{page}withdraw/")
    mine.refresh_from_db()
    assert mine.state == EnrolmentState.WITHDRAWN

    sibling.post(f"/classes/{world.full_class}/enrol/", {"request_key": "k2"})
    text = sibling.get(f"/classes/{world.full_class}/").content.decode()
    assert 'Place <span class="number">2</span> in the list' in text


def test_refused_enrolment_says_so_beside_the_button(world: World, client: Client) -> None:
    sibling = signed_in(client, "sibling")
    address = f"/classes/{world.closed_class}/enrol/"
    whole = sibling.post(address, {"request_key": "k"})
    part = sibling.post(address, {"request_key": "k"}, headers={"hx-request": "true"})
    for answer in (whole, part):
        assert answer.status_code == 409
        assert "Choose another class" in answer.content.decode()
        assert 'role="alert"' in answer.content.decode()
    assert b"<html" in whole.content
    assert b"<html" not in part.content


def test_application_keeps_what_was_typed_and_becomes_a_draft(
    world: World, learner: Client
) -> None:
    units = [
        int(name.removeprefix("unit_")) for name in form_names(learner) if name.startswith("unit_")
    ]
    typed = {
        "request_key": "page:1",
        "title": "十年护理经验",
        "statement": "在家",
        "obtained": "2020-05-01",
        f"unit_{units[0]}": "on",
        f"credits_{units[0]}": "9.999",
    }
    refused = learner.post("/bank/apply/", typed)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert 'value="十年护理经验"' in text
    assert 'value="9.999"' in text
    assert "at most two decimals" in text

    too_much = learner.post("/bank/apply/", {**typed, f"credits_{units[0]}": "99"})
    assert too_much.status_code == 422
    assert "Lower the amount" in too_much.content.decode()

    for _press in range(2):
        made = learner.post("/bank/apply/", {**typed, f"credits_{units[0]}": "1.5"})
        assert made.status_code == 302
    application = Application.objects.get(request_key="page:1")
    assert made.headers["Location"] == f"/bank/applications/{application.pk}/"
    assert application.items.get().asked_hundredths == 150


def form_names(client: Client) -> list[str]:
    return list(client.get("/bank/apply/").context["form"].fields)


def test_evidence_is_checked_then_the_application_is_handed_in(
    world: World, learner: Client
) -> None:
    page = f"/bank/applications/{world.draft}/"
    assert learner.post(f"{page}submit/").status_code == 422  # no file yet
    program = SimpleUploadedFile("x.exe", b"MZ", content_type="application/x-msdownload")
    refused = learner.post(f"{page}evidence/", {"file": program})
    assert refused.status_code == 422
    assert "Send a PDF" in refused.content.decode()
    assert learner.post(f"{page}evidence/").status_code == 422
    letter = SimpleUploadedFile("letter.pdf", b"%PDF-1.4 letter", content_type="application/pdf")
    assert learner.post(f"{page}evidence/", {"file": letter, "title": "Letter"}).status_code == 302
    assert learner.post(f"{page}submit/").status_code == 302
    application = Application.objects.get(pk=world.draft)
    assert application.state == "submitted"
    assert application.evidence.get().sha256 in learner.get(page).content.decode()


def test_account_shows_balance_certificate_and_files(world: World, learner: Client) -> None:
    text = learner.get("/account/").content.decode()
    assert '<p class="value">60' in text
    assert f"/certificates/{world.certificate}.json" in text
    statement = learner.get("/account/statement.csv").content.decode()
    assert statement.startswith("\ufeffDay,What,Kind,Credits,Balance,Voucher\r\n")
    assert statement.splitlines()[1].split(",")[3:5] == ["60", "60"]
    transcript = learner.get("/account/transcript.csv").content.decode().splitlines()
    assert transcript[1].split(",")[5] == "60"
    empty = learner.get("/account/statement.csv?since=2001-01-01&until=2001-12-31")
    assert empty.content.decode().splitlines()[1:] == []


def test_conversion_is_asked_for_kept_and_taken_back(world: World, learner: Client) -> None:
    address = f"/bank/convert/{world.lot}/{world.version}/"
    too_much = learner.post(address, {"request_key": "c1", "amount": "61"})
    assert too_much.status_code in {409, 422}
    assert 'value="61"' in too_much.content.decode()
    odd = learner.post(address, {"request_key": "c1", "amount": "many"})
    assert odd.status_code == 422
    for _press in range(2):
        made = learner.post(address, {"request_key": "c1", "amount": "9"})
        assert made.headers["Location"] == "/bank/"
    conversion = Conversion.objects.get(person_id=world.people["learner"])
    assert conversion.state == "reserved"
    learner.post(f"/bank/conversions/{conversion.pk}/withdraw/")
    conversion.refresh_from_db()
    assert conversion.state == "withdrawn"
    sibling = signed_in(Client(), "sibling")
    assert sibling.post(f"/bank/conversions/{conversion.pk}/withdraw/").status_code == 404
    assert sibling.get(address).status_code == 404


def test_search_filters_live_in_the_address(world: World, visitor: Client) -> None:
    def titles(query: str) -> list[str]:
        page = visitor.get(f"/search/?kind=class&{query}").context["classes"]
        return [row.title for row in page.rows]

    assert titles("q=书") == ["书法入门（楷书）"]
    assert titles("q=书法+王海涛") == ["书法入门（楷书）"]
    assert titles("elders=1") == ["太极拳二十四式"]
    assert titles("open=1") == ["书法入门（楷书）", "太极拳二十四式"]
    assert titles(f"place={world.sibling}") == []
    assert len(titles(f"place={world.province}")) == 3
    assert titles("place=nonsense&after=nonsense") == titles("")


def test_search_finds_resources_by_one_character_and_marks_it(
    world: World, visitor: Client
) -> None:
    answer = visitor.get("/search/?kind=resource&q=帖")
    assert [found.course.title for found in answer.context["resources"].rows] == ["楷书名帖赏析"]
    assert "<mark>帖</mark>" in answer.content.decode()
    assert visitor.get("/search/?kind=resource&field=量子").context["resources"].count == 0
    assert visitor.get("/search/?kind=resource&page=9").context["resources"].rows == []
    empty = visitor.get("/search/?kind=resource&q=量子").content.decode()
    assert "No resource holds all these words" in empty


def test_resource_shows_teachers_prerequisites_and_classes(world: World, visitor: Client) -> None:
    answer = visitor.get(f"/resources/{world.course}/")
    course = Course.objects.get(pk=world.course)
    assert answer.context["course"] == course
    assert [offering.pk for offering in answer.context["classes"]] == [world.open_class]
    assert "刘敏" in answer.content.decode()


def test_picker_leads_back_with_the_place(world: World, learner: Client) -> None:
    back = "/search/?kind=class%26open=1%26after=x"
    answer = learner.get(f"/places/?q=sheyang&back={back}")
    assert answer.context["choose"] == "/search/?kind=class&open=1&place="
    assert [place.pk for place in answer.context["found"]] == [world.county]
    assert answer.context["home"].pk == world.county
    elsewhere = learner.get("/places/?back=https://evil.example/x")
    assert elsewhere.context["choose"].startswith("/search/")


def test_sign_in_by_password_is_slow_for_guessers(visitor: Client) -> None:
    who = factories.person("郑强")
    accounts.create_login(person_id=who.pk, username="zheng", password="a long password")
    wrong = {"username": "zheng", "password": "not this one"}
    for _attempt in range(5):
        answer = visitor.post("/sign-in/", wrong)
        assert answer.status_code == 422
        assert 'value="zheng"' in answer.content.decode()
    right = {"username": "zheng", "password": "a long password"}
    assert visitor.post("/sign-in/", right).status_code == 429


def test_sign_in_by_password_goes_on_where_one_was(visitor: Client) -> None:
    who = factories.person("郑强")
    accounts.create_login(person_id=who.pk, username="zheng2", password="a long password")
    right = {"username": "zheng2", "password": "a long password", "next": "/account/"}
    assert visitor.post("/sign-in/", right).headers["Location"] == "/account/"
    assert visitor.post("/sign-out/").headers["Location"] == "/"
    elsewhere = visitor.post("/sign-in/", {**right, "next": "https://evil.example/"})
    assert elsewhere.headers["Location"] == "/"


def test_demo_people_exist_only_in_the_demo(world: World, visitor: Client, settings) -> None:
    settings.DEMO = False
    assert visitor.post("/sign-in/demo/", {"username": "demo-operator"}).status_code == 404
    assert "demo-operator" not in visitor.get("/sign-in/").content.decode()


def test_errors_have_their_own_pages(visitor: Client, settings) -> None:
    missing = visitor.get("/nothing/")
    assert missing.status_code == 404
    assert "There is nothing at this address" in missing.content.decode()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["language"] = "en"
    old = strict.post("/switch/language/", {"language": "en"})
    assert old.status_code == 403
    assert "This form has grown old" in old.content.decode()
    assert visitor.get("/console/gallery/").status_code == 404
    settings.DEBUG = True
    assert visitor.get("/console/gallery/").status_code == 200


def test_failure_is_ours_and_has_a_next_step(visitor: Client) -> None:
    with connection.cursor() as break_it:
        break_it.execute("alter table hall_offering rename to out_of_order")
    visitor.raise_request_exception = False
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "it is our fault" in answer.content.decode()


def test_chinese_is_the_language_of_who_says_nothing(client: Client) -> None:
    assert 'lang="zh-Hans"' in client.get("/help/").content.decode()
    with translation.override("zh-hans"):
        assert translation.gettext("Find a class") == "找课程"


def test_classes_of_the_past_are_not_found(world: World, visitor: Client) -> None:
    today = clock.local_date(clock.now())
    found = visitor.get("/search/?kind=class").context["classes"].rows
    assert all(row.ends_on >= today - timedelta(days=0) for row in found)
    assert world.finished_class not in [row.pk for row in found]
