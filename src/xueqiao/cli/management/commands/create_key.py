"""``xueqiao create_key``: a key pair with which a platform sends and reads statements."""

from __future__ import annotations

import json
from datetime import date

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils.text import slugify

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import keys, sources
from xueqiao.records.models import Scope


class Command(BaseCommand):
    help = "Make a key pair for a source, which is opened at first use. The secret is shown once."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, help="name of the platform")
        parser.add_argument(
            "--scope", action="append", required=True, metavar="SCOPE",
            help=f"{', '.join(Scope.values)}; repeat for several",
        )  # fmt: skip
        parser.add_argument("--label", default="", help="what the key is used for")
        parser.add_argument(
            "--expires", type=date.fromisoformat, metavar="YYYY-MM-DD",
            help="first day on which it no longer opens; left out: never",
        )  # fmt: skip

    def handle(
        self, *, source: str, scope: list[str], label: str, expires: date | None, **options: object
    ) -> None:
        now = clock.now()
        # A source is not opened for a key that is refused.
        with transaction.atomic():
            key, secret = keys.create_key(
                source=sources.open_source(
                    code=slugify(source, allow_unicode=True), name=source, at=now
                ),
                scopes=scope,
                at=now,
                expires_at=clock.start_of(expires) if expires else None,
                label=label,
            )
        self.stdout.write(json.dumps({"key": key, "secret": secret}))
