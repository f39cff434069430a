"""``xueqiao load_budgets``: approved budgets by place and year."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.funds import intake
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Load approved budgets from a CSV file, all rows or none. Safe to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, default=intake.SAMPLE, help="the file to load")

    def handle(self, *, file: Path, **options: object) -> None:
        counts = intake.load(path=file)
        text = _("{rows:,} budgets of {fen:,} fen in all, {new:,} of them new")
        self.stdout.write(text.format(**vars(counts)))
