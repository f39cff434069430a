"""Sources and the key pairs they come with."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors, ids
from xueqiao.records.models import KeyPair, Scope, Source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


_LONGEST_NAME = 120


class ScopeUnknown(errors.Refusal):
    """A key was asked for with a scope that does not exist."""

    code = "records.scope_unknown"


class CodeUnfit(errors.Refusal):
    """A source's code or name is empty or too long."""

    code = "records.source_code_unfit"
    status = 422


def open_source(*, code: str, name: str, at: datetime, is_sample: bool = False) -> Source:
    """The source of a code, made at first use.

    Its statements carry one authority: an account of this platform with the source's code.

    Raises:
        CodeUnfit: the code is empty or has other characters than letters, digits, "-" and "_", or
            code or name are too long.
    """
    if not re.fullmatch(r"[\w-]{1,60}", code) or len(name) > _LONGEST_NAME:
        text = _("“{name}” cannot be a source. Use letters and digits; at most 60 characters.")
        raise CodeUnfit(text.format(name=name))
    authority = {
        "objectType": "Agent",
        "name": name,
        "account": {"homePage": f"{settings.PUBLIC_URL}/", "name": code},
    }
    defaults = {"name": name, "authority": authority, "is_sample": is_sample, "opened_at": at}
    return Source.objects.get_or_create(code=code, defaults=defaults)[0]


def create_key(
    *, source: Source, scopes: Iterable[str], at: datetime, expires_at: datetime | None = None
) -> tuple[str, str]:
    """Make a key pair for a source.

    Returns:
        The key and its secret. The secret is not stored and cannot be shown again.

    Raises:
        ScopeUnknown: a scope is not one of ``Scope``.
    """
    asked = sorted(set(scopes))
    unknown = [scope for scope in asked if scope not in Scope.values]
    if unknown or not asked:
        text = _("{scopes} is no scope. Choose from: {all}.")
        raise ScopeUnknown(text.format(scopes=", ".join(unknown), all=", ".join(Scope.values)))
    key, secret = f"xq-{secrets.token_hex(12)}", secrets.token_urlsafe(32)
    KeyPair.objects.create(
        source=source,
        key=key,
        secret_hash=_hash(key, secret),
        scopes=asked,
        created_at=at,
        expires_at=expires_at,
    )
    return key, secret


def authenticate(*, key: str, secret: str, at: datetime) -> KeyPair | None:
    """The key pair in force with this secret, or None.

    A keyed hash is enough: a secret of 256 random bits cannot be guessed, so no slow hash is needed
    for each request. An unknown key costs the same work as a known one.
    """
    # PostgreSQL takes no NUL in text; no key of ours has one.
    wanted = key.replace("\x00", "")[:40]
    found = KeyPair.objects.in_force(at).select_related("source").filter(key=wanted).first()
    given = _hash(key, secret)
    expected = found.secret_hash if found else _hash("nobody", "nothing")
    return found if hmac.compare_digest(given, expected) and found else None


def _hash(key: str, secret: str) -> str:
    return ids.keyed_hash(settings.IDENTITY_KEY, f"records.key\x1f{key}\x1f{secret}")
