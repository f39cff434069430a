"""``xueqiao check_lake``: is everything in the lake that came, once, and every file still there?"""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.lake import catalogue, mending, reconcile
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Compare every batch with its rows in the lake, and look for lost files."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--mend",
            action="store_true",
            help="read again what lost files held, and have the tables made from it made anew",
        )

    def handle(self, *, mend: bool, **options: object) -> None:
        lost = mending.lost(settings.LAKE)
        for table, files in lost.items():
            text = _("{table}: {n:,} files are lost").format(table=table, n=len(files))
            self.stdout.write(text)
        if lost and not mend:
            raise CommandError(_("Run check_lake --mend to bring them back."), returncode=1)
        if lost:
            self._mend(list(lost))
        self._reconcile()

    def _mend(self, names: list[str]) -> None:
        done = mending.mend(root=settings.LAKE, of=catalogue.sources(), at=clock.now())
        for table, rows in done.items():
            text = _("{table}: {rows:,} rows brought back").format(table=table, rows=rows)
            self.stdout.write(text)
        if mending.drop_made(root=settings.LAKE, names=names):
            self.stdout.write(_("Run build_lake to make the other tables anew."))

    def _reconcile(self) -> None:
        apart = reconcile.check(root=settings.LAKE, at=clock.now())
        for each in apart:
            text = _("Batch {batch}: {stored:,} rows in the log, {rows:,} in the lake")
            facts = {"batch": each.batch_id, "stored": each.stored, "rows": each.rows}
            self.stdout.write(text.format(**facts))
        if apart:
            raise CommandError(
                _(
                    "Batches differ. Rows too many may wait for an erasure (run erase_lake); rows "
                    "too few after that are lost (run check_lake --mend)."
                ),
                returncode=1,
            )
        self.stdout.write(_("Every batch is in the lake once."))
