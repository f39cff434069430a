"""Which hosts may be called, and at which of their addresses.

Who configures an address must not be able to reach the inside of the network with it. Plain HTTP
and addresses that are not public are for hosts that the operator listed
(``XUEQIAO_OUTBOUND_ALLOW``).

Source: RFC 6890 (addresses that are not public).
"""

from __future__ import annotations

import ipaddress
import re
import socket

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

Number = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST_URL = 8000
_HOST = re.compile(r"[\w.-]{1,253}|[0-9a-fA-F:.]{2,45}")
_PORTS = {"http": 80, "https": 443}


class NotAllowed(errors.Refusal):
    """The address is one that this platform does not call."""

    code = "outbound.not_allowed"
    status = 422


def check(url: str) -> httpx.URL:
    """The address, where it is one that may be called as far as it can be told without a look-up.

    Raises:
        NotAllowed: not http(s), plain http to a host that is not listed, a password within it, or
            the number of an address that is not public.
    """
    if len(url) > _LONGEST_URL:
        raise NotAllowed(
            _("The address is longer than {most} characters.").format(most=_LONGEST_URL)
        )
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as why:
        raise NotAllowed(_("“{url}” is no address: {why}.").format(url=url[:200], why=why)) from why
    if found.scheme not in {"http", "https"} or not _HOST.fullmatch(found.host):
        text = _("“{url}” is no address of the web. Write https://host/path.")
        raise NotAllowed(text.format(url=url[:200]))
    if found.userinfo:
        raise NotAllowed(_("Leave name and password out of the address; they have own fields."))
    if found.scheme == "http" and not _is_listed(found):
        text = _("{host} is called by https only. Write https://, or let the operator list it.")
        raise NotAllowed(text.format(host=found.host))
    if (number := number_of(found)) is not None:
        _check_number(found, number)
    return found


def look_up(url: httpx.URL) -> Number:
    """The address to connect to: the first one, where every one of the host's may be called.

    Raises:
        NotAllowed: one of them is not public, and the host is not listed.
        OSError: nobody knows the name.
    """
    if (number := number_of(url)) is not None:
        return number
    name = url.raw_host.decode("ascii")
    rows = socket.getaddrinfo(name, port(url), type=socket.SOCK_STREAM)
    found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    for each in found:
        _check_number(url, each)
    return found[0]


def port(url: httpx.URL) -> int:
    """The port that is meant where none is named."""
    return url.port or _PORTS[url.scheme]


def number_of(url: httpx.URL) -> Number | None:
    """The address, where the host is written as a number."""
    try:
        return ipaddress.ip_address(url.host.strip("[]"))
    except ValueError:
        return None


def _check_number(asked: httpx.URL, number: Number) -> None:
    if not is_public(number) and not _is_listed(asked):
        text = _(
            "{host} lies inside a network ({number}). Let the operator list the host to call it."
        )
        raise NotAllowed(text.format(host=asked.host, number=number))


def is_public(number: Number) -> bool:
    """Whether an address belongs to the public internet, also where it wraps another one."""
    if isinstance(number, ipaddress.IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour or (number.teredo or (None, None))[1]
        if inner is None and number in _NAT64:
            inner = ipaddress.IPv4Address(number.packed[-4:])
        if inner is not None:
            return is_public(inner)
    return number.is_global and not number.is_multicast


def _is_listed(asked: httpx.URL) -> bool:
    return is_listed(asked.host, port(asked))


def is_listed(host: str, port: int) -> bool:
    """Whether the operator listed a host, alone or with its port."""
    return bool({host.lower(), f"{host.lower()}:{port}"} & set(settings.OUTBOUND_ALLOW))
