"""``xueqiao export_statements``: a large result as files, resumed where it was stopped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.cli import progress
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records.exporting import jobs, writing
from xueqiao.records.models import ExportJob
from xueqiao.records.personas import identifiers

FILTERS = ("verb", "activity", "registration", "since", "until")


class Command(BaseCommand):
    help = "Export statements as NDJSON, CSV or Parquet. Stopped, the same call goes on."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, required=True, help="folder for the files")
        parser.add_argument("--format", default="ndjson", choices=ExportJob.Kind.values)
        parser.add_argument("--agent", help="exactly this identifier: a mailbox, “https://… name”")
        parser.add_argument("--persona", help="this identifier and all that are joined with it")
        for name in FILTERS:
            parser.add_argument(f"--{name}", help="as the statement resource takes it")

    def handle(self, *, to: Path, **options: Any) -> None:
        filters = {name: options[name] for name in FILTERS if options[name]}
        if options["agent"]:
            filters["agent"] = identifiers.agent_json(options["agent"])
        if options["persona"]:
            filters["persona"] = identifiers.parse(options["persona"])
        kind = options["format"]
        job = self.stopped(kind, filters) or jobs.ask(
            filters=filters, kind=kind, by=None, at=clock.now()
        )
        with progress.bars() as report:
            done = writing.run(
                job=job, at=clock.now(), progress=lambda n, of: report(_("Statements"), n, of)
            )
        to.mkdir(parents=True, exist_ok=True)
        for part in done.parts.order_by("number"):
            shutil.copy2(writing.folder(done) / part.name, to / part.name)
        text = _("{rows:,} statements in {files:,} files: {state}")
        told = {"files": done.parts.count(), "state": done.get_state_display()}
        self.stdout.write(text.format(rows=done.rows, **told))

    @staticmethod
    def stopped(kind: str, filters: dict[str, str]) -> ExportJob | None:
        """The export of an earlier call with the same filters that was stopped half-way."""
        open_ = ExportJob.objects.to_work().filter(asked_by=None, kind=kind)
        return next((job for job in open_.order_by("-pk") if job.filters == filters), None)
