"""``xueqiao expire_reservations``: what nobody answered in time is given back."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import awards, conversion, ledger
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Let reservations lapse whose time is over. Safe to stop and to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        now = clock.now()
        count = conversion.expire_due(now=now) + awards.expire_due(now=now)
        count += ledger.expire_due(now=now)
        self.stdout.write(_("{count} reservations lapsed").format(count=count))
