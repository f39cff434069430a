"""Keys: what they open, for how long, and what is written down about them."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records import keys, sources
from xueqiao.records.models import KeyPair, Scope, Source, SourceChange

pytestmark = pytest.mark.django_db
PATH = "/xapi/statements"


def made(*scopes, of=None, at=None, **options):
    at = at or clock.now()
    key, secret = keys.create_key(
        source=of or f.source(), scopes=scopes or ["all"], at=at, **options
    )
    return KeyPair.objects.get(key=key), secret


def opens(pair, secret, at):
    found = keys.authenticate(key=pair.key, secret=secret, at=at)
    return found is not None and found.pk == pair.pk


def test_a_key_opens_from_its_making_to_its_expiry():
    now = clock.now()
    pair, secret = made(expires_at=now + timedelta(hours=1))
    assert opens(pair, secret, now)
    assert opens(pair, secret, now + timedelta(minutes=59))
    assert not opens(pair, secret, now + timedelta(hours=1))
    assert not opens(pair, secret + "x", now)
    assert not opens(pair, "", now)


def test_expiry_is_felt_by_who_believes_the_key():
    now = clock.now()
    pair, secret = made(expires_at=now + timedelta(seconds=2))
    assert opens(pair, secret, now)
    assert not opens(pair, secret, now + timedelta(seconds=2))


def test_a_busy_key_costs_no_query_and_a_revoked_one_opens_five_seconds_at_most():
    now = clock.now()
    pair, secret = made()
    assert opens(pair, secret, now)
    with CaptureQueriesContext(connection) as asked:
        assert all(opens(pair, secret, now + timedelta(seconds=n)) for n in range(5))
    assert len(asked) == 0

    # As another process does it: this one is not told.
    KeyPair.objects.filter(pk=pair.pk).update(revoked_at=now)
    assert opens(pair, secret, now + keys.BELIEVED - timedelta(milliseconds=1))
    assert not opens(pair, secret, now + keys.BELIEVED)


def test_revoking_is_felt_at_once_in_the_own_process_and_written_down_once():
    now = clock.now()
    pair, secret = made(label="nightly job")
    assert opens(pair, secret, now)
    keys.revoke_key(pair=pair, at=now)
    keys.revoke_key(pair=pair, at=now + timedelta(seconds=1))
    assert not opens(pair, secret, now)
    assert KeyPair.objects.get().revoked_at == now
    changes = SourceChange.objects.order_by("pk").values_list("verb", "key__label", "by", "at")
    assert list(changes)[1:] == [("revoke", "nightly job", None, now)]


def test_a_rotated_key_opens_until_its_grace_is_over_and_the_new_one_lives_as_long():
    now = clock.now()
    pair, secret = made(
        "statements/write", at=now, expires_at=now + timedelta(days=30), label="moodle"
    )
    later = now + timedelta(days=10)

    key, fresh = keys.rotate_key(pair=pair, at=later, grace=timedelta(days=2))

    new = KeyPair.objects.get(key=key)
    assert (new.scopes, new.label, new.rotated_from) == (["statements/write"], "moodle", pair)
    assert new.expires_at == later + timedelta(days=30)
    during, after = later + timedelta(days=1), later + timedelta(days=2)
    assert (opens(pair, secret, during), opens(new, fresh, during)) == (True, True)
    assert (opens(pair, secret, after), opens(new, fresh, after)) == (False, True)
    with pytest.raises(keys.KeyRotated):
        keys.rotate_key(pair=pair, at=later)
    with pytest.raises(keys.KeyOver):
        keys.rotate_key(pair=pair, at=after)


def test_no_secret_is_written_down():
    pair, secret = made()
    keys.rotate_key(pair=pair, at=clock.now())
    held = str(list(KeyPair.objects.values())) + str(list(SourceChange.objects.values()))
    assert secret not in held


def test_what_cannot_be_a_key_is_refused():
    now, source = clock.now(), f.source()
    with pytest.raises(keys.ScopeUnknown):
        keys.create_key(source=source, scopes=["statements/delete"], at=now)
    with pytest.raises(keys.ScopeUnknown):
        keys.create_key(source=source, scopes=[], at=now)
    with pytest.raises(keys.ExpiryPast):
        keys.create_key(source=source, scopes=["all"], at=now, expires_at=now)
    with pytest.raises(keys.LabelTooLong):
        keys.create_key(source=source, scopes=["all"], at=now, label="x" * 81)


def test_the_last_use_is_kept_to_the_minute():
    now = clock.now()
    pair, secret = made()
    for seconds in (0, 10, 59, 60, 61):
        opens(pair, secret, now + timedelta(seconds=seconds))
    assert KeyPair.objects.get().last_used_at == now + timedelta(seconds=60)


ALL_SCOPES = st.sets(st.sampled_from(Scope.values), min_size=1)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scopes=ALL_SCOPES)
def test_each_set_of_scopes_opens_exactly_what_it_names(client, scopes):
    """Whatever a key may do besides, it reads other sources only by ``statements/read`` or all."""
    mine, other = f.source("mine"), f.source("other")
    sent = f.statement()
    f.store(sent, of=mine)
    elsewhere = f.statement()
    f.store(elsewhere, of=other)
    headers = f.key(*scopes, of=mine)

    one = client.get(PATH, {"statementId": elsewhere["id"]}, headers=headers).status_code
    listed = client.get(PATH, {"limit": "500"}, headers=headers)
    wrote = f.post(client, f.statement(), headers).status_code

    reads_all = bool(scopes & {"all", "statements/read"})
    reads = reads_all or "statements/read/mine" in scopes
    assert one == (200 if reads_all else 404 if reads else 403)
    assert listed.status_code == (200 if reads else 403)
    assert wrote == (200 if scopes & {"all", "statements/write"} else 403)
    if reads:
        found = {each["id"] for each in listed.json()["statements"]}
        assert sent["id"] in found
        assert (elsewhere["id"] in found) == reads_all


def test_read_mine_never_shows_another_source_by_any_filter(client):
    mine, other = f.source("mine"), f.source("other")
    registration = "7c1d6a5e-2f4b-4d0e-9d53-0a1b2c3d4e5f"
    hidden = f.statement(context={"registration": registration})
    f.store(hidden, of=other)
    headers = f.key("statements/read/mine", of=mine)
    asked = [
        {"verb": hidden["verb"]["id"]}, {"activity": hidden["object"]["id"]},
        {"registration": registration}, {"ascending": "true"}, {"since": "2020-01-01T00:00:00Z"},
        {"agent": '{"account": {"homePage": "https://school.example", "name": "wei"}}'},
    ]  # fmt: skip
    for each in asked:
        assert client.get(PATH, each, headers=headers).json()["statements"] == [], each
    for name in ("statementId", "voidedStatementId"):
        answer = client.get(PATH, {name: hidden["id"]}, headers=headers)
        assert answer.status_code == 404


def said(capsys, *command, **options):
    call_command(*command, **options)
    return capsys.readouterr().out


def test_the_commands_make_rotate_list_and_revoke_a_key(client, capsys):
    first = json.loads(
        said(capsys, "create_key", "--source", "Open School", "--scope", "all",
             "--label", "nightly", "--expires", "2999-01-01")
    )  # fmt: skip
    assert set(first) == {"key", "secret"}
    second = json.loads(said(capsys, "rotate_key", first["key"], "--grace-hours", "1"))
    assert set(second) == {"key", "secret"}

    rows = [json.loads(line) for line in said(capsys, "list_keys").splitlines()]
    assert [(row["key"], row["state"], row["label"], row["rotated_from"]) for row in rows] == [
        (first["key"], "ending", "nightly", None),
        (second["key"], "in force", "nightly", first["key"]),
    ]
    assert {row["source"] for row in rows} == {"open-school"}

    headers = f.basic(second["key"], second["secret"])
    assert client.get(PATH, headers=headers).status_code == 200
    said(capsys, "revoke_key", second["key"])
    assert client.get(PATH, headers=headers).status_code == 401
    left = said(capsys, "list_keys", "--in-force", "--source", "open-school").splitlines()
    assert [json.loads(line)["key"] for line in left] == [first["key"]]
    with pytest.raises(keys.KeyUnknown):
        call_command("revoke_key", "xq-none")


TERMS = sources.Terms(
    owner_id=None, contact="Ms Li, 12345", rate_limit=6000, most_bytes=1_000_000,
    silent_after_seconds=3600,
)  # fmt: skip


def test_a_change_of_terms_is_written_down_with_before_and_after():
    source, now = f.source(), clock.now()
    sources.edit(source=source, terms=TERMS, at=now)
    sources.edit(source=source, terms=TERMS, at=now)
    sources.pause(source=source, at=now)
    sources.pause(source=source, at=now + timedelta(hours=1))
    assert Source.objects.get().paused_at == now
    sources.resume(source=source, at=now)
    assert sources.Terms(*(getattr(Source.objects.get(), n) for n in TERMS._fields)) == TERMS
    changes = SourceChange.objects.order_by("pk").values_list("verb", "detail")
    assert list(changes) == [
        ("edit", {
            "contact": ["", "Ms Li, 12345"], "rate_limit": [0, 6000], "most_bytes": [0, 1_000_000],
            "silent_after_seconds": [None, 3600],
        }),
        ("pause", {}),
        ("resume", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"rate_limit": -1},
        {"most_bytes": 2**31},
        {"silent_after_seconds": 59},
        {"contact": "x" * 201},
    ],
)
def test_terms_out_of_range_are_refused_by_their_field(change):
    with pytest.raises(sources.TermsUnfit) as why:
        sources.edit(source=f.source(), terms=TERMS._replace(**change), at=clock.now())
    assert why.value.pointer == next(iter(change))


def test_what_was_changed_is_never_changed_again():
    keys.create_key(source=f.source(), scopes=["all"], at=clock.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        SourceChange.objects.update(verb="nothing")
    with pytest.raises(DatabaseError), transaction.atomic():
        SourceChange.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="writers are serial on SQLite")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_rotate_a_key_at_once_one_is_refused():
    pair, _secret = made()
    said = []

    def rotate():
        try:
            said.append(keys.rotate_key(pair=pair, at=clock.now()))
        except keys.KeyRotated as why:
            said.append(why.code)
        finally:
            connections.close_all()

    both = [threading.Thread(target=rotate) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert said.count("records.key_rotated") == 1
    assert KeyPair.objects.filter(rotated_from=pair).count() == 1
