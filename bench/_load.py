"""Load on an xAPI endpoint from a process of its own: ``python -m bench._load``, plan on stdin.

Bodies are made beforehand and only get fresh ids, so that the sender costs next to nothing. A plan
is JSON: ``url``, ``key``, ``secret``, ``seconds``, ``connections``, ``batch``, ``rate`` (statements
a second over all connections, 0 for as many as go), ``people``. The answer is JSON on stdout.
"""

from __future__ import annotations

import base64
import json
import os
import random
import resource
import socket
import sys
import threading
import time
import uuid
from collections import Counter
from urllib.parse import urlsplit

_ID = b"00000000-0000-4000-8000-000000000000"
_BODIES = 40


def statement(number: int, people: int) -> dict:
    """A statement as a learning platform sends it: about a kilobyte.

    Learners, courses, units and results differ, as does what they are put together to.
    """
    course = number % 200
    return {
        "id": _ID.decode(),
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": "https://lms.example", "name": f"u{number % people}"},
        },
        "verb": {
            "id": "http://adlnet.gov/expapi/verbs/" + VERBS[number % len(VERBS)],
            "display": {"en-US": "done", "zh-Hans": "完成"},
        },
        "object": {
            "objectType": "Activity",
            "id": f"https://lms.example/course/{course}/unit/{number % 17}",
            "definition": {
                "name": {"zh-Hans": "第三单元", "en-US": "Unit three"},
                "type": "http://adlnet.gov/expapi/activities/lesson",
            },
        },
        "result": {
            "success": True,
            "completion": True,
            "score": {"scaled": number % 101 / 100, "raw": number % 101, "min": 0, "max": 100},
            "duration": f"PT{number * 31 % 5_000 + 1}S",
        },
        "context": {
            "registration": str(uuid.UUID(int=number * 7919 % 1_000_003 + 1, version=4)),
            "contextActivities": {
                "parent": [{"id": f"https://lms.example/course/{course}"}],
                "grouping": [{"id": "https://lms.example/term/2026"}],
            },
            "platform": "lms.example",
            "language": "zh-Hans",
            "extensions": {"https://lms.example/x/device": "phone"},
        },
        "timestamp": "2026-03-02T09:30:00.123+08:00",
    }


VERBS = ("completed", "experienced", "answered", "attempted", "passed", "progressed")


class Body:
    """A request whose ids are put in anew each time."""

    def __init__(self, first: int, size: int, people: int, head: bytes) -> None:
        made = [statement(first + each, people) for each in range(size)]
        text = json.dumps(made if size > 1 else made[0], ensure_ascii=False).encode()
        self.bytes = bytearray(head + b"Content-Length: %d\r\n\r\n" % len(text) + text)
        self.places, at = [], 0
        while (at := self.bytes.find(_ID, at)) >= 0:
            self.places.append(at)
            at += len(_ID)

    def fresh(self) -> tuple[bytearray, list[bytes]]:
        ids = [_fresh_id() for _place in self.places]
        for place, each in zip(self.places, ids, strict=True):
            self.bytes[place : place + len(_ID)] = each
        return self.bytes, ids


def _fresh_id() -> bytes:
    drawn = b"%032x" % random.getrandbits(128)
    return b"-".join((drawn[:8], drawn[8:12], b"4" + drawn[13:16], b"8" + drawn[17:20], drawn[20:]))


def answer(stream) -> tuple[int, bytes]:
    """Status and body of the next answer on a connection."""
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) not in {b"\r\n", b""}:
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, stream.read(length)


class Sender(threading.Thread):
    """One connection that sends batches until the time is over."""

    def __init__(self, plan: dict, number: int) -> None:
        super().__init__(daemon=True)
        self.plan, self.number = plan, number
        self.seen, self.took, self.acknowledged = Counter(), [], []

    def run(self) -> None:
        plan, url = self.plan, urlsplit(self.plan["url"])
        coded = base64.b64encode(f"{plan['key']}:{plan['secret']}".encode()).decode()
        head = (
            f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Basic {coded}\r\n"
            "X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n"
        ).encode()
        size, people = plan["batch"], plan["people"]
        bodies = [
            Body((self.number * _BODIES + each) * size, size, people, head)
            for each in range(_BODIES)
        ]
        with socket.create_connection((url.hostname, url.port), timeout=60) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._send(line, line.makefile("rb"), bodies)

    def _send(self, line, stream, bodies) -> None:
        rate = self.plan["rate"] / self.plan["connections"] / self.plan["batch"]
        began = time.monotonic()
        until, count = began + self.plan["seconds"], 0
        if rate:
            began += self.number / self.plan["connections"] / rate
        while (now := time.monotonic()) < until:
            if rate and (early := began + count / rate - now) > 0:
                time.sleep(early)
            data, ids = bodies[count % len(bodies)].fresh()
            sent = time.monotonic()
            line.sendall(data)
            status, said = answer(stream)
            self.took.append(time.monotonic() - sent)
            self.seen[status] += 1
            count += 1
            if status == 200:
                self.acknowledged.append((time.time(), ids[-1].decode()))
            elif self.seen[status] == 1:
                print(f"{status}: {said[:300]!r}", file=sys.stderr)
            if status in {429, 503}:
                time.sleep(0.2)


def run(plan: dict) -> dict:
    senders = [Sender(plan, number) for number in range(plan["connections"])]
    began = time.monotonic()
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    took = sorted(each for sender in senders for each in sender.took)
    seen = sum((sender.seen for sender in senders), Counter())
    return {
        "acknowledged": seen[200] * plan["batch"],
        "seconds": seconds,
        "statuses": dict(seen),
        "p50_ms": took[len(took) // 2] * 1000 if took else 0,
        "p95_ms": took[len(took) * 95 // 100] * 1000 if took else 0,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "some": sorted(each for sender in senders for each in sender.acknowledged)[-1:],
    }


if __name__ == "__main__":
    random.seed(os.urandom(16))
    print(json.dumps(run(json.load(sys.stdin))))
