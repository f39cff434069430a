"""``xueqiao build_lake``: stage and marts from what was extracted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.kernel import clock
from xueqiao.lake import build, engines
from xueqiao.lake.distinct import making
from xueqiao.people import rights

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Build stage and marts from what was extracted. Safe to stop and to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--plan", action="store_true", help="Say what would be made and why; make nothing."
        )

    def handle(self, *, plan: bool = False, **options: object) -> None:
        if plan:
            self._plan()
        else:
            self._build()

    def _build(self) -> None:
        with engines.configured() as engine, progress.bars() as report:
            outcome = build.run(
                root=settings.LAKE,
                engine=engine,
                at=clock.now(),
                progress=lambda _name, count, total: report(_("Tables"), count, total),
            )
            done = outcome.built
            if not outcome.failed:
                done = done + making.refresh(root=settings.LAKE, engine=engine, told=outcome.told)
        for each in done:
            text = _("{table}: {rows:,} rows, parts: {parts}, {milliseconds:,} ms")
            self.stdout.write(text.format(**vars(each) | {"parts": each.shown_parts}))
        outcome.refuse_failures()
        if not done:
            self.stdout.write(_("Nothing new."))

    def _plan(self) -> None:
        planned = build.plan(root=settings.LAKE)
        for each in planned:
            reasons = "; ".join(str(reason) for reason in each.reasons)
            text = _("{table}: parts {parts}; reads {reads:,} rows, writes about {rows}; {reasons}")
            rows = _("unknown") if each.rows is None else f"{each.rows:,}"
            line = text.format(
                table=each.table,
                parts=each.shown_parts,
                reads=each.reads_rows,
                rows=rows,
                reasons=reasons,
            )
            self.stdout.write(line)
        if not planned:
            self.stdout.write(_("Nothing to make."))
