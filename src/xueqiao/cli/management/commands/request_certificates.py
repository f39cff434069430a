"""``xueqiao request_certificates``: ask for the certificates of a number of learners."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.creditbank import credentials
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Ask for the certificate of the first lot of each learner. Safe to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=300, help="learners, earliest first (300)")

    def handle(self, *, limit: int, **options: object) -> None:
        done = credentials.request_first_of_each_learner(limit=limit, requested_at=clock.now())
        self.stdout.write(_("{count:,} certificates asked for").format(count=done))
