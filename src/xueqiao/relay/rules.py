"""The arithmetic of the relay: plain Python, no Django."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIRST_WAIT_SECONDS = 60
LONGEST_WAIT_SECONDS = 6 * 3600
# 1, 2, 4 … minutes, then every six hours: the last try lies about three days behind the first.
MOST_TRIES = 20

FILTERS = ("sources", "verbs", "activities", "activity_types", "platforms")
SOME = tuple[str, ...]


def wait_seconds(tries: int) -> int:
    """How long to wait behind a failed try: twice as long each time, six hours at most.

    >>> [wait_seconds(n) for n in (1, 2, 3, 9, 10)]
    [60, 120, 240, 15360, 21600]
    """
    return min(FIRST_WAIT_SECONDS << min(tries - 1, 20), LONGEST_WAIT_SECONDS)


def passes(wanted: Mapping[str, list[str]], statement: Mapping[str, Any], source: str) -> bool:
    """Whether a filter lets a statement through.

    Each list that is not empty asks for one of its values: ``sources`` (codes), ``verbs`` and
    ``activity_types`` (addresses), ``activities`` (beginnings of addresses), ``platforms``
    (beginnings of the home page of the actor's account). An empty filter lets everything through.

    >>> said = {"actor": {}, "verb": {"id": "https://v.example/did"},
    ...     "object": {"id": "https://a.example/1"}}
    >>> passes({"activities": ["https://a.example/"]}, said, "moodle")
    True
    >>> passes({"sources": ["oulad"], "activities": ["https://a.example/"]}, said, "moodle")
    False
    """
    thing = statement["object"]
    held = {
        "sources": source,
        "verbs": statement["verb"]["id"],
        "activity_types": thing.get("definition", {}).get("type", ""),
    }
    if any(wanted.get(name) and value not in wanted[name] for name, value in held.items()):
        return False
    home_page = statement["actor"].get("account", {}).get("homePage", "")
    begins = {"activities": thing.get("id", ""), "platforms": home_page}
    return not any(
        wanted.get(name) and not value.startswith(tuple(wanted[name]))
        for name, value in begins.items()
    )


def signature(secret: bytes, message_id: str, seconds: int, body: bytes) -> str:
    """The signature of a webhook: HMAC-SHA-256 over id, time and body.

    >>> signature(b"secret", "msg", 1, b"{}")[:12]
    'v1,kEeUz7lmo'

    Source: Standard Webhooks 1.0.0, "Signature scheme".
    """
    signed = f"{message_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def secret_bytes(secret: str) -> bytes:
    """The bytes of a webhook secret as it is handed over: ``whsec_`` and base64.

    >>> secret_bytes("whsec_YWJj")
    b'abc'
    """
    return base64.b64decode(secret.removeprefix("whsec_"))


def portions(values: list[str], most: int) -> Iterator[list[str]]:
    """A list in pieces of at most ``most``.

    >>> list(portions(["a", "b", "c"], 2))
    [['a', 'b'], ['c']]
    """
    for start in range(0, len(values), most):
        yield values[start : start + most]
