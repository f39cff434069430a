"""``xueqiao seal_ledger``: seal what was posted, now instead of within the minute."""

from __future__ import annotations

import sys

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.creditbank import seals
from xueqiao.creditbank.seals import sealing
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Put posted transfers under a signed root. Safe to stop, to run again and twice at once."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=sys.maxsize, help="at most this many")
        parser.add_argument(
            "--rescan", action="store_true",
            help="first look for transfers that were passed over; needed once after a restore",
        )  # fmt: skip

    def handle(self, *, limit: int, rescan: bool, **options: object) -> None:
        now = clock.now()
        passed = sealing.rescan(now=now) if rescan else 0
        with progress.bars() as report:
            title = _("Sealing transfers")
            done = passed + seals.catch_up(
                now=now, limit=limit, report=lambda n, total: report(title, n, total)
            )
        text = _("{done:,} transfers sealed, {size:,} in all")
        self.stdout.write(text.format(done=done, size=sealing.size()))
