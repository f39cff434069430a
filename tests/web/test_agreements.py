"""Agreements on the console and for everybody: drafted, put forward, signed, ended."""

from __future__ import annotations

import re

import pytest

from tests import world as small
from xueqiao.creditbank.models import TransferAgreement
from xueqiao.kernel import clock
from xueqiao.network.models import Institution
from xueqiao.people.models import Role

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


def given(page):
    """What the page's hidden fields hold."""
    text = page.content.decode()
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))


def draft(client, **changes):
    works = Institution.objects.get(kind="enterprise")
    school = Institution.objects.exclude(kind="enterprise").order_by("pk").first()
    form = {
        "request_key": given(client.get("/console/agreements/new/"))["request_key"],
        "code": "SY-2026-1", "giving": works.code, "receiving": school.code, "title_zh": "协议",
        "title_en": "Agreement", "valid_from": "2026-01-01", "valid_to": "", "notice_days": "30",
        "terms_zh": "条款", "terms_en": "Terms", "source": "射教〔2026〕1 号",
    }  # fmt: skip
    return client.post("/console/agreements/new/", {**form, **changes})


def test_an_agreement_is_drafted_changed_put_forward_and_signed(world, sign_in):
    client = sign_in("institution")
    answer = draft(client)
    assert answer.status_code == 302, answer.content.decode()
    made = TransferAgreement.objects.get(code="SY-2026-1")
    here = f"/console/agreements/{made.pk}/"
    text = client.get(f"{here}edit/").context["form"].initial
    text = {name: value or "" for name, value in text.items()} | {"notice_days": "60"}
    assert client.post(f"{here}edit/", text).status_code == 302
    assert client.post(f"{here}offer/").status_code == 302

    page = client.get(here)
    form = {**given(page), "for": "receiving", "receiving-office": "院长"}
    assert client.post(f"{here}sign/", form).status_code == 302

    made.refresh_from_db()
    assert (made.notice_days, made.signed_giving) == (60, None)
    assert client.get("/bank/agreements/SY-2026-1/").status_code == 404, "one side alone"
    client = sign_in("province")
    form = {
        **given(client.get(here)), "for": "giving", "giving-office": "厂长",
        "giving-document": "厂字 3 号",
    }  # fmt: skip
    assert client.post(f"{here}sign/", form).status_code == 302
    client.logout()
    page = client.get("/bank/agreements/SY-2026-1/")
    assert page.status_code == 200
    assert "厂字 3 号" in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "a/b"), ("giving", "没有这家单位"), ("valid_to", "2025-01-01"), ("terms_en", " ")],
)
def test_a_draft_that_cannot_be_says_why_beside_the_field(world, sign_in, field, value):
    answer = draft(sign_in("institution"), **{field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not TransferAgreement.objects.filter(title_zh="协议").exists()


def test_a_body_is_found_by_its_name_and_asked_about_when_there_are_several(world, sign_in):
    client = sign_in("institution")
    assert draft(client, giving="机械厂").status_code == 302
    answer = draft(client, giving="射阳", code="SY-2026-2")
    assert "SAMPLE-" in str(answer.context["form"].errors["giving"])


def test_the_factorys_manager_finds_the_work_and_signs(world, sign_in):
    works = Institution.objects.get(kind="enterprise")
    Role.objects.filter(kind="institution").update(institution=works)
    client = sign_in("institution")
    assert "SAMPLE-WORKS-1" not in client.get("/console/").content.decode()
    group = next(each for each in client.get("/console/").context["groups"] if each.count)
    assert [item.title for item in group.items] == [
        "Agreement on credit of machining courses (sample)"
    ]
    here = f"/console/agreements/{world.agreement}/"
    bad = client.post(f"{here}sign/", {**given(client.get(here)), "for": "giving"})
    assert bad.status_code == 422, "no office is named"
    back = client.post(f"{here}return/", {"reason": "  "})
    assert back.status_code == 422
    assert client.post(f"{here}return/", {"reason": "学时"}).status_code == 302
    assert TransferAgreement.objects.get(pk=world.agreement).revision == 2


def test_others_do_not_find_it(world, sign_in):
    client = sign_in("institution")
    Role.objects.filter(kind="institution").delete()
    assert client.get(f"/console/agreements/{world.agreement}/").status_code == 403
    client = sign_in("county")
    assert client.get(f"/console/agreements/{world.agreement}/").status_code == 403


def copies(count):
    one = TransferAgreement.objects.get(code="SAMPLE-AGREEMENT-1")
    for number in range(count):
        one.pk, one.code = None, f"COPY-{number}"
        one.save(force_insert=True)


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_as_often_for_three_rows_as_for_one(
    world, sign_in, django_assert_max_num_queries, count
):
    copies(count - 1)
    client = sign_in("province")
    for address, most in (("/console/agreements/", 12), ("/bank/agreements/", 8)):
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
    assert client.get("/bank/agreements/?download=csv").status_code == 200
    assert client.get("/bank/agreements/?show=now&q=Open").context["list"].count == count


def test_notice_is_shown_to_everybody(world, sign_in):
    made = TransferAgreement.objects.get(code="SAMPLE-AGREEMENT-1")
    client = sign_in("province")
    last = clock.local_date(clock.now())
    here = f"/console/agreements/{made.pk}/"
    assert client.post(f"{here}notice/", {"last_day": "", "reason": "x"}).status_code == 422
    answer = client.post(f"{here}notice/", {"last_day": last.isoformat(), "reason": "专业停办"})
    assert answer.status_code == 302
    assert "专业停办" in client.get(f"/bank/agreements/{made.code}/").content.decode()
