"""``xueqiao load_service_points``: the sample network of service points, banks and alliances."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.service import sample


class Command(BaseCommand):
    help = "Load the sample service points, credit banks and alliances. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        nodes, banks = sample.load(at=clock.now())
        text = _("{nodes} service points, {banks} banks and alliances")
        self.stdout.write(text.format(nodes=nodes, banks=banks))
