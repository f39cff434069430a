"""Identifiers as people write them, and as they are shown to people."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.xapi import agents, values


class IdentifierUnfit(errors.Refusal):
    """A text that is no identifier of an agent."""

    code = "records.identifier_unfit"
    status = 422


def parse(text: str, home_page: str = "") -> str:
    """The identifier that a text means, as ``agents.identifier`` writes it.

    Taken are: a mailbox, a SHA-1 of one, an OpenID address, an account as its platform's address, a
    space and its name (or with ``home_page``, its name alone), and an agent as JSON.

    >>> parse("wei@School.example"), parse("https://school.example wei")
    ('mbox|mailto:wei@school.example', 'account|https://school.example|wei')

    Raises:
        IdentifierUnfit: none of these.
    """
    given = text.strip()
    agent = _agent(given, home_page.strip())
    try:
        agents.agent(agent, "")
    except values.Invalid as why:
        raise IdentifierUnfit(f"{given[:80]}: {why.text}", pointer="identifier") from why
    return agents.identifier(agent)


def agent_json(text: str) -> str:
    """The agent that a text means, as the statement resource takes it.

    Raises:
        IdentifierUnfit: as ``parse``.
    """
    parse(text)
    return msgspec.json.encode(_agent(text.strip(), "")).decode()


def _agent(given: str, home_page: str) -> Any:
    if home_page:
        return {"account": {"homePage": home_page, "name": given}}
    if given.startswith("{"):
        try:
            return msgspec.json.decode(given)
        except (msgspec.DecodeError, RecursionError) as why:
            raise _unfit(given) from why
    if re.fullmatch(r"(mailto:)?[^\s@:/]+@[^\s@/]+", given):
        return {"mbox": given if given.startswith("mailto:") else f"mailto:{given}"}
    if re.fullmatch(r"[0-9a-fA-F]{40}", given):
        return {"mbox_sha1sum": given.lower()}
    home, _space, name = given.partition(" ")
    if name and "://" in home:
        return {"account": {"homePage": home, "name": name.strip()}}
    if "://" in given and not name:
        return {"openid": given}
    raise _unfit(given)


def _unfit(given: str) -> IdentifierUnfit:
    text = _(
        "“{text}” is no identifier. Write a mailbox, its SHA-1, an OpenID address, or an account "
        "as “https://platform.example name”."
    )
    return IdentifierUnfit(text.format(text=given[:80]), pointer="identifier")


def show(identifier: str) -> str:
    """An identifier for people; what ``parse`` takes back.

    >>> show("account|https://school.example|wei"), show("mbox|mailto:wei@school.example")
    ('https://school.example wei', 'wei@school.example')
    """
    kind, _bar, value = identifier.partition("|")
    if kind == "account":
        return value.replace("|", " ", 1)
    if kind == "erased":
        return _("(erased)")
    return value.removeprefix("mailto:") if kind == "mbox" else value
