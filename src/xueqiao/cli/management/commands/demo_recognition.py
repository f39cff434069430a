"""``xueqiao demo_recognition``: one application for prior learning, from draft to credit."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import demo
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Walk a sample application for prior learning through its people. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        case = demo.recognise_prior_learning()
        text = _("Application {number}: {state}")
        self.stdout.write(text.format(number=case.number, state=case.get_state_display()))
