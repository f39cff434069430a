"""``xueqiao retain_lake``: give up what two persons allowed, or say what the terms call for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from xueqiao.governance.retaining import planning, receipt, runs
from xueqiao.kernel import clock
from xueqiao.people import rights

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Give up what is older than its term and was approved. Safe to stop and to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--plan", action="store_true", help="Say what would go of each table; change nothing."
        )

    def handle(self, *, plan: bool = False, **options: object) -> None:
        if plan:
            self._plan()
        else:
            self._work()

    def _plan(self) -> None:
        plan = planning.look(at=clock.now())
        for name, each in plan.tables.items():
            text = _("{table}: {rows:,} rows before {kept_from}, {size:,} bytes; {held:,} held")
            line = text.format(
                table=name, rows=each["rows"], kept_from=each["kept_from"],
                size=each["size_bytes"], held=each["held"],
            )  # fmt: skip
            self.stdout.write(line)
        if not plan.rows:
            self.stdout.write(_("Nothing is older than its term, or a hold keeps it."))

    def _work(self) -> None:
        run = runs.work(now=clock.now())
        if run is None:
            self.stdout.write(_("No plan is approved. Ask for one in the console under Data."))
            return
        if run.held_up_by:
            raise CommandError(run.held_up_text, returncode=1)
        text = _("R-{number}: {rows:,} rows given up, {files:,} files of earlier versions deleted")
        facts = {"number": run.pk, "rows": receipt.rows(run.found), "files": run.files}
        self.stdout.write(text.format(**facts))
