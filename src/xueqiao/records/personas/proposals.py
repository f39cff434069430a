"""What may be proposed because it is a fact: a hash that is the SHA-1 of a known mailbox."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.records.models import Actor, Persona, PersonaMember, PersonaProposal
from xueqiao.records.personas import membership, reading

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

MAILBOXES = 200_000


class ProposalDecided(errors.Refusal):
    """The proposal was accepted or turned down before."""

    code = "records.proposal_decided"


def sha1_of(mailbox: str) -> str:
    """The identifier of the hash of a mailbox: SHA-1 of its address with ``mailto:``.

    >>> sha1_of("mbox|mailto:wei@school.example")
    'sha1|5059aa7a271c99387769a68ffcdf1ffadfc58d64'
    """
    address = mailbox.removeprefix("mbox|")
    return f"sha1|{hashlib.sha1(address.encode()).hexdigest()}"  # noqa: S324 - the standard's own hash


def find(*, now: datetime) -> int:
    """Propose each mailbox and its hash that are both known and not together. How many are new.

    Nothing is joined: an operator does, or does not.
    """
    if not Actor.objects.filter(ifi__startswith="sha1|").exists():
        return 0
    mailboxes = Actor.objects.filter(ifi__startswith="mbox|").order_by("pk")
    hashes = {
        sha1_of(ifi): pk for pk, ifi in mailboxes.values_list("pk", "ifi")[:MAILBOXES].iterator()
    }
    rows = []
    for some in bulk.chunks(hashes):
        known = Actor.objects.filter(ifi__in=some).values_list("pk", "ifi")
        rows += [(hashes[ifi], hashed, now) for hashed, ifi in known]
    held = _personas([pk for row in rows for pk in row[:2]])
    apart = [row for row in rows if held.get(row[0], 0) != held.get(row[1], -1)]
    columns = ("mailbox_id", "hashed_id", "found_at")
    return bulk.insert(PersonaProposal, columns, sorted(apart), ignore_conflicts=True)


def _personas(actors: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in bulk.chunks(actors):
        found.update(reading.members().filter(actor__in=some).values_list("actor", "persona"))
    return found


@transaction.atomic
def accept(*, proposal: PersonaProposal, by: Person, at: datetime) -> Persona:
    """Join a mailbox and its hash.

    Raises:
        ProposalDecided: somebody decided.
        TwoPersons: they are linked to different persons.
    """
    found = _decide(proposal, by, at, is_accepted=True)
    pair = [found.mailbox.ifi, found.hashed.ifi]
    why = _("The hash is the SHA-1 of the mailbox.")
    return membership.join(identifiers=pair, why=why, by=by, at=at)


@transaction.atomic
def turn_down(*, proposal: PersonaProposal, by: Person, at: datetime) -> PersonaProposal:
    """Leave a mailbox and its hash apart; they are not proposed again.

    Raises:
        ProposalDecided: somebody decided.
    """
    return _decide(proposal, by, at, is_accepted=False)


def _decide(
    proposal: PersonaProposal, by: Person, at: datetime, *, is_accepted: bool
) -> PersonaProposal:
    found = PersonaProposal.objects.select_for_update().get(pk=proposal.pk)
    if found.is_accepted is not None:
        raise ProposalDecided(_("Somebody decided about this pair before."))
    found.is_accepted, found.decided_by, found.decided_at = is_accepted, by, at
    found.save(update_fields=["is_accepted", "decided_by", "decided_at"])
    return found


def waiting() -> list[PersonaProposal]:
    """The first proposals that wait, oldest first, without pairs that are together by now."""
    rows = PersonaProposal.objects.filter(is_accepted=None).select_related("mailbox", "hashed")
    found = list(rows.order_by("pk")[:100])
    pairs = PersonaMember.objects.filter(left_at=None)
    held = dict(
        pairs.filter(actor__in=[each.mailbox_id for each in found]).values_list("actor", "persona")
    ) | dict(
        pairs.filter(actor__in=[each.hashed_id for each in found]).values_list("actor", "persona")
    )
    return [each for each in found if held.get(each.mailbox_id, 0) != held.get(each.hashed_id, -1)]
