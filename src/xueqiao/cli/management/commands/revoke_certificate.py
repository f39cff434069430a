"""``xueqiao revoke_certificate``: revoke one certificate for good."""

from __future__ import annotations

from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.creditbank import credentials
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Revoke a certificate. It cannot be taken back; the status list shows it at once."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", type=UUID, help="number on the certificate's page")
        parser.add_argument("--reason", required=True, help="why; the learner reads it")

    def handle(self, *, key: UUID, reason: str, **options: object) -> None:
        done = credentials.revoke(key=key, reason=reason, at=clock.now())
        text = _("{key} {state}: {reason}")
        state = done.get_state_display()
        self.stdout.write(text.format(key=key, state=state, reason=done.revoke_reason))
