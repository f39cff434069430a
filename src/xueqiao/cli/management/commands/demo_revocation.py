"""``xueqiao demo_revocation``: one sample certificate is revoked, to be seen on ``/verify/``."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import credentials
from xueqiao.kernel import clock
from xueqiao.people import rights


class Command(BaseCommand):
    help = "Revoke one sample certificate, once. Safe to run again."
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        done = credentials.revoke_sample(reason="示例：复核发现证据不实", at=clock.now())
        if done is None:
            self.stdout.write(_("No certificate of a sample institution was issued yet"))
            return
        self.stdout.write(
            _("{key} revoked: {reason}").format(key=done.key, reason=done.revoke_reason)
        )
