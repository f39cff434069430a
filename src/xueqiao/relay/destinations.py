"""Who opens, changes, pauses and closes destinations. Sending is ``shipping``."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from xueqiao.kernel import errors, hosts, sealing
from xueqiao.records import following
from xueqiao.relay import rules
from xueqiao.relay.models import Authentication, Destination, DestinationKind, ShipmentState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from xueqiao.people.models import Person

_PURPOSE = "relay.destination"
_LONGEST_NAME = 120
_MOST_STATEMENTS = 500


class DestinationUnfit(errors.Refusal):
    """A setting of a destination is missing or cannot be used; ``pointer`` is its name."""

    code = "relay.destination_unfit"
    status = 422


class NameTaken(errors.Refusal):
    """Another destination has this name."""

    code = "relay.name_taken"


class Given(NamedTuple):
    """What is said about a destination.

    Attributes:
        url: of a store its xAPI endpoint, of a webhook the address that is posted to.
        user, secret: for ``basic``; ``secret`` alone for ``bearer``. An empty secret keeps the one
            that is held.
        wanted: see ``rules.passes``.
        most_statements: of one request, 1 to 500.
    """

    name: str
    kind: str
    url: str
    authentication: str = Authentication.NONE
    user: str = ""
    secret: str = ""
    wanted: Mapping[str, list[str]] = {}
    most_statements: int = 100


class Opened(NamedTuple):
    """A new destination; ``signing_secret`` of a webhook is shown once, else empty."""

    destination: Destination
    signing_secret: str


@transaction.atomic
def open_(*, given: Given, from_start: bool, at: datetime, by: Person | None) -> Opened:
    """A new destination.

    Args:
        from_start: send what is held already too; otherwise only what comes from now on.

    Raises:
        DestinationUnfit: a setting cannot be used.
        NameTaken: another one has the name.
    """
    held: dict[str, str] = {}
    signing = ""
    if given.kind == DestinationKind.WEBHOOK:
        signing = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
        held["signing"] = signing
    made = Destination(code=_code(given.name), kind=given.kind, created_at=at, created_by=by)
    if not from_start:
        made.xid, made.row = following.newest()
    _write(made, given, held)
    return Opened(made, signing)


@transaction.atomic
def change(*, destination: Destination, given: Given) -> Destination:
    """Change everything but code and kind; shipments that wait go by the new settings.

    Raises:
        DestinationUnfit, NameTaken: as ``open_``.
    """
    found = Destination.objects.select_for_update().get(pk=destination.pk)
    _write(found, given._replace(kind=found.kind), opened_secrets(found))
    return found


@transaction.atomic
def renew_signing_secret(*, destination: Destination) -> str:
    """A new signing secret of a webhook, shown once; the old one signs nothing any more.

    Raises:
        DestinationUnfit: it is no webhook.
    """
    found = Destination.objects.select_for_update().get(pk=destination.pk)
    if found.kind != DestinationKind.WEBHOOK:
        raise DestinationUnfit(_("Only a webhook has a signing secret."), pointer="kind")
    signing = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    found.sealed = _sealed(opened_secrets(found) | {"signing": signing})
    found.save(update_fields=["sealed"])
    return signing


def pause(*, destination: Destination, at: datetime, why: str = "") -> None:
    """Send nothing until it goes on. What waits keeps waiting; nothing is lost.

    Args:
        why: why it was paused, where no person did it.
    """
    rows = Destination.objects.filter(pk=destination.pk, paused_at=None)
    rows.update(paused_at=at, paused_why=why)


def go_on(*, destination: Destination, at: datetime) -> None:
    """Send again, beginning with what waits."""
    with transaction.atomic():
        rows = Destination.objects.filter(pk=destination.pk)
        rows.update(paused_at=None, paused_why="")
        waiting = destination.shipments.filter(state=ShipmentState.WAITING)
        waiting.update(next_try_at=at)


def replay(*, destination: Destination, at: datetime, pks: list[int] | None = None) -> int:
    """Try shipments that were given up again, all or some. Returns how many."""
    dead = destination.shipments.filter(state=ShipmentState.DEAD)
    if pks is not None:
        dead = dead.filter(pk__in=pks)
    return dead.update(state=ShipmentState.WAITING, tries=0, next_try_at=at, ended_at=None)


def close(*, destination: Destination) -> None:
    """Take a destination away, with everything that still waits for it."""
    destination.delete()


def opened_secrets(destination: Destination) -> dict[str, str]:
    """The secrets of a destination, opened.

    Raises:
        SealBroken: the secret key of the platform was changed.
    """
    if not destination.sealed:
        return {}
    text = sealing.unseal(destination.sealed, key=settings.SECRET_KEY, purpose=_PURPOSE)
    found: dict[str, str] = json.loads(text)
    return found


def _sealed(held: dict[str, str]) -> str:
    return sealing.seal(json.dumps(held), key=settings.SECRET_KEY, purpose=_PURPOSE)


def _write(destination: Destination, given: Given, held: dict[str, str]) -> None:
    destination.name = _name(given.name)
    destination.url = _url(given.url)
    destination.authentication = _authentication(given.authentication)
    destination.wanted = _wanted(given.wanted)
    destination.most_statements = _portion(given.most_statements)
    if given.user:
        held["user"] = given.user
    if given.secret:
        held["secret"] = given.secret
    if given.authentication != Authentication.NONE and not held.get("secret"):
        raise DestinationUnfit(
            _("A secret is needed for this way of signing in."), pointer="secret"
        )
    destination.sealed = _sealed(held)
    if DestinationKind(destination.kind) is DestinationKind.STORE:
        destination.url = destination.url.rstrip("/")
    try:
        with transaction.atomic():
            destination.save()
    except IntegrityError as why:
        text = _("Another destination is called “{name}”. Choose another name.")
        raise NameTaken(text.format(name=destination.name), pointer="name") from why


def _code(name: str) -> str:
    return slugify(_name(name), allow_unicode=True)[:60] or "destination"


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        said = _("A name of 1 to {most} characters is needed.")
        raise DestinationUnfit(said.format(most=_LONGEST_NAME), pointer="name")
    return name


def _url(text: str) -> str:
    url = text.strip()
    try:
        parts = urlsplit(url)
    except ValueError as why:
        raise DestinationUnfit(_("This is not an address."), pointer="url") from why
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(url) > 500:  # noqa: PLR2004 - the column
        text = _("An address that begins with https:// (or http://) is needed.")
        raise DestinationUnfit(text, pointer="url")
    if parts.username or parts.password:
        text = _("Leave name and secret out of the address; enter them below.")
        raise DestinationUnfit(text, pointer="url")
    try:
        hosts.check(url)
    except hosts.NotAllowed as why:
        raise DestinationUnfit(why.text, pointer="url") from why
    return url


def _authentication(value: str) -> str:
    if value not in Authentication.values:
        raise DestinationUnfit(_("Choose how it signs in."), pointer="authentication")
    return value


def _portion(number: int) -> int:
    if not 1 <= number <= _MOST_STATEMENTS:
        text = _("A request carries 1 to {most} statements.")
        raise DestinationUnfit(text.format(most=_MOST_STATEMENTS), pointer="most_statements")
    return number


def _wanted(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """The filter without empty lines, in the order of ``rules.FILTERS``."""
    found = {}
    for name in rules.FILTERS:
        lines = [line.strip() for line in given.get(name, []) if line.strip()]
        if lines:
            found[name] = sorted(set(lines))
    return found
