"""What waits for a person in the rulebook: agreements to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import TransferAgreement
from xueqiao.creditbank.rulebook import agreements
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person

# What a group of the work list needs: code, title, address, and (title, detail, address) of each.
Line = tuple[str, str, str]
SHOWN = 8


def signatures(person: Person, today: date) -> list[Line]:
    """Agreements that were put forward and lack the signature of a side the person speaks for."""
    if not rights.allows(person, rights.AGREEMENTS, today):
        return []
    rows = TransferAgreement.objects.kept_by(person, today).awaiting().order_by("offered_at")
    return [
        (each.title_zh, f"{each.giving} · {each.receiving}", _address(each.pk))
        for each in rows[:SHOWN]
        if agreements.sides_open_to(each, person, today)
    ]


def _address(pk: int) -> str:
    return reverse("console-agreement", args=[pk])


def groups(person: Person, today: date) -> list[tuple[str, str, str, list[Line]]]:
    """Code, title and address of each kind of work, with its lines."""
    return [
        (
            "agreements", _("Agreements to sign"), reverse("console-agreements") + "?show=offered",
            signatures(person, today),
        ),
    ]  # fmt: skip
