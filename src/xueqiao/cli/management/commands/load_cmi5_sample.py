"""``xueqiao load_cmi5_sample``: the sample course that shows how to use the platform."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.cmi5 import queries, sample
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Bring the sample online course in. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        version = sample.load(at=clock.now())
        text = _("“{title}”, version {n}")
        self.stdout.write(text.format(title=queries.spoken(version.title), n=version.number))
