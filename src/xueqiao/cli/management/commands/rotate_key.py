"""``xueqiao rotate_key``: replace a key pair; the old one opens a while longer."""

from __future__ import annotations

import json
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandParser

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import keys


class Command(BaseCommand):
    help = "Make a new key pair with the scopes of an old one, which opens until the grace is over."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="name of the key to replace, such as xq-…")
        parser.add_argument(
            "--grace-hours", type=int, default=int(keys.GRACE.total_seconds() // 3600),
            help="how long the old key still opens",
        )  # fmt: skip

    def handle(self, *, key: str, grace_hours: int, **options: object) -> None:
        fresh, secret = keys.rotate_key(
            pair=keys.named(key), at=clock.now(), grace=timedelta(hours=grace_hours)
        )
        self.stdout.write(json.dumps({"key": fresh, "secret": secret}))
