"""What the tests of records make: statements, sources, keys, requests."""

from __future__ import annotations

import base64
import itertools
import json

import msgspec

from xueqiao.kernel import clock, ids
from xueqiao.records import keys, sources, statements
from xueqiao.records.checking import Incoming

_numbers = itertools.count(1)


def statement(**changes):
    """A small statement with an id of its own; a change to None takes the property out."""
    number = next(_numbers)
    made = {
        "id": str(ids.stable_uuid("test", str(number))),
        "actor": {"account": {"homePage": "https://school.example", "name": "wei"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced", "display": {"en": "saw"}},
        "object": {"id": "https://school.example/course/1"},
        "timestamp": "2026-03-02T09:30:00+08:00",
    } | changes
    return {name: value for name, value in made.items() if value is not None}


def agent(name, home="https://school.example"):
    return {"account": {"homePage": home, "name": name}}


def incoming(*made):
    return [Incoming(json.dumps(each, ensure_ascii=False), each) for each in made]


def source(code="school"):
    return sources.open_source(code=code, name=f"School {code}", at=clock.now())


def store(*made, of=None, key=None):
    """Store statements row by row; what became of them."""
    return statements.store_batch(
        source=of or source(),
        items=incoming(*made),
        received_at=clock.now(),
        batch_key=key or f"test:{next(_numbers)}",
    )


def key(*scopes, of=None, at=None, **options):
    """HTTP headers of a new key pair."""
    pair = keys.create_key(
        source=of or source(), scopes=scopes or ["all"], at=at or clock.now(), **options
    )
    return basic(*pair)


def basic(name, secret):
    coded = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {coded}", "X-Experience-API-Version": "1.0.3"}


def post(client, body, headers, *, path="/xapi/statements", **options):
    data = body if isinstance(body, bytes | str) else msgspec.json.encode(body)
    options.setdefault("content_type", "application/json")
    return client.post(path, data=data, headers=headers, **options)
