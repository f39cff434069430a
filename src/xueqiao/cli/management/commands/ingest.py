"""``xueqiao ingest``: learning records of other platforms become statements."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao import sample
from xueqiao.cli import progress
from xueqiao.intake import feed, feeds
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import actors

SAMPLE = Path(sample.__file__).parent


class Command(BaseCommand):
    help = "Take in the learning records of other platforms. Safe to stop and to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        codes = [each.code for each in feeds.FEEDS]
        parser.add_argument("--only", nargs="+", default=[], metavar="FEED", help=", ".join(codes))
        parser.add_argument("--folder", type=Path, default=SAMPLE, help="folder of the files")

    def handle(self, *, only: list[str], folder: Path, **options: object) -> None:
        with progress.bars() as report:
            for each in feed.chosen(feeds.FEEDS, only):
                done = feed.run(feed=each, folder=folder, progress=partial(report, each.name))
                text = _(
                    "{name}: {received:,} received = {accepted:,} accepted + {duplicate:,} "
                    "duplicate + {quarantined:,} quarantined"
                )
                self.stdout.write(text.format(name=each.name, **done._asdict()))
        linked = actors.resolve(at=clock.now())
        self.stdout.write(_("{n:,} actors newly matched with persons").format(n=linked))
