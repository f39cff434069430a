"""``xueqiao erase_lake``: take out of the lake what was erased, now instead of by the next job."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from xueqiao.governance.erasing import following, returning
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Take out of the lake what was erased from the records. Safe to stop and to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing; compare every id of the lake with what was ever erased",
        )

    def handle(self, *, check: bool, **options: object) -> None:
        if check:
            self._check()
            return
        done = following.follow_all(now=clock.now())
        if done.refusal:
            raise done.refusal
        text = _("{batches} batches of the log followed, {finished} erasures finished.")
        self.stdout.write(text.format(batches=done.batches, finished=done.finished))

    def _check(self) -> None:
        found = returning.returned(now=clock.now())
        for table, parts in found.items():
            text = _("{table}: {n:,} rows of erased statements")
            self.stdout.write(text.format(table=table, n=sum(parts.values())))
        if found:
            raise CommandError(_("Run the command erase_lake to take them out."), returncode=1)
        self.stdout.write(_("Nothing that was erased is in the lake."))
