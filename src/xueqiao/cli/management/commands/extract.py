"""``xueqiao extract``: copies what is new into the lake."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.governance import publishing
from xueqiao.kernel import clock
from xueqiao.lake import catalogue, extract, reconcile
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Copy what is new into the lake. Safe to stop and to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        with progress.bars() as report:
            at = clock.now()
            publishing.publish(root=settings.LAKE)
            done = extract.extract(
                root=settings.LAKE, of=catalogue.sources(), at=at, progress=report
            )
        apart = [
            each for each in reconcile.follow(root=settings.LAKE, at=at) if not each.is_balanced
        ]
        fresh = [each for each in done if each.rows is not None]
        for each in fresh:
            text = _("{table}: {rows:,} rows").format(table=each.table, rows=each.rows)
            self.stdout.write(text)
        if not fresh:
            self.stdout.write(_("Nothing new."))
        if apart:
            text = _("{n:,} batches differ from the log; run check_lake.")
            self.stderr.write(text.format(n=len(apart)))
