"""The console's pages of certificates: suspend, reinstate, revoke, issue anew, endorse."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.creditbank import certified, factories
from xueqiao.creditbank.models import Certificate
from xueqiao.network.models import Institution
from xueqiao.people.models import Login, Role

pytestmark = pytest.mark.django_db
State = Certificate.State


def manager(institution, name="教务"):
    who = factories.person(name)
    place = Role.objects.first().place if Role.objects.exists() else factories.places().county
    Role.objects.create(
        person=who, kind="institution", institution=institution, place=place,
        valid_from="2000-01-01", granted_at=certified.NOW,
    )  # fmt: skip
    client = Client()
    client.cookies["language"] = "en"
    client.force_login(Login.objects.create(username=f"u{who.pk}", person=who))
    return client


@pytest.fixture
def certificate():
    return certified.issued()[0]


@pytest.fixture
def office(certificate):
    return manager(certificate.institution)


def state(certificate):
    return Certificate.objects.get(pk=certificate.pk).state


def test_suspend_reinstate_and_revoke_from_the_page(office, certificate):
    address = f"/console/certificates/{certificate.key}/"
    for verb, reason, expected in (
        ("suspend", "有举报", State.SUSPENDED),
        ("reinstate", "查无此事", State.ISSUED),
        ("revoke", "冒名", State.REVOKED),
    ):
        assert office.get(address).status_code == 200
        answer = office.post(f"{address}{verb}/", {"reason": reason})
        assert (answer.status_code, state(certificate)) == (302, expected)
        assert reason in office.get(address).content.decode()


def test_without_a_reason_nothing_happens_and_the_page_says_so(office, certificate):
    address = f"/console/certificates/{certificate.key}/"
    answer = office.post(f"{address}suspend/", {"reason": " "})
    assert (answer.status_code, state(certificate)) == (422, State.ISSUED)
    assert "Say why the certificate is suspended" in answer.content.decode()


def test_a_certificate_is_issued_anew_once(office, certificate):
    address = f"/console/certificates/{certificate.key}/"
    for _each in range(2):
        answer = office.post(f"{address}replace/", {"request_key": "page:1"})
        assert answer.status_code == 302
    assert Certificate.objects.filter(replaces=certificate).count() == 1
    assert office.post(f"{address}replace/", {"request_key": "page:2"}).status_code == 409


def test_another_institution_sees_nothing_of_it_and_may_endorse_it(certificate, office):
    second = Institution.objects.create(
        code="SECOND", name="示例社区学院", kind="community_college", valid_from="2000-01-01"
    )
    other = manager(second, "院长")
    assert other.get(f"/console/certificates/{certificate.key}/").status_code == 404
    assert other.post(f"/console/certificates/{certificate.key}/revoke/").status_code == 404
    assert certificate.person.name not in other.get("/console/certificates/").content.decode()
    form = {
        "request_key": "page:1", "link": str(certificate.key), "institution": second.pk,
        "comment": "我院认可。",
    }  # fmt: skip
    answer = other.post("/console/certificates/endorse/", form)
    made = Certificate.objects.get(endorses=certificate)
    assert (answer.status_code, answer.url) == (302, f"/console/certificates/{made.key}/")
    assert "我院认可" in office.get(f"/console/certificates/{certificate.key}/").content.decode()
    for changes, sentence in (
        ({"link": "nonsense", "request_key": "2"}, "There is no certificate nonsense"),
        ({"request_key": "3"}, "each of them once"),
        ({"comment": "", "request_key": "4"}, "This field is required"),
    ):
        answer = other.post("/console/certificates/endorse/", form | changes)
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True), changes


def test_the_list_is_searched_and_costs_the_same_with_one_and_three(office, certificate):
    counts = []
    for _each in range(2):
        with CaptureQueriesContext(connection) as asked:
            page = office.get("/console/certificates/")
        counts.append(len(asked))
        assert page.status_code == 200
        if Certificate.objects.count() == 1:
            certified.lots(2, first=2)
            certified.credentials.request_first_of_each_learner(limit=9, requested_at=certified.NOW)
    assert counts[0] == counts[1] <= 12
    for text in (
        str(certificate.key),
        certificate.person.name,
        f"/verify/?certificate={certificate.key}",
    ):
        page = office.get("/console/certificates/", {"search": text, "q": text})
        assert str(certificate.key) in page.content.decode()
