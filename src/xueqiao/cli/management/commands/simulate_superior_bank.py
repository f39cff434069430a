"""``xueqiao simulate_superior_bank``: a bank to report to, for trying the exchange out."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.exchange import simulated
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Listen as a superior bank on the loopback address, until stopped. Not for use."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8190)
        parser.add_argument("--secret", required=True, help="shared with the partner's form")
        parser.add_argument("--lose", type=int, default=0, help="so many messages get lost")
        parser.add_argument("--alter", type=int, default=0, help="so many messages get changed")

    def handle(self, *, port: int, secret: str, lose: int, alter: int, **options: object) -> None:
        server = simulated.serve(simulated.Bank(secret, lose=lose, alter=alter), port)
        text = _("A simulated superior bank listens on http://127.0.0.1:{port}. Stop it by Ctrl+C.")
        self.stdout.write(text.format(port=server.server_port))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()
