"""A superior bank for trying out and for tests: keeps what it is told, over the agreed HTTP.

It is no part of a deployment. Faults can be made on purpose: records that get lost, change, or
appear from nowhere, so that a reconciliation has something to find.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from xueqiao.exchange.superior import drivers

Key = tuple[str, int]


@dataclass
class Bank:
    """What the bank holds: by day, by key and version, the digest.

    Attributes:
        lose: how many of the next messages are acknowledged and forgotten.
        alter: how many of the next messages are kept with another digest.
        refuse: keys that are not taken.
    """

    key: str
    days: dict[str, dict[Key, str]] = field(default_factory=dict)
    lose: int = 0
    alter: int = 0
    refuse: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, message: dict[str, Any]) -> dict[str, Any]:
        """Keep a message, replace it, or forget it; the answer to it."""
        key = (str(message["key"]), int(message["version"]))
        answer = {"key": key[0], "version": key[1], "taken": True, "reason": ""}
        with self.lock:
            held = self.days.setdefault(str(message["day"]), {})
            if key[0] in self.refuse:
                return answer | {"taken": False, "reason": "not known here"}
            if message["withdraws"]:
                held.pop(key, None)
            elif self.lose:
                self.lose -= 1
            else:
                held[key] = "0" * 64 if self.alter else str(message["digest"])
                self.alter = max(self.alter - 1, 0)
        return answer

    def page(self, day: str, after: str, limit: int) -> dict[str, Any]:
        """A page of the records of a day, in order."""
        with self.lock:
            rows = sorted(self.days.get(day, {}).items())
        named = [
            {"key": key, "version": version, "digest": digest} for (key, version), digest in rows
        ]
        start = int(after or 0)
        following = start + limit
        return {
            "records": named[start:following],
            "next": str(following) if following < len(named) else "",
        }


def serve(bank: Bank, port: int = 0) -> ThreadingHTTPServer:
    """A server of the bank on the loopback address; ``serve_forever`` starts it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {
                name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()
            }
            self._answer(
                b"",
                lambda _body: bank.page(
                    asked.get("day", ""), asked.get("after", ""), int(asked.get("limit", "100"))
                ),
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(
                body,
                lambda found: {"answers": [bank.take(each) for each in found["messages"]]},
            )

        def _answer(self, body: bytes, made: Any) -> None:
            where = self.path.encode()
            signature = self.headers.get(drivers.SIGNATURE, "")
            if signature != drivers.sign(bank.key, where + b"\n" + body):
                self.send_error(401, "signature")
                return
            found = json.dumps(made(json.loads(body) if body else None)).encode()
            self.send_response(200)
            self.send_header(drivers.SIGNATURE, drivers.sign(bank.key, where + b"\n" + found))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's name
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
