"""Key pairs: made, rotated, revoked, and recognised in a request."""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors, ids
from xueqiao.records.believed import Believed
from xueqiao.records.models import KeyPair, Scope, Source, SourceChange

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

# How long a process believes what it read of a key: the longest that a revoked key still opens.
BELIEVED = timedelta(seconds=5)
GRACE = timedelta(days=7)
_USED_EVERY = timedelta(minutes=1)
_LONGEST_LABEL = 80

# Every key begins so, which tells it from a token of a provider.
PREFIX = "xq-"


class ScopeUnknown(errors.Refusal):
    """A key was asked for with a scope that does not exist."""

    code = "records.scope_unknown"


class LabelTooLong(errors.Refusal):
    """The label of a key is longer than its column."""

    code = "records.key_label_too_long"
    status = 422


class ExpiryPast(errors.Refusal):
    """A key was asked for that would never be in force."""

    code = "records.key_expiry_past"
    status = 422


class KeyUnknown(errors.Refusal):
    """No key has this name."""

    code = "records.key_unknown"
    status = 404


class KeyOver(errors.Refusal):
    """The key is no longer in force, so it cannot be rotated."""

    code = "records.key_over"


class KeyRotated(errors.Refusal):
    """Another key already replaces this one."""

    code = "records.key_rotated"


_read_lately: Believed[KeyPair] = Believed(life=BELIEVED, most=2000)


@transaction.atomic
def create_key(
    *,
    source: Source,
    scopes: Iterable[str],
    at: datetime,
    expires_at: datetime | None = None,
    label: str = "",
    by: Person | None = None,
) -> tuple[str, str]:
    """Make a key pair for a source.

    Args:
        by: who made it; None only from the shell.

    Returns:
        The key and its secret. The secret is not stored and cannot be shown again.

    Raises:
        ScopeUnknown: a scope is not one of ``Scope``.
        ExpiryPast: it would expire before it is made.
        LabelTooLong: more than 80 characters.
    """
    asked = sorted(set(scopes))
    unknown = [scope for scope in asked if scope not in Scope.values]
    if unknown or not asked:
        text = _("{scopes} is no scope. Choose from: {all}.")
        raise ScopeUnknown(text.format(scopes=", ".join(unknown), all=", ".join(Scope.values)))
    if expires_at is not None and expires_at <= at:
        raise ExpiryPast(_("The key would expire before it is made. Choose a later day."))
    if len(label) > _LONGEST_LABEL:
        text = _("The label has {n} characters; at most {most} fit.")
        raise LabelTooLong(text.format(n=len(label), most=_LONGEST_LABEL))
    pair, secret = _make(source=source, scopes=asked, label=label, at=at, expires_at=expires_at)
    detail = {"scopes": [None, asked], "label": [None, label], "expires_at": [None, _day(pair)]}
    SourceChange.objects.create(source=source, key=pair, verb="create", by=by, at=at, detail=detail)
    return pair.key, secret


@transaction.atomic
def rotate_key(
    *, pair: KeyPair, at: datetime, grace: timedelta = GRACE, by: Person | None = None
) -> tuple[str, str]:
    """Replace a key by a new one with the same scopes; both are in force until the grace is over.

    The new key lives as long from now as the old one was given.

    Returns:
        The new key and its secret, which cannot be shown again.

    Raises:
        KeyOver: the key is expired or revoked.
        KeyRotated: another key already replaces it.
    """
    old = KeyPair.objects.select_for_update().get(pk=pair.pk)
    if not KeyPair.objects.in_force(at).filter(pk=old.pk).exists():
        raise KeyOver(_("The key {key} is no longer in force. Make a new one.").format(key=old.key))
    if KeyPair.objects.filter(rotated_from=old).exists():
        text = _("The key {key} has been replaced before. Rotate the one that replaced it.")
        raise KeyRotated(text.format(key=old.key))
    expires_at = at + (old.expires_at - old.created_at) if old.expires_at else None
    new, secret = _make(
        source=old.source, scopes=old.scopes, label=old.label, at=at,
        expires_at=expires_at, rotated_from=old,
    )  # fmt: skip
    old.revoked_at = min(filter(None, [old.revoked_at, at + grace]))
    old.save(update_fields=["revoked_at"])
    SourceChange.objects.create(
        source=old.source, key=old, verb="rotate", by=by, at=at,
        detail={"key": [old.key, new.key], "in_force_until": [None, old.revoked_at.isoformat()]},
    )  # fmt: skip
    _read_lately.forget(old.key)
    return new.key, secret


@transaction.atomic
def revoke_key(*, pair: KeyPair, at: datetime, by: Person | None = None) -> KeyPair:
    """End a key now. A repeated call changes nothing.

    Other processes believe what they read of a key for ``BELIEVED``; so long it may still open.
    """
    row = KeyPair.objects.select_for_update().get(pk=pair.pk)
    if row.revoked_at is None or row.revoked_at > at:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        SourceChange.objects.create(source=row.source, key=row, verb="revoke", by=by, at=at)
    _read_lately.forget(row.key)
    return row


def named(key: str) -> KeyPair:
    """The key pair of a name, with its source.

    Raises:
        KeyUnknown: there is none.
    """
    found = KeyPair.objects.select_related("source").filter(key=key).first()
    if found is None:
        text = _("No key is called {key}. See them all with: xueqiao list_keys")
        raise KeyUnknown(text.format(key=key))
    return found


def listed(*, at: datetime, source: str = "", in_force: bool = False) -> QuerySet[KeyPair]:
    """Key pairs with their sources, by source and age; of one source if its code is given."""
    rows = KeyPair.objects.in_force(at) if in_force else KeyPair.objects.all()
    rows = rows.filter(source__code=source) if source else rows
    return rows.select_related("source", "rotated_from").order_by("source__code", "created_at")


def state(pair: KeyPair, at: datetime) -> str:
    """``in force``, ``ending`` (it will be over), ``expired`` or ``revoked``."""
    if pair.revoked_at is not None and pair.revoked_at <= at:
        return "revoked"
    if pair.expires_at is not None and pair.expires_at <= at:
        return "expired"
    return "ending" if pair.revoked_at is not None else "in force"


def described(pair: KeyPair, *, at: datetime) -> dict[str, Any]:
    """A key pair in words; its instants are ISO 8601, in UTC."""
    moments = ("created_at", "expires_at", "revoked_at", "last_used_at")
    return {
        "source": pair.source.code,
        "key": pair.key,
        "scopes": pair.scopes,
        "label": pair.label,
        "state": state(pair, at),
        **{name: (value := getattr(pair, name)) and value.isoformat() for name in moments},
        "rotated_from": pair.rotated_from.key if pair.rotated_from else None,
    }


def authenticate(*, key: str, secret: str, at: datetime) -> KeyPair | None:
    """The key pair in force with this secret, with its source; None where there is none.

    A keyed hash is enough: a secret of 256 random bits cannot be guessed, so no slow hash is needed
    for each request. An unknown key costs the same work as a known one. What was read of a key is
    believed for ``BELIEVED``, so a busy sender costs no query.
    """
    # PostgreSQL takes no NUL in text; no key of ours has one.
    wanted = key.replace("\x00", "")[:40]
    found = _read(wanted, at)
    given = _hash(key, secret)
    expected = found.secret_hash if found else _hash("nobody", "nothing")
    if not hmac.compare_digest(given, expected) or found is None:
        return None
    _note_use(found, at)
    return found


def ended(*, key: str, secret: str, at: datetime) -> str:
    """What to say to who shows a pair that was in force once; "" to anybody else.

    Only who knows the secret learns that there was such a key.
    """
    found = KeyPair.objects.filter(key=key.replace("\x00", "")[:40]).first()
    expected = found.secret_hash if found else _hash("nobody", "nothing")
    if not hmac.compare_digest(_hash(key, secret), expected) or found is None:
        return ""
    if found.revoked_at is not None and found.revoked_at <= at:
        text = _("The key {key} was revoked on {day}. Ask for a new one.")
        return text.format(key=key, day=clock.local_date(found.revoked_at))
    if found.expires_at is not None and found.expires_at <= at:
        text = _("The key {key} expired on {day}. Ask for a new one.")
        return text.format(key=key, day=clock.local_date(found.expires_at))
    return ""


def _read(key: str, at: datetime) -> KeyPair | None:
    def ask() -> KeyPair | None:
        rows = KeyPair.objects.in_force(at).select_related("source")
        return rows.filter(key=key).first()

    found = _read_lately.get(key, at, ask)
    return found if found and _is_in_force(found, at) else None


def _is_in_force(pair: KeyPair, at: datetime) -> bool:
    return all(end is None or end > at for end in (pair.expires_at, pair.revoked_at))


def _note_use(pair: KeyPair, at: datetime) -> None:
    if pair.last_used_at is None or at - pair.last_used_at >= _USED_EVERY:
        pair.last_used_at = at
        # A long write may hold SQLite's lock; no request is refused for the sake of this note.
        with suppress(OperationalError):
            KeyPair.objects.filter(pk=pair.pk).update(last_used_at=at)


def _make(
    *,
    source: Source,
    scopes: list[str],
    label: str,
    at: datetime,
    expires_at: datetime | None,
    rotated_from: KeyPair | None = None,
) -> tuple[KeyPair, str]:
    key, secret = f"{PREFIX}{secrets.token_hex(12)}", secrets.token_urlsafe(32)
    made = KeyPair.objects.create(
        source=source, key=key, secret_hash=_hash(key, secret), scopes=scopes, label=label,
        created_at=at, expires_at=expires_at, rotated_from=rotated_from,
    )  # fmt: skip
    return made, secret


def _day(pair: KeyPair) -> str | None:
    return pair.expires_at.isoformat() if pair.expires_at else None


def _hash(key: str, secret: str) -> str:
    return ids.keyed_hash(settings.IDENTITY_KEY, f"records.key\x1f{key}\x1f{secret}")
