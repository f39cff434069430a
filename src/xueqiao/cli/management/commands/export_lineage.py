"""``xueqiao export_lineage``: the lineage as OpenLineage events for a catalogue outside."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.lake.lineage import openlineage
from xueqiao.lake.recipes import recipes
from xueqiao.people import rights
from xueqiao.web.cockpit import lineage


class Command(BaseCommand):
    help = "Write the builds and the lineage of every column as OpenLineage events, one a line."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, required=True, help="the file to write")

    def handle(self, *, to: Path, **options: object) -> None:
        whole, written = lineage.whole(), 0
        above = [name for name in whole.tables if name.startswith(("indicator.", "chart."))]
        made = [name for name in whole.tables if name.startswith("bronze.") or name in recipes()]
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("w", encoding="utf-8") as file:
            for event in openlineage.designs(whole, [*made, *above], at=clock.now()):
                written += bool(file.write(f"{openlineage.line(event)}\n"))
            for event in openlineage.runs(settings.LAKE, whole):
                written += bool(file.write(f"{openlineage.line(event)}\n"))
        text = _("{count:,} events written to {file}.")
        self.stdout.write(text.format(count=written, file=to))
