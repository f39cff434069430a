"""``xueqiao move_person --person KEY --home CODE --since DAY --why TEXT``: a new residence."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.network import tree
from xueqiao.people import accounts, particulars, rights


class Command(BaseCommand):
    help = "Give a person another place of residence from a day on. Earlier days stay as they were."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--person", type=UUID, required=True, help="key of the account")
        parser.add_argument("--home", required=True, help="code of the place in the register nbs")
        parser.add_argument(
            "--since", type=date.fromisoformat, required=True, help="first day there: 2026-03-02"
        )
        parser.add_argument("--why", required=True, help="what the change rests on")

    def handle(self, *, person: UUID, home: str, since: date, why: str, **options: object) -> None:
        found, place = accounts.by_key(person), tree.by_code(home)
        particulars.move(person_id=found.pk, home_id=place.pk, since=since, at=clock.now(), why=why)
        text = _("{name} lives in {place} from {day} on.")
        self.stdout.write(text.format(name=found.name, place=place.name, day=since))
