"""What the tests of erasure make: two persons, requests, and their execution to the end."""

from __future__ import annotations

import hashlib
import time
import uuid

from tests.records import factories as f
from xueqiao.kernel import clock, ids
from xueqiao.people import accounts
from xueqiao.people.models import Person
from xueqiao.records import attachments, documents, statements
from xueqiao.records.erasure import execution, requests, retention
from xueqiao.records.models import Erasure
from xueqiao.records.models.documents import DocumentKind


def people():
    """Who asks, and who decides."""
    return person("zheng"), person("wu")


def person(name):
    key = ids.stable_uuid("test", name)
    found = Person.objects.filter(key=key).first()
    return found or accounts.open_account(
        key=key, name=name, birth_year=1980, sex="2", home_id=None, opened_at=clock.now()
    )


def by_ids(*made, unknown=None):
    wanted = [uuid.UUID(each["id"]) for each in made] + ([unknown] if unknown else [])
    return requests.by_ids(ids=wanted, reason="asked for", by=person("zheng"), at=clock.now())


def by_person(identifier, **options):
    return requests.by_person(
        identifier=identifier, reason="asked for", by=person("zheng"), at=clock.now(), **options
    )


def by_age(**options):
    now = clock.now()
    return requests.by_age(
        stored_before=now, reason="too old", by=person("zheng"), at=now, **options
    )


def approved(asked):
    return requests.approve(erasure=asked, by=person("wu"), at=clock.now())


def finish(asked):
    return carried_out(approved(asked))


def worked_off():
    """What the job does, until no approved erasure is left; how many statements went."""
    until = time.monotonic() + 30
    gone = execution.work(now=clock.now())
    while Erasure.objects.to_execute().exists() and time.monotonic() < until:
        time.sleep(0.05)
        gone += execution.work(now=clock.now())
    return gone


def carried_out(erasure):
    """Run an erasure to its end; transactions of other tests' workers are waited for."""
    until = time.monotonic() + 30
    done = execution.run(erasure=erasure, at=clock.now())
    while done.state == "running" and time.monotonic() < until:
        time.sleep(0.05)
        done = execution.run(erasure=done, at=clock.now())
    return done


def policy(days, **options):
    asked = retention.ask(
        source=options.get("source") or f.source(), days=days, reason="agreement 7",
        by=person("zheng"), at=clock.now(),
    )  # fmt: skip
    return retention.approve(policy=asked, by=person("wu"), at=clock.now())


def with_file(actor, data):
    """A statement with a file, sent as a whole request is."""
    digest = hashlib.sha256(data).hexdigest()
    announced = {
        "usageType": "https://school.example/usage", "display": {"en": "work"},
        "contentType": "text/plain", "length": len(data), "sha2": digest,
    }  # fmt: skip
    made = f.statement(actor=actor, attachments=[announced])
    part = attachments.Part(digest, "text/plain", data)
    statements.store_all(
        source=f.source(), items=f.incoming(made), received_at=clock.now(),
        batch_key=f"file:{made['id']}", parts={digest: part},
    )  # fmt: skip
    return made


def document(identifier, key):
    documents.put(
        place=documents.Place(
            DocumentKind.STATE, activity="https://school.example/1", agent=identifier, key=key
        ),
        sent=documents.Sent(b"{}", "application/json"),
        condition=documents.Condition(),
        version="1.0.3",
        source=f.source(),
        at=clock.now(),
    )
