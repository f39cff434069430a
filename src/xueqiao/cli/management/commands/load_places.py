"""``xueqiao load_places``: places of both registers, census and outlines."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao import sample
from xueqiao.cli import progress
from xueqiao.kernel import clock
from xueqiao.network.loading import places
from xueqiao.people import rights

SAMPLE = Path(sample.__file__).parent / "regions"


class Command(BaseCommand):
    help = "Load the places of both registers, the census and the outlines. Safe to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=SAMPLE, help="folder of the files")

    def handle(self, *, folder: Path, **options: object) -> None:
        with progress.bars() as report:
            done = places.load_places(folder=folder, at=clock.now(), report=report)
        for step in done:
            text = (
                _("{name}: {rows} rows loaded")
                if step.is_new
                else _("{name}: {rows} rows were there")
            )
            self.stdout.write(text.format(name=step.name, rows=step.rows))
