"""What waits for a person in the rulebook: to sign, to answer, to publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import (
    Consultation,
    MeasureProposal,
    RuleVersion,
    Side,
    TransferAgreement,
)
from xueqiao.creditbank.rulebook import steps
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

# Title, detail and address of one thing to do.
Line = tuple[str, str, str]
SHOWN = 8


def groups(person: Person, today: date) -> list[tuple[str, str, str, list[Line]]]:
    """Code, title and address of each kind of work, with its lines; nothing for other roles."""
    roles = rights.roles_in_force(person, rights.AGREEMENTS, today)
    held = list(roles.values_list("kind", "institution_id"))
    if not held:
        return []
    bodies = {institution for _kind, institution in held if institution}
    found = [
        (
            "agreements", _("Agreements to sign"), reverse("console-agreements") + "?show=offered",
            agreements(person, today, bodies),
        ),
        (
            "consultations", _("Consultations to answer or close"), reverse("console-rules"),
            consultations(person, today),
        ),
    ]  # fmt: skip
    versions = RuleVersion.State
    if bodies:
        lines = to_sign(person, today, bodies)
        address = reverse("console-rules") + f"?state={versions.CONSULTED}"
        found.append(("rules-sign", _("Rules to sign"), address, lines))
    if {kind for kind, _institution in held} & rights.RULES_PUBLISH.roles:
        address = reverse("console-rules") + f"?state={versions.SIGNED}"
        found.append(("rules", _("Rules to publish"), address, to_publish(person, today)))
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
            each.title_zh, f"{each.giving} · {each.receiving}",
            reverse("console-agreement", args=[each.pk]),
        )
        for each in (rows.order_by("offered_at", "pk")[:SHOWN] if bodies else [])
    ]  # fmt: skip


def consultations(person: Person, today: date) -> list[Line]:
    """Consultations with comments that nobody has answered, or whose last day is over."""
    kept = steps.versions_kept_by(person, today).order_by().values("pk")
    rows: QuerySet[Any] = Consultation.objects.filter(closed_at=None, version__in=kept).annotate(
        open_comments=Count("comments", Q(comments__reply=None))
    )
    rows = rows.filter(Q(open_comments__gt=0) | Q(closes_on__lt=today))
    return [
        (
            each.version.rule.title_zh,
            _("{n} comments without an answer").format(n=each.open_comments),
            reverse("console-consultation", args=[each.pk]),
        )
        for each in rows.select_related("version__rule").order_by("closes_on", "pk")[:SHOWN]
    ]


def to_sign(person: Person, today: date, bodies: set[int]) -> list[Line]:
    """Consulted rule versions of the person's bodies, without their signature."""
    rows = steps.versions_kept_by(person, today).filter(state=RuleVersion.State.CONSULTED)
    found = []
    for row in rows.prefetch_related("signatures").order_by("pk")[:SHOWN]:
        signed = {each.side for each in row.signatures.all()}
        sides = {
            side
            for side in Side.values
            if getattr(row.rule.agreement, f"{side}_institution_id") in bodies
        }
        if sides - signed:
            found.append(_version(row))
    return found


def to_publish(person: Person, today: date) -> list[Line]:
    """Rule versions that both sides have signed."""
    rows = steps.versions_kept_by(person, today).filter(state=RuleVersion.State.SIGNED)
    return [_version(row) for row in rows.prefetch_related(None).order_by("pk")[:SHOWN]]


def numbers(person: Person) -> list[Line]:
    """Proposed numbers of measures; nobody decides their own."""
    rows = MeasureProposal.objects.filter(state=MeasureProposal.State.PROPOSED)
    address = reverse("console-measures")
    return [
        (each.title_zh, f"{each.code} {each.version}", address)
        for each in rows.exclude(proposed_by=person).order_by("proposed_at", "pk")[:SHOWN]
    ]


def _version(row: RuleVersion) -> Line:
    detail = f"{row.rule.programme.title_zh} · {row.rule.code} {row.number}"
    return row.rule.title_zh, detail, reverse("console-rule", args=[row.pk])
