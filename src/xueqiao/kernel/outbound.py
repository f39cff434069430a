"""Outgoing HTTP: the one place from which this platform calls another.

A host's addresses are looked up once, every one of them is checked (``hosts``), and the connection
goes to a checked address: a name that changes its mind in between (DNS rebinding) changes nothing.

Source: RFC 9110 (redirects 15.4, Retry-After 10.2.3).
"""

from __future__ import annotations

import email.utils
import random
import ssl
import time
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import certifi
import httpx
import msgspec
from django.utils.translation import gettext as _

from xueqiao.kernel import errors, hosts
from xueqiao.kernel.hosts import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Answer", "NotAllowed", "Refused", "TooLarge", "Unreachable", "get", "post", "send"]
MOST_BYTES = 32 * 1024 * 1024
MOST_REDIRECTS = 5
WITHIN_SECONDS = 60.0
TRIES = 3
FIRST_WAIT_SECONDS = 0.5
# Who asks for a longer wait is asked again by the schedule, not by a worker that stands still.
LONGEST_WAIT_SECONDS = 20.0
_QUIET_SECONDS = 15.0
_PASSING = frozenset({429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})


class Unreachable(errors.Refusal):
    """Nobody answered: name, connection, certificate, time, or a fault that went on for all tries.

    Attributes:
        retry_after_seconds: what the other side asked for, or 0.
    """

    code = "outbound.unreachable"
    status = 502
    retry_after_seconds: float = 0.0


class TooLarge(errors.Refusal):
    """The answer is larger than what was asked for may be."""

    code = "outbound.too_large"
    status = 502


class Refused(errors.Refusal):
    """The other side answered, and not with what was asked for.

    Attributes:
        answered: the HTTP status of its answer.
    """

    code = "outbound.refused"
    status = 502
    answered: int = 0


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        headers: names in lower case; one that came several times is joined by commas.
        body: unpacked where it came as gzip.
        url: where it came from in the end.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def expect(self, *statuses: int) -> Answer:
        """Itself, where the status is one of these.

        Raises:
            Refused: it is another one.
        """
        if self.status in statuses:
            return self
        text = _("{url} answered {status}: {said}")
        said = " ".join(self.body[:300].decode(errors="replace").split()) or "–"
        why = Refused(text.format(url=_shown(self.url), status=self.status, said=said))
        why.answered = self.status
        raise why

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Refused: it is none.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
            text = _("{url} answered {status} with a body that is not JSON: {why}")
            why = Refused(text.format(url=_shown(self.url), status=self.status, why=fault))
            why.answered = self.status
            raise why from fault


class _Request(NamedTuple):
    method: str
    headers: dict[str, str]
    body: bytes
    most_bytes: int
    until: float


def get(url: str, **options: Any) -> Answer:
    """``send`` with GET."""
    return send("GET", url, **options)


def post(url: str, **options: Any) -> Answer:
    """``send`` with POST."""
    return send("POST", url, **options)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    most_bytes: int = MOST_BYTES,
    within_seconds: float = WITHIN_SECONDS,
    tries: int = TRIES,
) -> Answer:
    """Send one request; wait and try again where the other side is busy or fails for the moment.

    Redirects are followed for GET and HEAD, on the same host, never from https to http.

    Args:
        most_bytes: of the answer, after unpacking.
        within_seconds: for all of it, waiting included.
        tries: 1 where sending twice does harm.

    Returns:
        The last answer, of any status but 429, 500 and 502 to 504: ``Answer.expect`` asks for one.

    Raises:
        NotAllowed: the address, or one it leads to, is not called.
        Unreachable: nobody answered, or 429 or 5xx at every try.
        TooLarge: the answer is larger than ``most_bytes``.
    """
    until = time.monotonic() + within_seconds
    request = _Request(method, dict(headers or {}), body, most_bytes, until)
    for left in reversed(range(tries)):
        try:
            return _follow(request, url)
        except Unreachable as why:
            wait = max(why.retry_after_seconds, _back_off(tries - left))
            if not left or wait > LONGEST_WAIT_SECONDS or time.monotonic() + wait > until:
                raise
        time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _follow(request: _Request, url: str) -> Answer:
    asked = hosts.check(url)
    for _redirect in range(MOST_REDIRECTS + 1):
        answer = _once(request, asked)
        where = answer.headers.get("location")
        if answer.status not in _MOVED or where is None:
            return answer
        asked = _moved(request.method, asked, where)
    text = _("{url} leads from one address to the next, more than {most} times.")
    raise NotAllowed(text.format(url=_shown(url), most=MOST_REDIRECTS))


def _moved(method: str, asked: httpx.URL, where: str) -> httpx.URL:
    """Where a redirect leads: the same host only, because the request may carry a secret."""
    try:
        to = asked.join(where)
    except (httpx.InvalidURL, UnicodeError) as why:
        raise NotAllowed(
            _("“{url}” is no address: {why}.").format(url=where[:200], why=why)
        ) from why
    if to.scheme not in {"http", "https"}:
        return hosts.check(str(to))
    same = (to.host, hosts.port(to)) == (asked.host, hosts.port(asked))
    is_upgrade = to.host == asked.host and (asked.scheme, to.scheme) == ("http", "https")
    is_downgrade = (asked.scheme, to.scheme) == ("https", "http")
    if method not in _SAFE or is_downgrade or not (same or is_upgrade):
        text = _(
            "{url} leads to {to}, which is not followed. Enter the new address if it is right."
        )
        raise NotAllowed(text.format(url=_shown(str(asked)), to=_shown(str(to))))
    return hosts.check(str(to))


def _once(request: _Request, asked: httpx.URL) -> Answer:
    host = asked.netloc.decode("ascii")
    extensions = (
        {"sni_hostname": asked.raw_host.decode("ascii")} if hosts.number_of(asked) is None else {}
    )
    said = {"User-Agent": "xueqiao", "Accept-Encoding": "gzip"} | request.headers | {"Host": host}
    try:
        number = hosts.look_up(asked)
    except (OSError, UnicodeError) as why:
        raise _unreachable(asked, _("its name is not known")) from why
    left = request.until - time.monotonic()
    if left <= 0:
        raise _unreachable(asked, _("no time is left"))
    limit = httpx.Timeout(min(_QUIET_SECONDS, left))
    try:
        # A client of its own for each host: one that is shared would hand a connection that was
        # opened and checked for one name to another name with the same address.
        with (
            httpx.Client(verify=_trust(), trust_env=False, timeout=limit) as client,
            client.stream(
                request.method, asked.copy_with(host=str(number)), headers=said,
                content=request.body, extensions=extensions,
            ) as response,
        ):  # fmt: skip
            if response.status_code in _PASSING:
                raise _busy(asked, response)
            held = b"".join(_unpacked(response, asked, request))
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, names, held, str(asked))
    except (httpx.HTTPError, ssl.SSLError, OSError, zlib.error) as why:
        raise _unreachable(asked, str(why) or type(why).__name__) from why


def _unpacked(response: httpx.Response, asked: httpx.URL, request: _Request) -> Iterator[bytes]:
    """The body in pieces, never more of it at once than ``most_bytes``.

    Unpacked here rather than by the client, which unpacks a piece whatever it grows to.
    """
    coding = response.headers.get("content-encoding", "identity").lower()
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if coding in {"gzip", "x-gzip"} else None
    if unpack is None and coding != "identity":
        raise _unreachable(
            asked, _("its answer is packed as “{coding}”").format(coding=coding[:40])
        )
    size = 0
    for raw in response.iter_raw():
        if time.monotonic() > request.until:
            raise _unreachable(asked, _("its answer takes too long"))
        piece = unpack.decompress(raw, request.most_bytes + 1 - size) if unpack else raw
        size += len(piece)
        if size > request.most_bytes:
            text = _("{url} answers with more than {most} bytes.")
            raise TooLarge(text.format(url=_shown(str(asked)), most=request.most_bytes))
        yield piece
    if size and unpack is not None and (not unpack.eof or unpack.unused_data):
        raise _unreachable(asked, _("its answer ends too early"))


def _busy(asked: httpx.URL, response: httpx.Response) -> Unreachable:
    said = f"{response.status_code} {response.reason_phrase}".strip()
    why = _unreachable(asked, said)
    why.retry_after_seconds = retry_after_seconds(response.headers.get("retry-after", ""))
    return why


def retry_after_seconds(text: str, now: float | None = None) -> float:
    """A Retry-After header as seconds from now: a number of seconds, or an HTTP date; else 0."""
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    try:
        when = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, float(when - (time.time() if now is None else now)))


def _back_off(tried: int) -> float:
    """Twice as long each time, and not at the same moment as everybody else who was sent away."""
    longest: float = FIRST_WAIT_SECONDS * 2 ** (tried - 1)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret


def _unreachable(asked: httpx.URL, why: str) -> Unreachable:
    text = _("{url} cannot be reached: {why}.")
    return Unreachable(text.format(url=_shown(str(asked)), why=why))


def _shown(url: str) -> str:
    """An address for people: without its query, which may hold a key."""
    return url.partition("?")[0][:200]


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Certificates of the system, so that a province's own authority counts, and of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
