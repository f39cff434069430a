"""Lists of the console: files of what is shown, pages without a gap, sorting, odd addresses."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest

from tests import world as small
from xueqiao.network.models import Institution, Place

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(client):
    small.build()

    def signed(who):
        client.cookies["language"] = "en"
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    return signed


def lines_of(answer):
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_the_file_holds_exactly_what_is_filtered(sign_in):
    client = sign_in("province")
    assert len(lines_of(client.get("/console/classes/?download=csv"))) > 2
    found = lines_of(client.get("/console/classes/?q=W-FULL&download=csv"))
    assert [row[1] for row in found] == ["Code", "W-FULL"]


def test_the_workbook_opens(sign_in):
    answer = sign_in("province").get("/console/institutions/?download=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert [cell.value for cell in book.active[1]][:2] == ["Institution", "Kind"]


def test_a_long_list_is_paged_by_cursor_without_gap(sign_in):
    county = Place.objects.get(code="320924")
    for number in range(60):
        Institution.objects.create(
            code=f"P-{number:03}", name=f"P {number}", kind="provider", valid_from=date(2020, 1, 1)
        ).seats.create(register_id="nbs", place=county, valid_from=date(2020, 1, 1))
    client, address, seen = sign_in("county"), "/console/institutions/?kind=provider", []
    while address:
        shown = client.get(address).context["list"]
        seen += [row.code for row in shown.page.rows]
        address = shown.next_address
    assert seen == [f"P-{number:03}" for number in range(60)]
    assert shown.count == 60


def test_sorting_turns_round(sign_in):
    client = sign_in("province")
    up = [
        row.code for row in client.get("/console/institutions/?sort=code").context["list"].page.rows
    ]
    down = [
        row.code
        for row in client.get("/console/institutions/?sort=-code").context["list"].page.rows
    ]
    assert up == sorted(up) == down[::-1]


def test_an_address_that_makes_no_sense_shows_the_list(sign_in):
    client = sign_in("province")
    for query in ("sort=nothing", "after=%%%", "after=W10", "kind=nothing", "download=exe"):
        assert client.get(f"/console/institutions/?{query}").status_code == 200
