"""What waits for a person in the rulebook: to sign, to answer, to publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import (
    Consultation,
    MeasureProposal,
    RuleVersion,
    Side,
    TransferAgreement,
)
from xueqiao.creditbank.rulebook import steps, texts
from xueqiao.people import rights
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person

# Title, detail and address of one thing to do.
Line = tuple[str, str, str]
SHOWN, MOST = 8, 50
State = RuleVersion.State


def groups(person: Person, today: date) -> list[tuple[str, str, str, list[Line]]]:
    """Code, title and address of each kind of work, with its lines; nothing for other roles.

    At most four queries; one for somebody without such a role.
    """
    roles = rights.roles_in_force(person, rights.AGREEMENTS, today)
    held = list(roles.values_list("kind", "institution_id"))
    if not held:
        return []
    bodies = {institution for _kind, institution in held if institution}
    rows, here = in_making(person, today), reverse("console-rules")
    found = [
        (
            "consultations", _("Consultations to answer or close"), here,
            [_consultation(row) for row in rows if row.open_comments or row.is_over],
        ),
    ]  # fmt: skip
    if bodies:
        address = reverse("console-agreements") + "?show=offered"
        lines = agreements(person, today, bodies)
        found.append(("agreements", _("Agreements to sign"), address, lines))
        lines = [_version(row) for row in rows if _lacks_signature(row, bodies)]
        address = f"{here}?state={State.CONSULTED}"
        found.append(("rules-sign", _("Rules to sign"), address, lines))
    if {kind for kind, _institution in held} & rights.RULES_PUBLISH.roles:
        lines = [_version(row) for row in rows if row.state == State.SIGNED]
        address = f"{here}?state={State.SIGNED}"
        found.append(("rules", _("Rules to publish"), address, lines))
        address = reverse("console-measures")
        found.append(("measures", _("Numbers to decide"), address, numbers(person)))
    return found


def agreements(person: Person, today: date, bodies: set[int]) -> list[Line]:
    """Agreements put forward that lack the signature of a body the person speaks for."""
    lacking = Q()
    for side in Side.values:
        lacking |= Q(**{f"{side}_institution__in": bodies, f"signed_{side}": None})
    rows = TransferAgreement.objects.kept_by(person, today).awaiting().filter(lacking)
    return [
        (
            titled(each), f"{each.giving} · {each.receiving}",
            reverse("console-agreement", args=[each.pk]),
        )
        for each in rows.order_by("offered_at", "pk")[:SHOWN]
    ]  # fmt: skip


def in_making(person: Person, today: date) -> list[Any]:
    """Versions between check and publication, each with ``open_comments`` and ``is_over``, whether
    the last day of its consultation is over.
    """
    opened = Q(consultations__closed_at=None)
    comments = Count(
        "consultations__comments",
        opened & Q(consultations__comments__reply=None), distinct=True,
    )  # fmt: skip
    over = Consultation.objects.filter(version=OuterRef("pk"), closed_at=None, closes_on__lt=today)
    rows = steps.versions_kept_by(person, today).prefetch_related(None)
    rows = rows.prefetch_related("signatures").filter(
        state__in=[State.LINTED, State.CONSULTED, State.SIGNED]
    )
    found = rows.annotate(open_comments=comments, is_over=Exists(over))
    return list(found.order_by("pk")[:MOST])


def numbers(person: Person) -> list[Line]:
    """Proposed numbers of measures; nobody decides their own."""
    rows = MeasureProposal.objects.filter(state=MeasureProposal.State.PROPOSED)
    address = reverse("console-measures")
    return [
        (titled(each), f"{each.code} {each.version}", address)
        for each in rows.exclude(proposed_by=person).order_by("proposed_at", "pk")[:SHOWN]
    ]


def _lacks_signature(row: RuleVersion, bodies: set[int]) -> bool:
    """Whether a side that somebody speaks for has not signed what a consulted version says."""
    if row.state != State.CONSULTED:
        return False
    read = texts.text_hash(row)
    signed = {each.side for each in row.signatures.all() if each.text_hash == read}
    agreement = row.rule.agreement
    return any(
        side not in signed and getattr(agreement, f"{side}_institution_id") in bodies
        for side in Side.values
    )


def _consultation(row: Any) -> Line:
    detail = _("{n} comments without an answer").format(n=row.open_comments)
    return titled(row.rule), detail, reverse("console-rule", args=[row.pk])


def _version(row: RuleVersion) -> Line:
    detail = f"{titled(row.rule.programme)} · {row.rule.code} {row.number}"
    return titled(row.rule), detail, reverse("console-rule", args=[row.pk])
