"""``xueqiao build_lake``: stage and marts from what was extracted."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.kernel import clock
from xueqiao.lake import build, engines
from xueqiao.lake.distinct import making
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Build stage and marts from what was extracted. Safe to stop and to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        with engines.configured() as engine, progress.bars() as report:
            done = build.build(
                root=settings.LAKE,
                engine=engine,
                at=clock.now(),
                progress=lambda _name, count, total: report(_("Tables"), count, total),
            )
            done += making.refresh(root=settings.LAKE, engine=engine)
        for each in done:
            text = _("{table}: {rows:,} rows, parts: {parts}, {milliseconds:,} ms")
            self.stdout.write(text.format(**vars(each) | {"parts": each.shown_parts}))
        if not done:
            self.stdout.write(_("Nothing new."))
