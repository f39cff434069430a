"""``xueqiao demo``: the main job on real data, then the site."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console

from xueqiao.cli import account, demo, serving
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Load the sample data, run the main job, print its account and serve the site."
    policy = rights.SHELL
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="do all but serve")
        parser.add_argument(
            "--reset", action="store_true", help="remove what the demo wrote and start over"
        )
        parser.add_argument("--port", type=int, default=8000, help="port of the site (8000)")

    def handle(self, *, no_serve: bool, reset: bool, port: int, **options: object) -> None:
        console = Console()
        if not no_serve:
            serving.check_port("127.0.0.1", port)
        if reset:
            demo.reset(settings.HOME)
        noted = demo.run(console=console)
        account.show(noted, console=console, port=port)
        if not no_serve:
            serving.serve(port=port)
