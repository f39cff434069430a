"""``xueqiao load_oulad_classes``: classes, learners, enrolments and results of OULAD."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.hall.intake import oulad
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = (
        "Load the OULAD classes, learners, enrolments and results. Safe to stop and to run again."
    )
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        with progress.bars() as report:
            counts = oulad.load(at=clock.now(), progress=report)
        text = _(
            "{offerings:,} classes, {persons:,} learners, {enrolments:,} enrolments, "
            "{completions:,} results"
        )
        self.stdout.write(text.format(**vars(counts)))
