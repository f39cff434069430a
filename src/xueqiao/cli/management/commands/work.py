"""``xueqiao work``: does what is due, again and again, until it is stopped."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao import jobs
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Run the jobs that are due: signing, recognition, status lists. Several may run at once."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, then end")

    def handle(self, *, once: bool, **options: object) -> None:
        done = jobs.work(once=once)
        text = _(
            "{done:,} jobs done, {failed:,} failed, {given_back:,} taken over from dead workers"
        )
        self.stdout.write(text.format(**vars(done)))
