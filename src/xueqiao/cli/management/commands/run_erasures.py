"""``xueqiao run_erasures``: carry out what two persons decided, now instead of by the next job."""

from __future__ import annotations

from functools import partial

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records.erasure import execution, retention
from xueqiao.records.models import Erasure


class Command(BaseCommand):
    help = "Carry out approved erasures and retention. Safe to stop and to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        now = clock.now()
        retention.raise_due(now=now)
        waiting = list(Erasure.objects.to_execute().order_by("pk"))
        with progress.bars() as report:
            for each in waiting:
                name = f"E-{each.pk}"
                done = execution.run(erasure=each, at=now, progress=partial(report, name))
                text = _("{name}: {n:,} statements erased, {state}")
                told = {"n": done.done["statements"], "state": done.get_state_display()}
                self.stdout.write(text.format(name=name, **told))
        if not waiting:
            self.stdout.write(_("Nothing is approved."))
