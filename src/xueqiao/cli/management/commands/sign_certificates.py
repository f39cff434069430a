"""``xueqiao sign_certificates``: sign what waits, now instead of within the minute."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.creditbank import credentials
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Sign the certificates that wait. Safe to stop, to run again and to run twice at once."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=100_000, help="at most this many")

    def handle(self, *, limit: int, **options: object) -> None:
        with progress.bars() as report:
            title = _("Signing certificates")
            done = credentials.sign_queued(
                limit=limit, now=clock.now(), report=lambda n, total: report(title, n, total)
            )
        text = _("{signed:,} certificates signed, {left:,} left")
        self.stdout.write(text.format(signed=done.signed, left=done.left))
