"""The console: what waits, cases and their moves, rosters, the counter, places, records."""

from __future__ import annotations

import csv
import io

import pytest
from django.utils import translation

from tests import world as small

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
    "/console/": ["helper", "teacher", "institution", "assessor", "county", "province", "operator"],
    "/console/recognition/": ["helper", "institution", "assessor", "county", "province"],
    "/console/conversions/": ["province"],
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
