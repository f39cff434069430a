"""``xueqiao check_seals``: every sealed transfer is hashed anew and led up to every signed root."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.creditbank import seals
from xueqiao.creditbank.seals.findings import Finding
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Check the sealed ledger; name every transfer, tile or seal that is not what was sealed."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        with progress.bars() as report:
            title = _("Checking sealed transfers")
            made = seals.check(now=clock.now(), report=lambda n, total: report(title, n, total))
        if made is None:
            self.stdout.write(_("Nothing is sealed yet"))
            return
        for each in made.findings:
            self.stderr.write(Finding(**each).text)
        if made.found:
            raise CommandError(_("{count} differences").format(count=made.found), returncode=1)
        text = _("{transfers:,} transfers are what was sealed")
        self.stdout.write(text.format(transfers=made.transfers))
