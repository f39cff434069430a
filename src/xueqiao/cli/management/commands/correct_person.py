"""``xueqiao correct_person --person KEY --why TEXT``: puts right what is known of a person."""

from __future__ import annotations

from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.network import tree
from xueqiao.people import accounts, particulars, rights


class Command(BaseCommand):
    help = "Put right the residence, year of birth or sex of a person that was wrong all along."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--person", type=UUID, required=True, help="key of the account")
        parser.add_argument("--why", required=True, help="what the correction rests on")
        parser.add_argument("--home", default="", help="code of the place in the register nbs")
        parser.add_argument("--birth-year", type=int, help="year of birth")
        parser.add_argument("--sex", help="by GB/T 2261.1: 0, 1 or 2")

    def handle(
        self, *, person: UUID, why: str, home: str, birth_year: int | None, sex: str | None,
        **options: object,
    ) -> None:  # fmt: skip
        done = particulars.correct(
            person_id=accounts.by_key(person).pk,
            home_id=tree.by_code(home).pk if home else None,
            birth_year=birth_year,
            sex=sex,
            at=clock.now(),
            why=why,
        )
        text = _(
            "Particulars corrected: {count}. Run extract and build_lake to bring it to the lake."
        )
        self.stdout.write(text.format(count=len(done)))
