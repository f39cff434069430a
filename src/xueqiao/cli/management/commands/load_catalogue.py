"""``xueqiao load_catalogue``: courses, concepts, disciplines and the words that find them."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.catalog import mooccube
from xueqiao.cli import progress
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Load the sample courses with concepts and disciplines. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        with progress.bars() as report:
            counts = mooccube.load(progress=lambda done, total: report(_("Courses"), done, total))
        text = _("{courses:,} courses ({changed:,} new or changed) with {concepts:,} concepts")
        self.stdout.write(text.format(**vars(counts)))
