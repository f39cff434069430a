"""``xueqiao revoke_key``: end a key pair now."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import keys


class Command(BaseCommand):
    help = "End a key pair. Every server process refuses it within five seconds."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="name of the key, such as xq-…")

    def handle(self, *, key: str, **options: object) -> None:
        done = keys.revoke_key(pair=keys.named(key), at=clock.now())
        text = _("{key} of {source} no longer opens.")
        self.stdout.write(text.format(key=done.key, source=done.source.name))
