"""A new key for an institution: in turn, after a loss, after a theft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import keys, statuslists
from xueqiao.creditbank.models import Certificate, IssuerKey, KeyEnd, StatusList
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime


class NoKeyYet(errors.Refusal):
    """The institution has not signed anything, so there is no key to replace."""

    code = "credentials.no_key_yet"


@dataclass(frozen=True)
class Rotated:
    """What a rotation did.

    Attributes:
        key: the new one.
        lists: status lists that were signed anew with it.
        doubtful: issued certificates that no longer verify, because their key was stolen.
    """

    key: IssuerKey
    lists: int
    doubtful: int


@transaction.atomic
def rotate(*, institution_code: str, because: KeyEnd, at: datetime) -> Rotated:
    """Replace an institution's key, and sign its status lists anew with the new one.

    It works without the old private half, so it is also what to do when that is lost. The earlier
    key stays published for what it has signed; a stolen one asserts nothing any more.

    Args:
        institution_code: whose key.
        because: ``routine``, ``lost`` or ``stolen``.
        at: the instant from which the new key signs.

    Raises:
        NoKeyYet: the institution has none.
    """
    held = IssuerKey.objects.select_for_update(of=("self",)).filter(
        institution__code=institution_code
    )
    found = list(held.order_by("pk"))
    current = next((key for key in found if key.valid_to is None), None)
    if current is None:
        text = _("{code} has no signing key. It is made with its first certificate.")
        raise NoKeyYet(text.format(code=institution_code))
    keys.end(current, because=because, at=at)
    number = keys.unused_number(found, institution_code)
    key = keys.make(current.institution_id, institution_code, number, at)
    rooms = StatusList.objects.select_for_update().filter(institution_id=key.institution_id)
    lists = list(rooms.order_by("pk"))
    for room in lists:
        statuslists.publish(room, at=at)
    broken = Certificate.objects.filter(issuer_key=current, state=Certificate.State.ISSUED)
    return Rotated(key, len(lists), broken.count() if because == KeyEnd.STOLEN else 0)
