"""``xueqiao check_ledger``: every counter is recomputed from the transfers."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import audit
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Recompute every account from its transfers; refuse when one differs. Run it nightly."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        audit.refuse_differences()
        self.stdout.write(_("Every account agrees with its transfers"))
