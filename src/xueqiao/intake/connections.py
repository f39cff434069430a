"""Who changes a connection: its settings, its schedule, its pauses. Running it is ``running``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.intake import connectors, rules
from xueqiao.intake.models import Connection
from xueqiao.kernel import clock, errors, sealing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, time

    from xueqiao.intake.kinds import Kind, Setting
    from xueqiao.intake.models import Contract
    from xueqiao.records.deliveries import Source

LONGEST_NAME = 120
_PURPOSE = "intake.connection"


class SettingUnfit(errors.Refusal):
    """A setting of a connection is missing or cannot be used; ``pointer`` is its name."""

    code = "intake.setting_unfit"
    status = 422


class NameTaken(errors.Refusal):
    """The source has another connection of this name."""

    code = "intake.name_taken"


class ConnectionUnknown(errors.Refusal):
    """No connection has this name, or several have."""

    code = "intake.connection_unknown"
    status = 404


def named(*, name: str, source: str = "") -> Connection:
    """The connection of a name.

    Args:
        source: code of its source; needed where several sources have one of the name.

    Raises:
        ConnectionUnknown: there is none, or more than one.
    """
    rows = Connection.objects.filter(name=name).select_related("source").order_by("pk")
    found = list(rows.filter(source__code=source) if source else rows)
    if len(found) == 1:
        return found[0]
    if not found:
        names = ", ".join(Connection.objects.values_list("name", flat=True)[:20]) or "–"
        text = _("There is no connection “{name}”. There are: {all}.")
        raise ConnectionUnknown(text.format(name=name, all=names))
    text = _("Several sources have a connection “{name}”. Name the source too: {all}.")
    codes = ", ".join(each.source.code for each in found)
    raise ConnectionUnknown(text.format(name=name, all=codes))


@transaction.atomic
def create(
    *, source: Source, kind: str, name: str, values: Mapping[str, str], at: datetime
) -> Connection:
    """A new connection of a source, without a schedule: it runs when asked to.

    Args:
        values: a text for each setting of the kind.

    Raises:
        KindUnknown: there is no such kind.
        SettingUnfit: the name, or a setting, is missing or cannot be used.
        NameTaken: the source has a connection of this name.
    """
    config, secrets = _read(connectors.kind(kind), values, kept={})
    made = Connection(source=source, kind=kind, config=config, created_at=at)
    made.name, made.sealed = _name(name), _sealed(secrets)
    return _saved(made)


def of_feed(*, source: Source, at: datetime) -> Connection:
    """The connection under which the files of a known platform are taken in, made at first use."""
    made = {"kind": connectors.FEED.code, "created_at": at}
    return Connection.objects.get_or_create(source=source, name=source.name, defaults=made)[0]


@transaction.atomic
def for_uploads(*, source: Source, contract: Contract, at: datetime) -> Connection:
    """The connection over which tables of a contract are uploaded, with its newest version.

    Raises:
        NameTaken: a connection of another kind has the contract's name.
    """
    made = {"kind": "upload", "created_at": at}
    found, _is_new = Connection.objects.get_or_create(
        source=source, name=contract.name, defaults=made
    )
    if found.kind != "upload":
        text = _("This source has a connection “{name}” already. Choose another name.")
        raise NameTaken(text.format(name=contract.name), pointer="name")
    found.contract = contract
    found.save(update_fields=["contract"])
    return found


@transaction.atomic
def change(
    *, connection: Connection, name: str, values: Mapping[str, str], contract: Contract | None
) -> Connection:
    """Change name, settings and contract. A secret that is left empty stays what it was.

    Raises:
        SettingUnfit: the name, or a setting, is missing or cannot be used.
        NameTaken: the source has another connection of this name.
    """
    found = Connection.objects.select_for_update().get(pk=connection.pk)
    kind = connectors.kind(found.kind)
    config, secrets = _read(kind, values, kept=_secrets(found))
    found.name, found.config, found.sealed = _name(name), config, _sealed(secrets)
    found.contract = contract if kind.mapping else None
    return _saved(found)


@transaction.atomic
def schedule(
    *,
    connection: Connection,
    every_minutes: int | None,
    daily_at: time | None,
    quota_run: int | None,
    quota_day: int | None,
    at: datetime,
) -> Connection:
    """Say when a connection runs by itself and how much it may bring.

    Args:
        every_minutes: after the end of the last run; first at once.
        daily_at: in Asia/Shanghai; not together with ``every_minutes``; both None: never.
        quota_run: items of one run at most, or None.
        quota_day: items of one calendar day in Asia/Shanghai at most, or None.

    Raises:
        SettingUnfit: both schedules are given, or a number is below 1.
    """
    if every_minutes is not None and daily_at is not None:
        text = _("Choose one schedule: every so many minutes, or daily at a time.")
        raise SettingUnfit(text, pointer="daily_at")
    given = {"every_minutes": every_minutes, "quota_run": quota_run, "quota_day": quota_day}
    for pointer, number in given.items():
        if number is not None and not 1 <= number <= 2**31 - 1:
            text = _("{number} cannot be used here. Write a whole number from 1.")
            raise SettingUnfit(text.format(number=number), pointer=pointer)
    found = Connection.objects.select_for_update().get(pk=connection.pk)
    found.every_minutes, found.daily_at = every_minutes, daily_at
    found.quota_run, found.quota_day = quota_run, quota_day
    found.next_due_at = at if every_minutes is not None else scheduled(found, at)
    found.save()
    return found


def scheduled(connection: Connection, at: datetime) -> datetime | None:
    """When a connection is due next by its schedule alone."""
    return rules.next_due(
        now=at,
        every_minutes=connection.every_minutes,
        daily_at=connection.daily_at,
        zone=clock.LOCAL,
    )


def pause(*, connection: Connection, at: datetime) -> None:
    """Stop a connection before its next portion, until it is resumed. Twice is once."""
    Connection.objects.filter(pk=connection.pk, paused_at=None).update(paused_at=at)


def resume(*, connection: Connection, at: datetime) -> None:
    """End a pause: what is scheduled runs at once and goes on where it stopped. Twice is once."""
    rows = Connection.objects.filter(pk=connection.pk).exclude(paused_at=None)
    rows.update(paused_at=None, failures=0)
    timed = Connection.objects.filter(pk=connection.pk, paused_at=None)
    timed.exclude(every_minutes=None, daily_at=None).update(next_due_at=at)


def opened(connection: Connection) -> dict[str, Any]:
    """The settings as ``Kind.pull`` gets them: with secrets, the contract and the source's code.

    Raises:
        SealBroken: the secrets were sealed under another secret key.
    """
    kind = connectors.kind(connection.kind)
    found = {**connection.config, **_secrets(connection)}
    found |= {"source": connection.source.code, "connection": connection.pk}
    if kind.mapping and connection.contract is not None:
        found[kind.mapping] = {**connection.contract.mapping, "id": connection.contract.pk}
    return found


def _name(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        said = _("A connection needs a name of at most 120 characters.")
        raise SettingUnfit(said, pointer="name")
    return name


def _saved(connection: Connection) -> Connection:
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as why:
        text = _("This source has a connection “{name}” already. Choose another name.")
        raise NameTaken(text.format(name=connection.name), pointer="name") from why
    return connection


def _read(
    kind: Kind, values: Mapping[str, str], kept: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and secrets out of what was typed, each checked."""
    config: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for each in kind.settings:
        text = values.get(each.name, "").strip()
        if each.kind == "secret":
            text = text or kept.get(each.name, "")
            if text:
                secrets[each.name] = text
        elif each.kind != "mapping" and text:
            config[each.name] = _value(each, text)
        if not text and each.required and each.kind != "mapping":
            said = _("“{label}” is needed.")
            raise SettingUnfit(said.format(label=each.label), pointer=each.name)
    if kind.check:
        kind.check(config)
    return config, secrets


def _value(setting: Setting, text: str) -> str | int:
    if setting.kind == "number":
        if not text.isascii() or not text.isdigit() or len(text) > len(str(2**53)):
            said = _("“{label}” is a whole number; “{text}” is not.")
            raise SettingUnfit(
                said.format(label=setting.label, text=text[:40]), pointer=setting.name
            )
        return int(text)
    if setting.kind == "choice" and text not in {value for value, _label in setting.choices}:
        said = _("“{text}” is no choice of “{label}”.")
        raise SettingUnfit(said.format(label=setting.label, text=text[:40]), pointer=setting.name)
    if setting.kind == "url" and not _is_address(text):
        said = _("“{label}” is an address that begins with http:// or https://.")
        raise SettingUnfit(said.format(label=setting.label), pointer=setting.name)
    return text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _sealed(secrets: Mapping[str, str]) -> str:
    if not secrets:
        return ""
    text = json.dumps(secrets, sort_keys=True)
    return sealing.seal(text, key=settings.SECRET_KEY, purpose=_PURPOSE)


def _secrets(connection: Connection) -> dict[str, str]:
    if not connection.sealed:
        return {}
    text = sealing.unseal(connection.sealed, key=settings.SECRET_KEY, purpose=_PURPOSE)
    found: dict[str, str] = json.loads(text)
    return found
