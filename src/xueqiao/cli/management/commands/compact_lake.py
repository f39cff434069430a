"""``xueqiao compact_lake``: few large files instead of many small ones, and no old ones."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.lake import compaction, engines, tables
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Lay small files of the lake together and delete those of earlier versions."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--keep-hours",
            type=int,
            default=tables.KEEP_HOURS,
            help="how long files of earlier versions stay for those who still read them",
        )

    def handle(self, *, keep_hours: int, **options: object) -> None:
        with engines.configured() as engine:
            done = compaction.compact(root=settings.LAKE, engine=engine)
        for each in done:
            text = _("{table}: {before:,} files laid together as {after:,}")
            name = f"{each.table} {each.part}".strip()
            facts = {"table": name, "before": each.before, "after": each.after}
            self.stdout.write(text.format(**facts))
        swept = compaction.sweep(root=settings.LAKE, keep_hours=keep_hours)
        if swept:
            text = _("{n:,} files of earlier versions deleted")
            self.stdout.write(text.format(n=swept))
        if not done and not swept:
            self.stdout.write(_("Nothing to do."))
