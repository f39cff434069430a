"""Signing in with a password: slow for guessers, for everybody else as quick as before.

Failures are counted in the shared cache for each name and for each address, never with the name in
clear. A correct password clears the count of its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.utils.translation import gettext as _

from xueqiao.kernel import errors, ids
from xueqiao.people.models import Login

if TYPE_CHECKING:
    from django.http import HttpRequest

FAILURES_EACH_NAME = 5
FAILURES_EACH_ADDRESS = 40  # a learning point's visitors share one address
FAILURES_FORGOTTEN_AFTER = 900  # seconds


class WrongPassword(errors.Refusal):
    """No sign-in of this name and password; which of the two is not told."""

    code = "people.wrong_password"
    status = 422


class TooManyAttempts(errors.Refusal):
    """Too many failures for this name or from this address."""

    code = "people.too_many_attempts"
    status = 429


def check_password(*, request: HttpRequest, username: str, password: str, address: str) -> Login:
    """The sign-in that belongs to a name and a password.

    ``address`` is the network address that asks; failures are counted for it too.

    Raises:
        TooManyAttempts: the limits of ``rules.py`` are reached; the password is not looked at.
        WrongPassword: the name or the password is not right.
    """
    by_name, by_address = _key("name", username.casefold()), _key("address", address)
    if (
        cache.get(by_name, 0) >= FAILURES_EACH_NAME
        or cache.get(by_address, 0) >= FAILURES_EACH_ADDRESS
    ):
        raise TooManyAttempts(too_many_text(), pointer="password")
    login = authenticate(request, username=username, password=password)
    if isinstance(login, Login):
        cache.delete(by_name)
        return login
    _count(by_name)
    _count(by_address)
    raise WrongPassword(
        _("This name and password do not belong together. Check both, or ask for help by phone."),
        pointer="password",
    )


def too_many_text() -> str:
    text = _("Too many attempts. Wait {minutes} minutes and try again, or ask for help by phone.")
    return text.format(minutes=FAILURES_FORGOTTEN_AFTER // 60)


def _key(kind: str, text: str) -> str:
    return f"sign-in:{kind}:{ids.keyed_hash(settings.SECRET_KEY, text)}"


def _count(key: str) -> None:
    cache.add(key, 0, FAILURES_FORGOTTEN_AFTER)
    try:
        cache.incr(key)
    except ValueError:  # forgotten between the two lines
        cache.add(key, 1, FAILURES_FORGOTTEN_AFTER)
