"""``xueqiao import_course FILE``: bring a cmi5 course package in."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from xueqiao.cmi5 import packages, queries
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Bring a cmi5 course package in, or a cmi5.xml alone. Safe to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the package (zip) or cmi5.xml")

    def handle(self, *, file: Path, **options: object) -> None:
        try:
            package = file.open("rb")
        except OSError as why:
            said = _("{path} cannot be read: {why}. Check the path and the file's rights.")
            raise CommandError(said.format(path=file, why=why.strerror)) from why
        with package:
            version = packages.import_package(
                file=package, name=file.name, at=clock.now(), by_id=None
            )
        text = _("“{title}”, version {n}")
        self.stdout.write(text.format(title=queries.spoken(version.title), n=version.number))
