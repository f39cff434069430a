"""``xueqiao load_standards``: frameworks, standards, units, measures, conversion rules."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.creditbank import standards
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Load frameworks, standards, units, measures and conversion rules. Safe to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=standards.SAMPLE, help="files to load")

    def handle(self, *, folder: Path, **options: object) -> None:
        count = standards.load(folder=folder)
        text = _("{seen:,} rows of standards and rules, {new:,} of them new")
        self.stdout.write(text.format(seen=count.seen, new=count.new))
