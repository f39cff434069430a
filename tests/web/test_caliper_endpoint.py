"""The Caliper endpoint over HTTP: what a sensor gets back, and what is then held."""

from __future__ import annotations

import base64
import json

import pytest

from tests.intake.caliper_events import PERSON, envelope, event
from tests.records import factories as f
from xueqiao.records.models import Quarantine, Statement

pytestmark = pytest.mark.django_db
PATH = "/caliper/"


@pytest.fixture
def headers():
    return f.key("statements/write")


def bearer(headers):
    pair = base64.b64decode(headers["Authorization"].partition(" ")[2]).decode()
    return {"Authorization": "Bearer " + pair.replace(":", ".", 1)}


def post(client, body, headers, kind="application/json"):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(PATH, text, content_type=kind, headers=headers)


def counts(received, accepted, duplicate, quarantined, described):
    return {
        "received": received, "accepted": accepted, "duplicate": duplicate,
        "quarantined": quarantined, "described": described,
    }  # fmt: skip


def test_an_envelope_is_reconciled_item_by_item_and_sent_twice_adds_nothing(client, headers):
    first, second = event("ViewEvent", "Viewed", 1), event("ViewEvent", "Viewed", 2)
    far = event("ViewEvent", "Viewed", 3, eventTime="not a time")
    unknown = event("ViewEvent", "Flew", 4)
    sent = envelope({"id": PERSON, "type": "Person"}, first, second, first, unknown, far)
    answer = post(client, sent, bearer(headers))
    assert (answer.status_code, answer.json()) == (200, counts(6, 2, 1, 2, 1))
    assert set(Quarantine.objects.values_list("reason", "pointer")) == {
        ("event_unknown", "/data/4/action"),
        ("invalid", "/data/5/timestamp"),
    }
    again = post(client, sent, bearer(headers))
    assert again.json() == counts(6, 0, 5, 0, 1)
    assert (Statement.objects.count(), Quarantine.objects.count()) == (2, 2)

    later = post(client, envelope(second, event("ViewEvent", "Viewed", 9)), headers)
    assert later.json() == counts(2, 1, 1, 0, 0)


def test_another_event_under_a_known_id_is_held(client, headers):
    sent = event("ViewEvent", "Viewed")
    post(client, envelope(sent), headers)
    changed = post(client, envelope(sent | {"edApp": "https://elsewhere.example"}), headers)
    assert changed.json() == counts(1, 0, 0, 1, 0)
    assert Quarantine.objects.get().reason == "conflict"


def test_an_event_of_the_year_2099_is_held(client, headers):
    sent = event("ViewEvent", "Viewed", eventTime="2099-01-01T00:00:00.000Z")
    assert post(client, envelope(sent), headers).json() == counts(1, 0, 0, 1, 0)
    assert Quarantine.objects.get().reason == "time_future"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{", "application/json", (400, "intake.envelope_unfit")),
        (envelope(dataVersion="x"), "application/json", (422, "intake.caliper_version_unknown")),
        (envelope(), "text/plain", (415, "intake.media_type_unknown")),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_by_name(client, headers, body, kind, said):
    answer = post(client, body, headers, kind)
    assert (answer.status_code, answer.json()["code"]) == said
    assert not Statement.objects.exists()


def test_nobody_sends_without_a_key_or_with_one_for_reading(client, headers):
    sent, wrong = envelope(event("ViewEvent", "Viewed")), bearer(headers)
    wrong["Authorization"] = wrong["Authorization"][:-3] + "xxx"
    for given in ({}, wrong, {"Authorization": "Bearer xq-1"}, {"Authorization": "Bearer "}):
        answer = post(client, sent, given)
        assert (answer.status_code, answer.json()["code"]) == (401, "records.no_key")
        assert "Basic" in answer.headers["WWW-Authenticate"]
    reading = post(client, sent, f.key("statements/read"))
    assert (reading.status_code, reading.json()["code"]) == (403, "records.scope_too_small")
    assert client.get(PATH, headers=headers).status_code == 405


def test_a_body_over_the_limit_is_refused(client, headers, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = post(client, envelope(*[event("ViewEvent", "Viewed")] * 5), headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "records.body_too_large")
