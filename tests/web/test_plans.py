"""The pages of plans and awards: what a learner sees and does, and who decides."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import world
from xueqiao.creditbank.models import Award, Conversion

pytestmark = pytest.mark.django_db


@pytest.fixture
def there():
    return world.build()


@pytest.fixture
def sign_in():
    def signed(who):
        client = Client()
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    return signed


def hidden(page, name):
    return re.search(f'name="{name}" value="([^"]*)"', page.content.decode())[1]


def test_a_plan_is_carried_out_with_one_click_and_taken_up(there, sign_in):
    client = sign_in("neighbour")
    assert client.get(reverse("plans")).status_code == 200
    address = reverse("plan", args=[there.qualification])
    page = client.get(address)
    assert page.status_code == 200
    planned = page.context["plan"].planned_hundredths
    assert planned > 0
    sent = {"request_key": hidden(page, "request_key"), "digest": hidden(page, "digest")}
    twice = [client.post(f"{address}convert/", sent) for _time in range(2)]
    assert [each.status_code for each in twice] == [302, 302]
    asked = Conversion.objects.filter(person_id=there.people["neighbour"])
    assert sum(each.granted_hundredths for each in asked) == planned
    old = client.post(f"{address}convert/", {"request_key": "page:new", "digest": sent["digest"]})
    assert old.status_code == 409
    first, officer = asked.first(), sign_in("province")
    take_up = reverse("console-conversion-take-up", args=[first.pk])
    assert officer.post(take_up).status_code == 302
    first.refresh_from_db()
    assert first.state == "reviewing"


def test_an_award_is_asked_for_decided_and_seen(there, sign_in, django_assert_max_num_queries):
    award = Award.objects.get(pk=there.award)
    learner = sign_in("neighbour")
    again = learner.post(reverse("plan-award", args=[there.micro]), {"request_key": "again"})
    assert again.status_code == 409
    assert learner.post(reverse("award-withdraw", args=[award.pk])).status_code == 302
    sent = {"request_key": "page:1"}
    assert learner.post(reverse("plan-award", args=[there.micro]), sent).status_code == 302
    fresh = Award.objects.get(request_key="page:1")
    officer = sign_in("province")
    officer.get(reverse("console-awards"))
    with django_assert_max_num_queries(12):
        listed = officer.get(reverse("console-awards"))
    assert [row.pk for row in listed.context["rows"]] == [fresh.pk]
    silent = officer.post(reverse("console-award-refuse", args=[fresh.pk]))
    assert silent.status_code == 422
    assert officer.post(reverse("console-award", args=[fresh.pk])).status_code == 302
    fresh.refresh_from_db()
    assert fresh.state == "awarded"
    shown = learner.get(reverse("plan", args=[there.micro]))
    assert fresh.number in shown.content.decode()
    assert shown.context["awarded"] == fresh
    assert reverse("plan-convert", args=[there.micro]) not in shown.content.decode()
