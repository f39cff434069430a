"""``xueqiao demo_panel``: ten years of work and a certificate, assessed by a panel."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import demo_panel
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Walk a sample case with work and a certificate through its panel. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        case = demo_panel.recognise_by_panel()
        text = _("Application {number}: {state}")
        self.stdout.write(text.format(number=case.number, state=case.get_state_display()))
