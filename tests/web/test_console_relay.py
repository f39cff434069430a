"""The console's pages of what goes out: destinations, reactions, profiles."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import world as small
from tests.records import factories as f
from tests.relay.test_profiles import profile, template
from tests.relay.test_reactions import RULE, completed, passed
from xueqiao.records.models import Statement
from xueqiao.relay import destinations
from xueqiao.relay.models import Destination, Profile, ProfileContract, Reaction, Shipment

pytestmark = pytest.mark.django_db
BASE = "/console/records"


@pytest.fixture
def world(db):
    return small.build()


@pytest.fixture
def operator(client, world):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-operator"})
    return client


def given(**changes):
    return {
        "kind": "webhook", "name": "Alarm", "url": "https://hooks.example/a",
        "authentication": "bearer", "secret": "top-secret", "most_statements": "50",
        "verbs": "https://v.example/did\n\n https://v.example/done ",
    } | changes  # fmt: skip


def test_a_webhook_is_opened_its_secret_shown_once_and_kept_sealed(operator):
    answer = operator.post(f"{BASE}/destinations/new/", given())
    made = Destination.objects.get(name="Alarm")
    held = destinations.opened_secrets(made)
    assert held["signing"] in answer.text
    assert held["secret"] == "top-secret"
    assert made.wanted == {"verbs": ["https://v.example/did", "https://v.example/done"]}
    again = operator.get(f"{BASE}/destinations/{made.pk}/").text
    assert held["signing"] not in again
    assert "top-secret" not in again


def test_what_was_typed_stays_when_it_is_refused(operator):
    answer = operator.post(f"{BASE}/destinations/new/", given(url="https://me:pw@hooks.example/"))
    assert answer.status_code == 422
    assert "Leave name and secret out" in answer.text
    assert "https://v.example/done" in answer.text
    assert not Destination.objects.filter(name="Alarm").exists()


def test_settings_change_and_an_empty_secret_keeps_the_old_one(operator):
    operator.post(f"{BASE}/destinations/new/", given())
    made = Destination.objects.get(name="Alarm")
    changed = given(name="Bell", secret="", verbs="")
    assert operator.post(f"{BASE}/destinations/{made.pk}/", changed).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.wanted) == ("Bell", {})
    assert destinations.opened_secrets(made)["secret"] == "top-secret"


def test_pause_go_on_replay_and_close(operator, world):
    here = f"{BASE}/destinations/{world.destination}"
    operator.post(f"{here}/pause/")
    assert Destination.objects.get(pk=world.destination).paused_at
    operator.post(f"{here}/go-on/")
    assert not Destination.objects.get(pk=world.destination).paused_at
    dead = Shipment.objects.get(state="dead")
    operator.post(f"{here}/replay/", {"chosen": [dead.pk]})
    dead.refresh_from_db()
    assert (dead.state, dead.tries) == ("waiting", 0)
    assert "1 shipment has not arrived" in operator.get(f"{here}/close/").text
    operator.post(f"{here}/close/")
    assert not Destination.objects.filter(pk=world.destination).exists()


def test_shipments_come_as_a_file(operator, world):
    answer = operator.get(f"{BASE}/destinations/{world.destination}/?download=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "unknown activity" in b"".join(answer).decode("utf-8-sig")


def test_a_rule_is_tried_without_writing_and_put_in_force(operator):
    f.store(completed("ning"), passed("ning"))
    before = Statement.objects.count()
    tried = operator.post(
        f"{BASE}/reactions/new/", {"rule": json.dumps(RULE), "name": "M", "try": ""}
    )
    assert "1 statement on the newest" in tried.text
    assert Statement.objects.count() == before
    assert operator.post(
        f"{BASE}/reactions/new/", {"rule": json.dumps(RULE), "name": "Mastery", "save": ""}
    ).status_code == 302  # fmt: skip
    made = Reaction.objects.get(name="Mastery")
    operator.post(f"{BASE}/reactions/{made.pk}/", {"rule": json.dumps(RULE), "save": ""})
    made.refresh_from_db()
    assert made.version == 2
    operator.post(f"{BASE}/reactions/{made.pk}/pause/")
    made.refresh_from_db()
    assert made.paused_at


@pytest.mark.parametrize("wrong", ["{", json.dumps(RULE | {"repeat": "often"}), "[1]"])
def test_a_rule_that_cannot_be_read_stays_as_typed(operator, wrong):
    answer = operator.post(f"{BASE}/reactions/new/", {"rule": wrong, "name": "M", "save": ""})
    assert answer.status_code == 422
    assert not Reaction.objects.filter(name="M").exists()


def test_a_profile_is_loaded_agreed_reported_and_ended(operator, world):
    text = json.dumps(profile(template("t", "https://v.example/did"))).encode()
    file = SimpleUploadedFile("video.jsonld", text)
    answer = operator.post(f"{BASE}/profiles/", {"file": file})
    held = Profile.objects.get(title="Video")
    assert answer.url == f"{BASE}/profiles/{held.pk}/"
    source = f.source("mine")
    answer = operator.post(answer.url, {"source": source.code})
    contract = ProfileContract.objects.get(profile=held)
    assert answer.url == f"{BASE}/profile-reports/{contract.pk}/"
    assert operator.get(answer.url).status_code == 200
    again = operator.post(f"{BASE}/profiles/{held.pk}/", {"source": source.code})
    assert (again.status_code, "keeps to this profile already" in again.text) == (422, True)
    operator.post(f"{answer.url}end/")
    contract.refresh_from_db()
    assert contract.ended_at


@pytest.mark.parametrize("wrong", ["", "{", "[]", '{"type": "Profile"}'])
def test_a_text_that_is_no_profile_is_refused(operator, wrong):
    answer = operator.post(f"{BASE}/profiles/", {"text": wrong})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
