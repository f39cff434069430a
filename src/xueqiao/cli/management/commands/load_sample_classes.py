"""``xueqiao load_sample_classes``: classes that are open for enrolment now (示例)."""

from __future__ import annotations

from datetime import date

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.hall.intake import sample_classes
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Load sample classes that start in the weeks after a day. Safe to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--as-of",
            type=date.fromisoformat,
            default=None,
            help="day the classes are open on, as 2026-03-02; today unless given",
        )

    def handle(self, *, as_of: date | None, **options: object) -> None:
        day = as_of or clock.today()
        counts = sample_classes.load(day=day)
        text = _(
            "{offerings:,} classes open from {day}, {taken:,} seats taken, {waiting:,} waiting"
        )
        self.stdout.write(text.format(**vars(counts)))
