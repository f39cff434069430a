"""Who asks at the xAPI endpoint, and what they may do there."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.cmi5 import sessions, writing
from xueqiao.kernel import clock, errors
from xueqiao.records import counts, keys, limits, tokens
from xueqiao.records.models import Scope, Source

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from xueqiao.cmi5.models import Session


class NoKey(errors.Refusal):
    """The request has no key pair or token in force."""

    code = "records.no_key"
    status = 401


class ScopeTooSmall(errors.Refusal):
    """The credential is in force, and not for this."""

    code = "records.scope_too_small"
    status = 403


@dataclass(frozen=True)
class Credential:
    """What a request showed, after it was believed.

    Attributes:
        source: whose statements it sends.
        scopes: values of ``Scope``.
        kind: ``key``, ``token`` or ``session``.
        key: the name of the key, the subject of the token, or the id of the session.
        session: of a launched unit, which reaches only what is its own (``_units``).
    """

    source: Source
    scopes: frozenset[str]
    kind: str
    key: str
    session: Session | None = None

    def may(self, *scopes: str) -> bool:
        """Whether one of these scopes, or all, is among its own."""
        return not self.scopes.isdisjoint({Scope.ALL, *scopes})

    @property
    def defines(self) -> bool:
        """Whether definitions it sends change what the store says of an activity."""
        return self.may(Scope.DEFINE)


def authenticate(request: HttpRequest) -> Credential:
    """The credential of a request, which is also left at ``request.credential``.

    Raises:
        NoKey: none, or none in force.
        tokens.TokenUnfit, tokens.KeysUnknown: a bearer token that is not believed.
    """
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    ways = {"basic": _by_key, "bearer": _by_token}
    way = ways.get(kind.lower())
    found = way(given.strip()) if way else None
    if found is None:
        raise NoKey(_why_none(kind, given.strip()))
    request.credential = found  # type: ignore[attr-defined]
    return found


def credential(request: HttpRequest) -> Credential:
    """What ``authenticate`` found; only behind the guard."""
    found: Credential = request.credential  # type: ignore[attr-defined]
    return found


def need(request: HttpRequest, *scopes: str) -> Credential:
    """The credential, which has one of these scopes or all.

    Raises:
        ScopeTooSmall: it has none of them.
    """
    found = credential(request)
    if not found.may(*scopes):
        text = _("This key is for {scopes} only.")
        raise ScopeTooSmall(text.format(scopes=", ".join(sorted(found.scopes))))
    return found


def writer(request: HttpRequest) -> Source:
    """The source that may write statements now; ``charge`` tells how many it brought.

    Raises:
        ScopeTooSmall: the credential is not for writing.
        limits.Paused, limits.TooFast, limits.RequestTooLarge: what the source may send.
    """
    source = need(request, Scope.WRITE).source
    length = request.headers.get("Content-Length", "")
    limits.check_size(source, int(length) if length.isdecimal() else 0)
    limits.admit(source, at=clock.now())
    return source


def charge(request: HttpRequest, statements: int) -> None:
    """Take what a request brought off what its source may send."""
    limits.spend(credential(request).source, statements)


def reader(request: HttpRequest) -> Source | None:
    """The source whose statements may be read; None for those of all sources.

    Raises:
        ScopeTooSmall: the credential is not for reading.
    """
    found = need(request, Scope.READ, Scope.READ_MINE)
    return None if found.may(Scope.READ) else found.source


def explain(request: HttpRequest, response: HttpResponse, why: errors.Refusal) -> None:
    """Add to the answer of a refusal what HTTP asks for, and count it for its source.

    Source: RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 6585 section 4.
    """
    found: Credential | None = getattr(request, "credential", None)
    if why.status == NoKey.status:
        response.headers["WWW-Authenticate"] = _challenges(why)
    if isinstance(why, ScopeTooSmall) and found and found.kind == "token":
        response.headers["WWW-Authenticate"] = f'{_BEARER}, error="insufficient_scope"'
    if isinstance(why, limits.TooFast):
        response.headers["Retry-After"] = str(why.retry_after_seconds)
    if found and request.method in {"POST", "PUT", "DELETE"}:
        counts.add_refusal(source=found.source, code=why.code, at=clock.now())


_BEARER = 'Bearer realm="xapi"'


def _challenges(why: errors.Refusal) -> str:
    basic = 'Basic realm="xapi", charset="UTF-8"'
    if not tokens.is_offered():
        return basic
    error = ', error="invalid_token"' if isinstance(why, tokens.TokenUnfit) else ""
    return f"{basic}, {_BEARER}{error}"


def _why_none(kind: str, given: str) -> str:
    """What is wrong with what a request showed of itself, and what to send."""
    if not kind:
        return _("A key and its secret are needed, as HTTP Basic authentication.")
    is_basic, is_key = kind.lower() == "basic", given.startswith(keys.PREFIX)
    if not is_basic and not (kind.lower() == "bearer" and is_key):
        text = _("“{kind}” is no way to sign in here. Send a key and its secret as HTTP Basic.")
        return text.format(kind=kind[:20])
    pair = _pair(given) if is_basic else given.partition(".")[::2]
    if pair is None:
        return _("The key and its secret come as base64 of “key:secret”; this is none.")
    key, secret = pair
    if not key or not secret:
        return _("The key or its secret is empty. Send both, as “key:secret”.")
    return keys.ended(key=key, secret=secret, at=clock.now()) or _(
        "No key in force has this name and secret. Compare both, or ask for a new key."
    )


def _by_token(given: str) -> Credential | None:
    if given.startswith(keys.PREFIX):
        # Who can send one word only, as a Caliper sensor, writes key and secret as one.
        key, _dot, secret = given.partition(".")
        return _by_pair(key, secret)
    if not given or not tokens.is_offered():
        return None
    found = tokens.read(given, at=clock.now())
    return Credential(found.source, found.scopes, "token", found.subject)


def _by_key(coded: str) -> Credential | None:
    pair = _pair(coded)
    return _by_pair(*pair) if pair else None


def _pair(coded: str) -> tuple[str, str] | None:
    """Key and secret out of HTTP Basic; None where it is no such text."""
    try:
        given = base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    key, _colon, secret = given.partition(":")
    return key, secret


def _by_pair(key: str, secret: str) -> Credential | None:
    if key.startswith(sessions.TOKEN_PREFIX):
        return _by_session(key, secret)
    pair = keys.authenticate(key=key, secret=secret, at=clock.now()) if key else None
    return Credential(pair.source, frozenset(pair.scopes), "key", pair.key) if pair else None


_OF_SESSIONS = frozenset({Scope.WRITE, Scope.READ, Scope.STATE, Scope.PROFILE})


def _by_session(key: str, secret: str) -> Credential | None:
    """The credential of a launched unit; ``_units`` narrows what its scopes reach."""
    now = clock.now()
    found = sessions.authenticate(key=key, secret=secret, at=now)
    if found is None:
        return None
    return Credential(writing.units(now), _OF_SESSIONS, "session", str(found.key), found)
