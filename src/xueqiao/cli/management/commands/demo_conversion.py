"""``xueqiao demo_conversion``: one module is converted into a programme, up to its cap."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import demo
from xueqiao.kernel import credit
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Convert a sample learner's credit into a programme under its cap. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        done = demo.convert_module()
        text = _("{credits} credits in the programme: {state}")
        credits_ = credit.show(done.granted_hundredths)
        self.stdout.write(text.format(credits=credits_, state=done.get_state_display()))
