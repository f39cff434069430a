"""``xueqiao rotate_signing_key``: a new signing key for the bank or for an institution."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import rotation
from xueqiao.creditbank.models import KeyEnd
from xueqiao.creditbank.seals import keys
from xueqiao.kernel import clock
from xueqiao.kernel.signing import sealers
from xueqiao.people import rights


class Command(BaseCommand):
    help = (
        "Replace a signing key. The earlier one stays published for what it has signed, unless it "
        "was stolen. Works without the old private half."
    )
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--bank", action="store_true", help="the key that seals the ledger")
        whose.add_argument("--institution", help="code of the institution that issues")
        parser.add_argument(
            "--because", choices=[KeyEnd.ROUTINE, KeyEnd.LOST, KeyEnd.STOLEN],
            default=KeyEnd.ROUTINE.value, help="why; a stolen key asserts nothing any more",
        )  # fmt: skip
        parser.add_argument(
            "--algorithm", choices=[sealers.ED25519, sealers.SM2], default=sealers.ED25519,
            help="of the bank's key",
        )  # fmt: skip

    def handle(
        self, *, bank: bool, institution: str, because: str, algorithm: str, **options: object
    ) -> None:
        why = KeyEnd(because)
        self.stdout.write(_bank(algorithm, why) if bank else _institution(institution, why))


def _institution(code: str, why: KeyEnd) -> str:
    done = rotation.rotate(institution_code=code, because=why, at=clock.now())
    said = _("New key {method}; {lists} status lists signed anew")
    lines = [said.format(method=done.key.method, lists=done.lists)]
    if done.doubtful:
        said = _(
            "{count} certificates were signed with the stolen key and no longer verify: issue them "
            "anew"
        )
        lines.append(said.format(count=done.doubtful))
    return "\n".join(lines)


def _bank(algorithm: str, why: KeyEnd) -> str:
    made = keys.rotate(algorithm=algorithm, because=why, at=clock.now())
    text = _("New key {method}. Publish it: {key}")
    return text.format(method=made.method, key=keys.verifier_key(made))
