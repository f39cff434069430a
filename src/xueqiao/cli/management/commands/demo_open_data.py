"""``xueqiao demo_open_data``: two open data sets of the demo's lake, on ``/data/``."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import demo
from xueqiao.governance.opening import sample
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Publish two sample sets of open data made from the lake. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        analyst, steward = demo.person("analyst"), demo.person("province")
        done = sample.publish(analyst=analyst, steward=steward, at=clock.now())
        for row in done:
            text = _("{address}: {rows:,} rows")
            rows = row.editions.latest("made_at").rows
            self.stdout.write(text.format(address=f"/data/{row.code}/", rows=rows))
