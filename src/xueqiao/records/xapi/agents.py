"""Agents and groups: who did it. Each agent has exactly one identifier."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from xueqiao.records.xapi import values

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_AGENT = frozenset({"objectType", "name", *IDENTIFIERS})
_GROUP = _AGENT | {"member"}
_ACCOUNT = frozenset({"homePage", "name"})
# homePage and name together are one index key.
_LONGEST_NAME_BYTES = 500


def actor(value: Any, at: str) -> None:
    """An agent or a group."""
    found = values.mapping(value, at)
    if found.get("objectType") == "Group":
        group(found, at)
    else:
        agent(found, at)


def agent(value: Any, at: str) -> None:
    """One agent: exactly one identifier."""
    found = values.mapping(value, at)
    if found.get("objectType", "Agent") != "Agent":
        raise values.refuse(
            f"{at}/objectType",
            _("An agent's objectType is “Agent”, not {value}."),
            value=found["objectType"],
        )
    values.only(found, _AGENT, at)
    if "name" in found:
        values.text(found["name"], f"{at}/name")
    names = [name for name in IDENTIFIERS if name in found]
    if len(names) != 1:
        raise _identifiers(names, at)
    _identifier(found, names[0], at)


def group(value: Any, at: str) -> None:
    """A group: identified by one identifier, or anonymous with its members."""
    found = values.mapping(value, at)
    values.only(found, _GROUP, at)
    if found.get("objectType") != "Group":
        raise values.refuse(f"{at}/objectType", _("A group's objectType is “Group”."))
    if "name" in found:
        values.text(found["name"], f"{at}/name")
    names = [name for name in IDENTIFIERS if name in found]
    if len(names) > 1:
        raise _identifiers(names, at)
    if names:
        _identifier(found, names[0], at)
    elif not found.get("member"):
        raise values.refuse(at, _("A group without an identifier lists its members."))
    if "member" in found:
        _members(found["member"], f"{at}/member")


def _members(value: Any, at: str) -> None:
    if type(value) is not list:
        raise values.refuse(at, _("A list is needed here, not {value}."), value=value)
    for place, member in enumerate(value):
        agent(member, f"{at}/{place}")


def _identifiers(names: list[str], at: str) -> values.Invalid:
    if not names:
        return values.refuse(
            at, _("Nobody is named: give one of mbox, mbox_sha1sum, openid or account.")
        )
    return values.refuse(
        f"{at}/{names[1]}",
        _("Exactly one identifier is allowed; {names} were given. Keep one."),
        names=", ".join(names),
    )


def _identifier(found: dict[str, Any], name: str, at: str) -> None:
    value, here = found[name], f"{at}/{name}"
    if name == "account":
        account(value, here)
    elif name == "mbox":
        values.mbox(value, here)
    elif name == "openid":
        values.iri(value, here)
    else:
        values.sha1(value, here)


def account(value: Any, at: str) -> None:
    found = values.mapping(value, at)
    values.only(found, _ACCOUNT, at)
    values.iri(values.needs(found, "homePage", at), f"{at}/homePage")
    name = values.needs(found, "name", at)
    values.text(name, f"{at}/name")
    if not name or "\x00" in name or not _fits(name):
        raise values.refuse(
            f"{at}/name",
            _("An account's name has 1 to {most} bytes and no control character 0."),
            most=_LONGEST_NAME_BYTES,
        )


def _fits(name: str) -> bool:
    return len(name.encode(errors="surrogatepass")) <= _LONGEST_NAME_BYTES


def identifier(found: dict[str, Any]) -> str:
    """The identifier of a checked agent or group as one text: kind, "|", value; "" for none.

    Equal texts are the same agent: the domain of a mailbox and a hash are written in lower case.

    >>> identifier({"account": {"homePage": "https://a.example", "name": "7"}})
    'account|https://a.example|7'
    """
    if "account" in found:
        return f"account|{found['account']['homePage']}|{found['account']['name']}"
    if "mbox" in found:
        local, _at, domain = found["mbox"].rpartition("@")
        return f"mbox|{local}@{domain.lower()}"
    if "openid" in found:
        return f"openid|{found['openid']}"
    return f"sha1|{found['mbox_sha1sum'].lower()}" if "mbox_sha1sum" in found else ""
