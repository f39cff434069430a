"""``xueqiao compute_indicators``: replaces the stored values of all indicators."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.kernel import clock
from xueqiao.lake import engines
from xueqiao.monitor import compute
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Compute all indicators from the marts and store their values. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        now = clock.now()
        with engines.configured() as engine, progress.bars() as report:
            done = compute.compute(
                root=settings.LAKE,
                engine=engine,
                as_of=clock.local_date(now),
                at=now,
                progress=lambda _code, count, total: report(_("Indicators"), count, total),
            )
        if done.values is None:
            self.stdout.write(_("Nothing new."))
        else:
            self.stdout.write(_("{values:,} values stored").format(values=done.values))
