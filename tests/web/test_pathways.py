"""Pathways: drafted, published by somebody else, and read by a learner with own credit."""

from __future__ import annotations

import pytest

from tests import world as small
from xueqiao.creditbank.models import ConversionRule, Pathway
from xueqiao.creditbank.rulebook import pathways
from xueqiao.kernel import clock
from xueqiao.people import roles
from xueqiao.people.models import Person

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


def form(**changes):
    rule = ConversionRule.objects.get(code="R-OULAD-BA-SOCIAL")
    given = {
        "code": "P-1", "kind": "certificate", "title_zh": "通道", "title_en": "A way",
        "about_zh": "给谁", "about_en": "For whom", "source": "苏教〔2026〕3 号",
        "rule_1": rule.pk,
    }  # fmt: skip
    return {**given, **changes}


def test_who_drafts_a_pathway_does_not_publish_it(world, sign_in):
    client = sign_in("province")
    assert client.post("/console/pathways/new/", form(source=" ")).status_code == 422
    assert client.post("/console/pathways/new/", form(rule_1="")).status_code == 422
    answer = client.post("/console/pathways/new/", form())
    assert answer.status_code == 302, answer.context["form"].errors
    made = Pathway.objects.get(code="P-1")
    assert client.post(f"{answer.url}publish/").status_code == 403
    assert client.get("/bank/pathways/P-1/").status_code == 404
    assert client.post(f"{answer.url}edit/", form(title_en="Another")).status_code == 302
    pathways.publish(pathway=made, by=another(world), at=clock.now())
    assert client.get("/bank/pathways/P-1/").status_code == 200
    assert client.get(f"{answer.url}edit/").status_code == 404, "published, it stays as it is"
    assert client.post("/console/pathways/new/", form()).status_code == 422
    assert client.post(f"{answer.url}close/").status_code == 302
    assert client.get("/bank/pathways/P-1/").status_code == 404


def another(world):
    who = Person.objects.get(pk=world.people["sibling"])
    roles.grant(
        person_id=who.pk, kind="province", place_id=world.province, at=clock.now(),
        valid_from=clock.local_date(clock.now()),
    )  # fmt: skip
    return who


def test_a_learner_sees_what_of_the_own_credit_counts_at_each_step(world, sign_in):
    page = sign_in("learner").get("/bank/pathways/SAMPLE-P-TOP-UP/")
    counted = [len(mine) for _leg, mine in page.context["legs"]]
    assert sum(counted) >= 1
    assert f"/bank/convert/{world.lot}/" in page.content.decode()


def test_everybody_reads_the_open_pathways(world, client, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        page = client.get("/bank/pathways/")
    assert [len(rows) for _kind, rows in page.context["groups"]] == [1]
    with django_assert_max_num_queries(10):
        assert (
            "每 9 学分计 5 学分" in client.get("/bank/pathways/SAMPLE-P-TOP-UP/").content.decode()
        )
