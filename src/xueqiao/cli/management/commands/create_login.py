"""``xueqiao create_login --person KEY --username NAME``: lets a person sign in."""

from __future__ import annotations

import getpass
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from xueqiao.people import accounts, rights


class Command(BaseCommand):
    help = "Let a person sign in, or set a new password. Asks for the password."
    policy = rights.SHELL

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--person", type=UUID, required=True, help="key of the account")
        parser.add_argument("--username", required=True, help="the name to sign in with")

    def handle(self, *, person: UUID, username: str, **options: object) -> None:
        found = accounts.by_key(person)
        password = getpass.getpass(_("Password for {name}: ").format(name=found.name))
        again = getpass.getpass(_("The same again: "))
        accounts.create_login(
            person_id=found.pk, username=username, password=password, repeated=again
        )
        text = _("{name} can sign in as {username}.")
        self.stdout.write(text.format(name=found.name, username=username))
