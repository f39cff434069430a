"""``xueqiao serve``: the site over what is there."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser

from xueqiao.cli import serving
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Serve the site over what is in the home folder."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--threads", type=int, default=4, help="requests at a time")
        parser.add_argument(
            "--workers", type=int, default=1, help="processes, each with its own threads"
        )

    def handle(
        self, *, port: int, host: str, threads: int, workers: int, **options: object
    ) -> None:
        self.stdout.write(f"http://{host}:{port}/")
        serving.serve(port=port, host=host, threads=threads, workers=workers)
