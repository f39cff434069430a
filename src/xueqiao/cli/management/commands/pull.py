"""``xueqiao pull``: fetch what is new over one connection, to its end."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.intake import connections, running
from xueqiao.people import rights
from xueqiao.records.statements import BatchResult


class Command(BaseCommand):
    help = "Fetch what is new over a connection. Safe to stop and to run again."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", required=True, metavar="NAME", help="its name")
        parser.add_argument(
            "--source", default="", metavar="CODE", help="needed where several have the name"
        )

    def handle(self, *, connection: str, source: str, **options: object) -> None:
        found = connections.named(name=connection, source=source)
        text = _(
            "{name}: {received:,} received = {accepted:,} accepted + {duplicate:,} duplicate + "
            "{quarantined:,} quarantined ({state})"
        )
        for run in running.run_to_the_end(connection=found):
            counts = {name: getattr(run, name) for name in BatchResult._fields}
            state = run.get_state_display()
            self.stdout.write(text.format(name=found.name, state=state, **counts))
