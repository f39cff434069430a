"""Numbers of measures on the console: proposed by one, published by another."""

from __future__ import annotations

import re

import pytest

from tests import world as small
from xueqiao.creditbank.models import MeasureProposal, RuleTable

pytestmark = pytest.mark.django_db
HERE = "/console/measures/hours_per_credit/"


@pytest.fixture
def province(client):
    small.build()
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-province"})
    return client


def test_a_number_is_proposed_and_waits_for_somebody_else(province):
    page = province.get(HERE)
    key = re.search(r'name="request_key" value="([^"]+)"', page.content.decode())[1]
    form = {
        "request_key": key, "version": "2027.1", "valid_from": "2027-01-01", "value-hours": "16",
        "source": "苏教继〔2026〕9 号",
    }  # fmt: skip
    assert province.post(HERE, {**form, "value-hours": "x"}).status_code == 422
    assert province.post(HERE, {**form, "valid_from": "2001-01-01"}).status_code == 422
    assert province.post(HERE, form).status_code == 302
    asked = MeasureProposal.objects.get()
    answer = province.post(f"/console/measures/proposals/{asked.pk}/publish/")
    assert answer.status_code == 403, "one's own"
    assert RuleTable.objects.filter(code="hours_per_credit").count() == 1
    assert province.post(f"/console/measures/proposals/{asked.pk}/back/").status_code == 302
    assert province.get("/console/measures/?q=hours").context["list"].count == 1
    assert province.get("/console/measures/nobody/").status_code == 404
