"""Banks and alliances on one ledger: founded, joined, left; what stands in their catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.service.models import Bank, BankMember, BankOffer

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person


class BankCodeTaken(errors.Refusal):
    """Another bank has this code."""

    code = "service.bank_code_taken"


class BankUnfit(errors.Refusal):
    """A bank without name or founding document, or a day that cannot be."""

    code = "service.bank_unfit"
    status = 422


@transaction.atomic
def found(
    *, code: str, name_zh: str, name_en: str, kind: str, place_id: int, source: str,
    valid_from: date, by: Person | None, at: datetime, charter_zh: str = "", charter_en: str = "",
    node_id: int | None = None, is_sample: bool = False,
) -> Bank:  # fmt: skip
    """Found a bank or an alliance, once for each code; a repeated call returns it.

    Args:
        source: the document that founds it.
        by: None only from the shell.

    Raises:
        BankUnfit, BankCodeTaken, rights.NotAllowed.
    """
    _may(by, place_id, at)
    if not (code.strip() and name_zh.strip() and source.strip()) or kind not in Bank.Kind.values:
        text = _("A bank needs a code, a kind, a Chinese name and the document that founds it.")
        raise BankUnfit(text, pointer="code")
    facts = {"name_zh": name_zh, "kind": kind, "place_id": place_id}
    more: dict[str, Any] = {
        "name_en": name_en, "source": source, "valid_from": valid_from, "charter_zh": charter_zh,
        "charter_en": charter_en, "node_id": node_id, "is_sample": is_sample,
    }  # fmt: skip
    bank, made = Bank.objects.get_or_create(code=code.strip(), defaults={**facts, **more})
    if not made and any(getattr(bank, field) != value for field, value in facts.items()):
        text = _("The code {code} belongs to {name}. Choose another one.")
        raise BankCodeTaken(text.format(code=code, name=bank.name_zh), pointer="code")
    return bank


@transaction.atomic
def admit(
    *, bank: Bank, institution_id: int, role: str, valid_from: date, by: Person | None,
    at: datetime,
) -> BankMember:  # fmt: skip
    """Take an institution in as a member; a repeated call returns the membership.

    Raises:
        BankUnfit: an unknown role. rights.NotAllowed.
    """
    locked = _locked(bank, by, at)
    if role not in BankMember.Role.values:
        raise BankUnfit(_("Choose one of the roles."), pointer="role")
    member, _made = BankMember.objects.get_or_create(
        bank=locked, institution_id=institution_id, valid_to=None,
        defaults={"role": role, "valid_from": valid_from, "added_by": by},
    )  # fmt: skip
    return member


@transaction.atomic
def dismiss(*, member: BankMember, day: date, by: Person, at: datetime) -> BankMember:
    """End a membership; the day is the first without. Raises BankUnfit, rights.NotAllowed."""
    _locked(member.bank, by, at)
    ended: BankMember = _end(member, day)
    return ended


@transaction.atomic
def offer(
    *, bank: Bank, valid_from: date, by: Person | None, at: datetime, unit_id: int | None = None,
    programme_id: int | None = None,
) -> BankOffer:  # fmt: skip
    """Put a unit or a programme into a bank's catalogue; a repeated call returns what is there.

    Raises:
        BankUnfit: not exactly one of the two. rights.NotAllowed.
    """
    locked = _locked(bank, by, at)
    if (unit_id is None) == (programme_id is None):
        raise BankUnfit(_("Choose a unit or a programme."), pointer="unit")
    what: dict[str, Any] = {"unit_id": unit_id, "programme_id": programme_id}
    offered, _made = BankOffer.objects.get_or_create(
        bank=locked, valid_to=None, defaults={"valid_from": valid_from, "added_by": by}, **what
    )
    return offered


@transaction.atomic
def take_out(*, offered: BankOffer, day: date, by: Person, at: datetime) -> BankOffer:
    """Take something out of a catalogue; the day is the first without.

    What was recognised under it stays recognised. Raises BankUnfit, rights.NotAllowed.
    """
    _locked(offered.bank, by, at)
    ended: BankOffer = _end(offered, day)
    return ended


def in_force(day: date) -> QuerySet[Bank]:
    """The banks of a day with ``member_count`` and ``offer_count``, by name."""
    lasting = Q(members__valid_to=None) | Q(members__valid_to__gt=day)
    offered = Q(offers__valid_to=None) | Q(offers__valid_to__gt=day)
    rows = Bank.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)
    return rows.annotate(
        member_count=Count("members", lasting & Q(members__valid_from__lte=day), distinct=True),
        offer_count=Count("offers", offered & Q(offers__valid_from__lte=day), distinct=True),
    ).order_by("name_zh", "pk")


def members(bank: Bank, day: date) -> QuerySet[Any]:
    """A bank's members on a day, leading ones first."""
    rows = BankMember.objects.in_force(day).filter(bank=bank).select_related("institution")
    return rows.order_by("role", "institution__name", "pk")


def units(bank: Bank, day: date) -> QuerySet[Any]:
    """The units in a bank's catalogue on a day, each with standard and level, by code."""
    rows = BankOffer.objects.in_force(day).filter(bank=bank, unit__isnull=False)
    return rows.select_related("unit__standard", "unit__level").order_by("unit__code", "pk")


def programmes(bank: Bank, day: date) -> QuerySet[Any]:
    """The programmes in a bank's catalogue on a day, by title."""
    rows = BankOffer.objects.in_force(day).filter(bank=bank, programme__isnull=False)
    related = ("programme__institution", "programme__level")
    return rows.select_related(*related).order_by("programme__title_zh", "pk")


def _end(row: Any, day: date) -> Any:
    locked = row.__class__.objects.select_for_update().get(pk=row.pk)
    if day < locked.valid_from:
        text = _("It holds since {start}. Choose that day or a later one.")
        raise BankUnfit(text.format(start=clock.written(locked.valid_from)), pointer="day")
    if locked.valid_to is None:
        locked.valid_to = day
        locked.save(update_fields=["valid_to"])
    return locked


def _may(by: Person | None, place_id: int, at: datetime) -> None:
    if by is not None:
        rights.check(by, rights.SERVICE_BANKS, clock.local_date(at), place_id=place_id)


def _locked(bank: Bank, by: Person | None, at: datetime) -> Bank:
    locked = Bank.objects.select_for_update().get(pk=bank.pk)
    _may(by, locked.place_id, at)
    return locked
