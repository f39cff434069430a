"""``xueqiao connect``: make a connection, where no page is at hand or many are made at once."""

from __future__ import annotations

import os

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from xueqiao.intake import connections, connectors
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import sources


class Command(BaseCommand):
    help = (
        "Make a connection of a source. It runs by xueqiao pull, or by a schedule set on its page."
    )
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, help="name of the platform")
        parser.add_argument("--kind", required=True, choices=[*connectors.KINDS])
        parser.add_argument("--name", required=True, help="of the connection")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", dest="values",
            help="a setting of the kind; repeat for several",
        )  # fmt: skip
        parser.add_argument(
            "--secret", action="append", default=[], metavar="NAME=VARIABLE", dest="secrets",
            help="a secret setting, read from an environment variable",
        )  # fmt: skip

    def handle(
        self, *, source: str, kind: str, name: str, values: list[str], secrets: list[str],
        **options: object,
    ) -> None:  # fmt: skip
        given = dict(_pair(each) for each in values)
        given |= {key: _secret(word) for key, word in map(_pair, secrets)}
        now = clock.now()
        code = slugify(source, allow_unicode=True)
        with transaction.atomic():
            opened = sources.open_source(code=code, name=source, at=now)
            made = connections.create(source=opened, kind=kind, name=name, values=given, at=now)
        self.stdout.write(made.name)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(_("Write “{text}” as NAME=VALUE.").format(text=text))
    return name, value


def _secret(variable: str) -> str:
    if variable not in os.environ:
        text = _("There is no environment variable {name}.")
        raise CommandError(text.format(name=variable))
    return os.environ[variable]
