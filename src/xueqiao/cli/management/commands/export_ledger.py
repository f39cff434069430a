"""``xueqiao export_ledger``: the whole ledger as a file that a program of others checks."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.creditbank import beancount
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Write the ledger as a Beancount file; check it with bean-check."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", default="beancount", choices=["beancount"])
        parser.add_argument("--to", type=Path, required=True, help="the file to write")

    def handle(self, *, to: Path, **options: object) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with to.open("w", encoding="utf-8") as file:
            for line in beancount.lines():
                written += file.write(f"{line}\n")
        text = _("{size:,} characters written to {file}. Check them with: bean-check {file}")
        self.stdout.write(text.format(size=written, file=to))
