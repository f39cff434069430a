"""A learner who is registered, and units that speak: for the tests of sessions."""

from __future__ import annotations

import base64
import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from tests.cmi5.packages import block, package, unit
from xueqiao.cmi5 import packages, registrations, rules, sessions
from xueqiao.cmi5.models import Part
from xueqiao.kernel import clock
from xueqiao.records.models import LogEntry, Statement

SITE = "http://testserver"
V = "http://adlnet.gov/expapi/verbs/"
CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/"
MASTERY = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore"
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
LONG = {"duration": "PT60S"}

_seconds = itertools.count()


def course(*parts):
    """A course of these parts; without any, a block with a judged unit."""
    parts = parts or (block("a", unit("one", moveOn="CompletedAndPassed", masteryScore="0.9")),)
    return packages.import_package(
        file=package(*parts), name="course.zip", at=clock.now(), by_id=None
    )


def register(version, person):
    return registrations.register(course_id=version.course_id, person_id=person.pk, at=clock.now())


def part(registration, name="one"):
    return Part.objects.get(version=registration.version, publisher_id__endswith=f"/{name}")


def launch(registration, name="one", *, mode=rules.Mode.NORMAL, at=None):
    return sessions.launch(
        registration_id=registration.pk,
        part_id=part(registration, name).pk,
        mode=mode,
        site=SITE,
        return_url=f"{SITE}/online/1/",
        languages="zh-CN,en",
        at=at or clock.now(),
    )


def given(launched):
    """The parameters of a launch address."""
    return {name: held[0] for name, held in parse_qs(urlsplit(launched.address).query).items()}


def token(launched, at=None):
    """The token behind a launch; the second time none."""
    name = urlsplit(given(launched)["fetch"]).path.split("/")[3]
    return sessions.fetch(token=name, at=at or clock.now())


def headers(fetched):
    return {
        "Authorization": f"Basic {fetched.token}",
        "X-Experience-API-Version": "1.0.3",
    }


def opened(fetched):
    """The session of a token as the endpoint finds it, or None."""
    key, _colon, secret = base64.b64decode(fetched.token).decode().partition(":")
    return sessions.authenticate(key=key, secret=secret, at=clock.now())


class Unit:
    """What a unit says in one session."""

    def __init__(self, launched, publisher_id=None):
        self.launched, self.given = launched, given(launched)
        self.publisher_id = publisher_id or launched.session.part.publisher_id

    def statement(self, verb, *, result=None, categories=("cmi5",), mastery=None, **changes):
        """A statement that holds all that the profile asks for."""
        at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(seconds=next(_seconds))
        extensions = {SESSION: str(self.launched.session.key)}
        if mastery is not None:
            extensions[MASTERY] = mastery
        made = {
            "id": str(uuid.uuid4()),
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "actor": json.loads(self.given["actor"]),
            "verb": {"id": V + verb if "://" not in verb else verb},
            "object": {"id": self.given["activityId"]},
            "context": {
                "registration": self.given["registration"],
                "contextActivities": {
                    "grouping": [{"id": self.publisher_id}],
                    **(
                        {"category": [{"id": CATEGORY + each} for each in categories]}
                        if categories
                        else {}
                    ),
                },
                "extensions": extensions,
            },
        }
        if result is not None:
            made["result"] = result
        return made | changes

    def own(self, **changes):
        return self.statement("experienced", categories=(), **changes)

    def initialized(self, **changes):
        return self.statement("initialized", **changes)

    def completed(self, **changes):
        result = {"completion": True} | LONG
        return self.statement("completed", result=result, categories=("cmi5", "moveon"), **changes)

    def passed(self, score=0.95, *, mastery=0.9, **changes):
        return self._judged("passed", score, mastery, **changes)

    def failed(self, score=0.5, *, mastery=0.9, **changes):
        return self._judged("failed", score, mastery, **changes)

    def terminated(self, **changes):
        return self.statement("terminated", result=dict(LONG), **changes)

    def _judged(self, verb, score, mastery, **changes):
        result = {"success": verb == "passed"} | LONG
        if score is not None:
            result["score"] = {"scaled": score, "raw": round(score * 100), "min": 0, "max": 100}
        return self.statement(
            verb, result=result, categories=("cmi5", "moveon"), mastery=mastery, **changes
        )


def said(registration):
    """The verbs of a registration's statements in the order of the store, the platform's too."""
    rows = Statement.objects.filter(registration=registration.key).order_by("stored_at", "pk")
    return [row.verb.iri.rpartition("/")[2] for row in rows.select_related("verb")]


def texts(registration, verb):
    rows = Statement.objects.filter(registration=registration.key).order_by("stored_at", "pk")
    return [json.loads(row.text) for row in rows if f"verbs/{verb}" in row.text]


def told():
    return list(LogEntry.objects.filter(kind="cmi5.satisfied").values_list("key", "payload"))
