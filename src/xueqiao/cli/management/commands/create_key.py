"""``xueqiao create_key``: a key pair with which a platform sends and reads statements."""

from __future__ import annotations

import json

from django.core.management.base import BaseCommand, CommandParser
from django.utils.text import slugify

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import keys, sources


class Command(BaseCommand):
    help = "Make a key pair for a source. The secret is shown once."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, help="name of the platform")
        parser.add_argument(
            "--scope", action="append", required=True, metavar="SCOPE",
            help="all, statements/write, statements/read, statements/read/mine; repeat for several",
        )  # fmt: skip

    def handle(self, *, source: str, scope: list[str], **options: object) -> None:
        now = clock.now()
        opened = sources.open_source(code=slugify(source, allow_unicode=True), name=source, at=now)
        key, secret = keys.create_key(source=opened, scopes=scope, at=now)
        self.stdout.write(json.dumps({"key": key, "secret": secret}))
