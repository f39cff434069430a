"""``xueqiao load_people``: the named people of the demo."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.people import demo, rights


class Command(BaseCommand):
    help = "Open the accounts of the demo people and give them their roles. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        count = demo.load_people(at=clock.now())
        self.stdout.write(_("{count} demo people are there").format(count=count))
