"""Partners: opened with a shared secret, paused, and told apart by their code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.exchange.models import Partner
from xueqiao.kernel import clock, errors, hosts, sealing

if TYPE_CHECKING:
    from datetime import date, datetime

PURPOSE = "exchange.partner"
SHORTEST = 32
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


class PartnerTaken(errors.Refusal):
    """Another partner has this code."""

    code = "exchange.partner_taken"


class PartnerUnfit(errors.Refusal):
    """A code, an address or a secret is not as it has to be."""

    code = "exchange.partner_unfit"
    status = 422


@transaction.atomic
def open_partner(
    *, code: str, name: str, own_code: str, driver: str, address: str, secret: str, at: datetime,
    begins_on: date | None = None,
) -> Partner:  # fmt: skip
    """Open a partner.

    Args:
        own_code: what the partner calls us.
        address: an https address, or the name of a folder below ``exchange/``.
        secret: shared with the partner; at least ``SHORTEST`` characters. Kept sealed.
        begins_on: first day that is compared; today when not given.

    Raises:
        PartnerTaken, PartnerUnfit, hosts.NotAllowed.
    """
    _refuse_unfit(code, own_code, driver, address, secret)
    sealed = sealing.seal(secret, key=settings.SECRET_KEY, purpose=PURPOSE)
    try:
        with transaction.atomic():
            return Partner.objects.create(
                code=code, name=name.strip() or code, own_code=own_code, driver=driver,
                address=address, sealed_secret=sealed, opened_at=at,
                begins_on=begins_on or clock.local_date(at),
            )  # fmt: skip
    except IntegrityError as why:
        text = _("There is a partner {code} already. Choose another code.")
        raise PartnerTaken(text.format(code=code), pointer="code") from why


@transaction.atomic
def pause(*, partner: Partner, at: datetime | None) -> Partner:
    """Send nothing and compare nothing from ``at`` on; None: go on. Nothing is lost meanwhile."""
    row = Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    row.paused_at = at
    row.save(update_fields=["paused_at"])
    return row


def secret(partner: Partner) -> str:
    """The shared secret, opened. Raises ``sealing.SealBroken``."""
    return sealing.unseal(partner.sealed_secret, key=settings.SECRET_KEY, purpose=PURPOSE)


def _refuse_unfit(code: str, own_code: str, driver: str, address: str, secret: str) -> None:
    for name, value in (("code", code), ("own_code", own_code)):
        if not CODE.fullmatch(value):
            text = _("Write a code of Latin letters, digits, dots and dashes.")
            raise PartnerUnfit(text, pointer=name)
    if len(secret) < SHORTEST:
        text = _("The shared secret has at least {n} characters.")
        raise PartnerUnfit(text.format(n=SHORTEST), pointer="secret")
    if driver == Partner.Driver.HTTP:
        hosts.check(address)
    elif not CODE.fullmatch(address):
        text = _("Write the folder's name: Latin letters, digits, dots and dashes.")
        raise PartnerUnfit(text, pointer="address")
