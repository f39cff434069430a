"""``xueqiao list_keys``: every key pair, by source; never a secret."""

from __future__ import annotations

import json

from django.core.management.base import BaseCommand, CommandParser

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import keys


class Command(BaseCommand):
    help = "Show the key pairs, one a line as JSON: source, key, scopes, label, state, last use."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", default="", help="code of one source")
        parser.add_argument("--in-force", action="store_true", help="leave out keys that are over")

    def handle(self, *, source: str, in_force: bool, **options: object) -> None:
        now = clock.now()
        for row in keys.listed(source=source, at=now, in_force=in_force):
            self.stdout.write(json.dumps(keys.described(row, at=now), ensure_ascii=False))
