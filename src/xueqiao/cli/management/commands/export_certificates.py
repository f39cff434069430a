"""``xueqiao export_certificates``: certificates as files that strangers check offline."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.creditbank.credentials import exports
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Write certificates with DID documents, status lists, contexts and index.json."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="folder to write into; made when missing")
        parser.add_argument("--limit", type=int, default=100, help="certificates at most (100)")

    def handle(self, *, folder: Path, limit: int, **options: object) -> None:
        with progress.bars() as report:
            title = _("Writing certificates")
            done = exports.export(
                folder=folder, limit=limit, report=lambda n, total: report(title, n, total)
            )
        text = _("{certificates:,} certificates, {did:,} DID documents, {status:,} status lists")
        self.stdout.write(f"{text.format(**done)}: {folder.resolve()}")
