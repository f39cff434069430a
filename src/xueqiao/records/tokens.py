"""Bearer tokens of an OpenID Connect provider: checked, and mapped to a source and its scopes.

A token never opens a source: the operator does. One claim of it names the source by its code,
another the scopes.

Source: RFC 7519 (claims), RFC 7517 (JWKS), RFC 8725 (what to check), RFC 9068 (access tokens),
OpenID Connect Discovery 1.0 section 4 (where the keys are).
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors, outbound
from xueqiao.records.believed import Believed
from xueqiao.records.models import Scope, Source

# The key decides what is used with it; a token cannot ask for "none" or for a shared secret.
ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
KEYS_LIVE = timedelta(minutes=10)
# While the provider cannot be asked, the keys that it had are believed so long.
KEYS_BELIEVED = timedelta(hours=24)
ASK_AGAIN_AFTER = timedelta(seconds=30)
LONGEST_TOKEN = 16_384
_MOST_BYTES = 1_000_000


class TokenUnfit(errors.Refusal):
    """The bearer token is none of the provider's, not for here, or not in force."""

    code = "records.token_unfit"
    status = 401


class KeysUnknown(errors.Refusal):
    """The provider's keys cannot be read, so that no token can be checked."""

    code = "records.token_keys_unknown"
    status = 503


class Bearer(NamedTuple):
    """A token that was believed. ``scopes``: values of ``Scope``, perhaps none."""

    source: Source
    scopes: frozenset[str]
    subject: str


_sources: Believed[Source] = Believed(life=timedelta(seconds=5), most=2000)


def is_offered() -> bool:
    """Whether the operator named a provider."""
    return bool(settings.OIDC_ISSUER)


def read(token: str, *, at: datetime) -> Bearer:
    """Check a token.

    Raises:
        TokenUnfit: signature, issuer, audience or time do not fit, or no source has its code.
        KeysUnknown: the provider's keys cannot be had.
    """
    claims = _checked(token, at)
    code = _claim(claims, settings.OIDC_SOURCE_CLAIM)
    named = code if isinstance(code, str) else ""
    source = _sources.get(named, at, lambda: Source.objects.filter(code=named).first())
    if source is None:
        text = _("No source has the code “{code}” that the token's claim “{claim}” names.")
        raise TokenUnfit(text.format(code=named[:60], claim=settings.OIDC_SOURCE_CLAIM))
    return Bearer(source, _scopes(claims), str(claims.get("sub", ""))[:200])


def _checked(token: str, at: datetime) -> dict[str, Any]:
    try:
        if len(token) > LONGEST_TOKEN:
            raise jwt.InvalidTokenError(_("it is too long"))
        key = _key(jwt.get_unverified_header(token), at)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[ALGORITHMS[str(key.key_type)]],
            issuer=settings.OIDC_ISSUER,
            audience=settings.OIDC_AUDIENCE,
            options={
                "require": ["exp", "iss", "aud"],
                # Told by the time of the request, below.
                "verify_exp": False, "verify_nbf": False, "verify_iat": False,
            },
        )  # fmt: skip
        _check_times(claims, at)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as why:
        raise TokenUnfit(_("The token is not taken: {why}.").format(why=why)) from why
    return claims


def _check_times(claims: dict[str, Any], at: datetime) -> None:
    now, skew = at.timestamp(), settings.OIDC_LEEWAY_SECONDS
    if not now < float(claims["exp"]) + skew:
        raise jwt.ExpiredSignatureError(_("it is no longer in force"))
    for name in ("nbf", "iat"):
        if name in claims and now < float(claims[name]) - skew:
            raise jwt.ImmatureSignatureError(_("it is not in force yet"))


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    found = _claim(claims, settings.OIDC_SCOPE_CLAIM)
    words = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    named = {settings.OIDC_SCOPES.get(word, word) for word in words if isinstance(word, str)}
    return frozenset(named & set(Scope.values))


def _claim(claims: dict[str, Any], name: str) -> Any:
    """A claim by its name, or by a path of names with dots between them."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


_NEVER = datetime.min.replace(tzinfo=UTC)


class _Keys:
    """The keys of one provider: read again when they are old, and when a token names another."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._by_id: dict[str, jwt.PyJWK] = {}
        self._read_at = self._asked_at = _NEVER
        self._fault = ""

    def find(self, key_id: str, at: datetime) -> jwt.PyJWK | None:
        """The key of an id, or None.

        Raises:
            KeysUnknown: there are none, and the provider cannot be asked.
        """
        held = self._by_id.get(key_id)
        is_old = at - self._read_at > KEYS_LIVE
        # Who knows the key does not wait for another thread that is asking.
        if (is_old or held is None) and self._guard.acquire(blocking=held is None):
            try:
                if at - self._asked_at > ASK_AGAIN_AFTER:
                    self._read(at)
            finally:
                self._guard.release()
        if at - self._read_at > KEYS_BELIEVED:
            text = _("The keys of {issuer} cannot be read: {why}")
            raise KeysUnknown(text.format(issuer=settings.OIDC_ISSUER, why=self._fault))
        return self._by_id.get(key_id)

    def _read(self, at: datetime) -> None:
        try:
            self._by_id, self._read_at = _usable(_jwks()), at
        except (errors.Refusal, jwt.PyJWTError, OSError, ValueError, KeyError, TypeError) as why:
            self._fault = str(why)
        self._asked_at = at


_known: dict[str, _Keys] = {}


def _key(header: dict[str, Any], at: datetime) -> jwt.PyJWK:
    key_id = header.get("kid", "")
    where = f"{settings.OIDC_ISSUER} {settings.OIDC_JWKS}"
    keys = _known.setdefault(where, _Keys())
    found = keys.find(key_id if isinstance(key_id, str) else "", at)
    if found is None:
        raise jwt.InvalidKeyError(_("the provider has no key of this name"))
    return found


def _usable(jwks: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    """The keys for signatures that ``ALGORITHMS`` knows, by their id."""
    found = {}
    for each in jwks["keys"]:
        is_known = each.get("kty") in ALGORITHMS and each.get("crv", "P-256") == "P-256"
        if is_known and each.get("use", "sig") == "sig":
            algorithm = ALGORITHMS[each["kty"]]
            if each.get("alg", algorithm) == algorithm:
                found[each.get("kid", "")] = jwt.PyJWK(each, algorithm)
    return found


def _jwks() -> dict[str, Any]:
    where: str = settings.OIDC_JWKS
    if where and not where.startswith(("https://", "http://")):
        held: dict[str, Any] = msgspec.json.decode(Path(where).read_bytes())
        return held
    if not where:
        issuer = settings.OIDC_ISSUER.rstrip("/")
        found = _fetched(f"{issuer}/.well-known/openid-configuration")
        if found["issuer"] != settings.OIDC_ISSUER:
            raise ValueError(f"the discovery document is one of {found['issuer']}")
        where = str(found["jwks_uri"])
    return _fetched(where)


def _fetched(url: str) -> dict[str, Any]:
    answer = outbound.get(url, most_bytes=_MOST_BYTES, within_seconds=10, tries=2)
    found: dict[str, Any] = answer.expect(200).json()
    return found
