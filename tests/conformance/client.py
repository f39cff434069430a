"""A small client of the endpoint that speaks one version of the standard."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from tests.records import factories
from xueqiao.kernel import clock

BASES = {"1.0.3": "/xapi/", "2.0.0": "/xapi/2.0/"}
ACTIVITY = "https://school.example/course/1"
AGENT = {"objectType": "Agent", "account": {"homePage": "https://school.example", "name": "wei"}}


class Lrs:
    """Requests with a key and the version's header, at the version's own path.

    ``send`` is every request; the others are short for it. A value of ``params`` that is no text
    goes as JSON; a body that is no bytes or text goes as JSON. A header of None is left out.
    """

    def __init__(self, version: str, source: Any = None, scopes: tuple[str, ...] = ("all",)):
        self.version = version
        self.source = source or factories.source(f"conformance-{uuid.uuid4().hex[:8]}")
        self.headers = factories.key(*scopes, of=self.source)
        self.headers["X-Experience-API-Version"] = version
        self.http = Client(raise_request_exception=True)

    def other(self, version: str) -> Lrs:
        """The same store for a client that speaks another version."""
        return Lrs(version, self.source)

    def limited(self, *scopes: str) -> Lrs:
        """The same store with a key for these scopes only."""
        return Lrs(self.version, self.source, scopes)

    def send(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        body: Any = None,
        *,
        headers: dict[str, str | None] | None = None,
        kind: str | None = None,
    ) -> Any:
        sent = {**self.headers, **(headers or {})}
        words = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in (params or {}).items()
        }
        return self.http.generic(
            method,
            f"{BASES[self.version]}{path}" + (f"?{urlencode(words)}" if words else ""),
            b"" if body is None else _bytes(body),
            content_type="application/json" if kind is None and body is not None else kind or "",
            headers={name: value for name, value in sent.items() if value is not None},
        )

    def get(self, path: str, params: Any = None, **more: Any) -> Any:
        return self.send("GET", path, params, **more)

    def put(self, path: str, params: Any = None, body: Any = None, **more: Any) -> Any:
        return self.send("PUT", path, params, body, **more)

    def post(self, path: str, params: Any = None, body: Any = None, **more: Any) -> Any:
        return self.send("POST", path, params, body, **more)

    def delete(self, path: str, params: Any = None, **more: Any) -> Any:
        return self.send("DELETE", path, params, **more)

    def moment(self) -> str:
        """Now, as a parameter has it: after all that was stored, before all that will be."""
        return clock.now().isoformat()

    def store(self, *statements: dict[str, Any]) -> list[str]:
        """Post statements; their ids."""
        answer = self.post("statements", body=list(statements))
        assert answer.status_code == 200, answer.content
        return answer.json()  # type: ignore[no-any-return]

    def refused(self, statement: Any, status: int = 400) -> dict[str, Any]:
        """Post what must be refused; the problem it is refused with."""
        answer = self.post("statements", body=statement)
        assert answer.status_code == status, (statement, answer.content)
        return answer.json()  # type: ignore[no-any-return]

    def statement(self, key: str, **params: Any) -> dict[str, Any]:
        """The statement of an id."""
        answer = self.get("statements", {"statementId": key, **params})
        assert answer.status_code == 200, answer.content
        return answer.json()  # type: ignore[no-any-return]

    def listed(self, **params: Any) -> list[str]:
        """The ids of a list, following ``more`` to its end."""
        answer, found = self.get("statements", params), []
        while True:
            assert answer.status_code == 200, answer.content
            page = answer.json()
            found += [each["id"] for each in page["statements"]]
            if not page["more"]:
                return found
            answer = self.http.get(page["more"], headers=self.headers)


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def state(**changes: Any) -> dict[str, Any]:
    """The parameters of one state document, with an id of its own; None takes one out."""
    made = {"activityId": ACTIVITY, "agent": AGENT, "stateId": f"bookmark-{uuid.uuid4()}"}
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def agent_profile(**changes: Any) -> dict[str, Any]:
    """The parameters of one agent profile, with an id of its own; None takes one out."""
    made = {"agent": AGENT, "profileId": f"taste-{uuid.uuid4()}"}
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def activity_profile(**changes: Any) -> dict[str, Any]:
    """The parameters of one activity profile, with an id of its own; None takes one out."""
    made = {"activityId": ACTIVITY, "profileId": f"notes-{uuid.uuid4()}"}
    return {name: value for name, value in {**made, **changes}.items() if value is not None}
