"""``xueqiao recognise``: completed modules become credit."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from rich.progress import Progress

from xueqiao.creditbank import completions
from xueqiao.kernel import clock, credit
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Post credit for completions that wait in the log. Safe to stop and to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        with Progress(transient=True) as progress:
            task = progress.add_task(_("Recognising"), total=completions.waiting())
            done = completions.follow(
                now=clock.now(), advance=lambda read: progress.advance(task, read)
            )
        text = _(
            "{read:,} completions read: {posted:,} lots of {credits} credits posted, "
            "{not_passed:,} not passed, {repeated:,} known before, {no_unit:,} without a unit"
        )
        self.stdout.write(text.format(**vars(done), credits=credit.show(done.hundredths)))
