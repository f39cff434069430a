"""Pages of sharing: the learner chooses and takes back; who has the link sees, and is seen."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.creditbank import certified, factories
from xueqiao.creditbank import completions, credentials
from xueqiao.creditbank.models import Certificate, CreditLot, Share
from xueqiao.kernel import clock
from xueqiao.people.models import Login, Person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["language"] = "en"


@pytest.fixture
def learner():
    certified.lots(1)
    who = factories.person("学员 多")
    entries = [factories.completed(who, number, result="pass") for number in (11, 12, 13)]
    completions.recognise(entries=entries, now=clock.now())
    return who


def signed_in(person):
    client = Client()
    client.cookies["language"] = "en"
    client.force_login(Login.objects.create(username=f"u{person.pk}", person=person))
    return client


@pytest.fixture
def mine(learner):
    return signed_in(learner)


def lots_of(person):
    rows = CreditLot.objects.filter(person=person).order_by("pk")
    return [str(pk) for pk in rows.values_list("pk", flat=True)]


def form(learner, **changes):
    until = clock.local_date(clock.now() + timedelta(days=9)).isoformat()
    return {
        "request_key": "page:1", "lots": lots_of(learner)[:2], "use": "recruitment",
        "recipient": "某公司", "until": until,
    } | changes  # fmt: skip


def sign():
    for _each in range(2):
        credentials.sign_queued(limit=99, now=clock.now())


def test_from_choosing_to_looking_to_taking_back(mine, learner, client):
    assert mine.get("/account/shares/new/").status_code == 200
    answer = mine.post("/account/shares/new/", form(learner))
    made = Share.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/account/shares/{made.key}/")
    sign()
    assert made.last_day == clock.local_date(clock.now() + timedelta(days=9)), "not the day after"
    stranger = client
    page = stranger.get(f"/shared/{made.key}/")
    text = page.content.decode()
    assert (page.status_code, page["Cache-Control"], page["Referrer-Policy"]) == (
        200, "no-store", "no-referrer",
    )  # fmt: skip
    for part in (learner.name, "某公司", "Recruitment"):
        assert part in text
    assert len(re.findall(r'<tr><th scope="row">', text)) == 2, "the rows that were ticked"
    certificate = made.items.get().certificate.key
    for kind in ("json", "pdf"):
        assert stranger.get(f"/shared/{made.key}/{certificate}.{kind}").status_code == 200
    assert stranger.get(f"/verify/?certificate={certificate}").status_code == 200
    page = mine.get(f"/account/shares/{made.key}/").content.decode()
    for part in ("Looked at the page", "Took the signed file", "Took the PDF"):
        assert part in page
    assert mine.post(f"/account/shares/{made.key}/withdraw/").status_code == 302
    for address in (
        f"/shared/{made.key}/",
        f"/shared/{made.key}/{certificate}.json",
        f"/verify/?certificate={certificate}",
    ):
        gone = stranger.get(address)
        assert (gone.status_code, learner.name in gone.content.decode()) == (410, False), address
    for address in (f"/certificates/{certificate}.json", f"/certificates/{certificate}/"):
        assert stranger.get(address).status_code == 404
    assert (
        "Came after it was withdrawn" in mine.get(f"/account/shares/{made.key}/").content.decode()
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lots": []}, "Tick at least one row."),
        ({"until": "2020-01-01"}, "Choose an end between tomorrow and a year from now."),
        ({"use": "other"}, "Say what it is for."),
        ({"recipient": ""}, "This field is required."),
    ],
    ids=["no-row", "past", "no-words", "nobody"],
)
def test_what_is_missing_is_said_beside_its_field(mine, learner, changes, sentence):
    answer = mine.post("/account/shares/new/", form(learner, **changes))
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not Share.objects.exists()


def test_nobody_sees_or_takes_back_the_share_of_another(mine, learner):
    mine.post("/account/shares/new/", form(learner))
    made = Share.objects.get()
    client = signed_in(Person.objects.exclude(pk=learner.pk).first())
    assert client.get(f"/account/shares/{made.key}/").status_code == 404
    client.post(f"/account/shares/{made.key}/withdraw/")
    made.refresh_from_db()
    assert made.withdrawn_at is None


def test_an_unknown_link_is_a_page_with_words(client):
    answer = client.get("/shared/00000000-0000-0000-0000-000000000007/")
    assert (answer.status_code, "There is no such link" in answer.content.decode()) == (404, True)


def test_lists_cost_the_same_with_one_and_with_three(mine, learner, client):
    counted = []
    for n in range(3):
        mine.post("/account/shares/new/", form(learner, request_key=f"page:{n}"))
        sign()
        made = Share.objects.latest("pk")
        for address in ("/account/shares/", f"/account/shares/{made.key}/"):
            with CaptureQueriesContext(connection) as seen:
                assert mine.get(address).status_code == 200
            counted.append(len(seen))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/shared/{made.key}/").status_code == 200
        counted.append(len(seen))
    assert counted[:3] == counted[3:6] == counted[6:9]
    assert max(counted) <= 12
    assert Certificate.objects.filter(kind="transcript").count() == 3
