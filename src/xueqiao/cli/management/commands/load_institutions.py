"""``xueqiao load_institutions``: the sample institutions on real places."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.kernel import clock
from xueqiao.network.loading import sample_institutions
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Make the sample institutions (示例) on the places that are loaded. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        with progress.bars() as report:
            done = sample_institutions.load_institutions(at=clock.now(), report=report)
        for step in done:
            text = (
                _("{name}: {rows} rows loaded")
                if step.is_new
                else _("{name}: {rows} rows were there")
            )
            self.stdout.write(text.format(name=step.name, rows=step.rows))
