"""The gate of the way in: what was erased does not come back, by whatever road it is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.records import names
from xueqiao.records.erasure import texts, tombstones
from xueqiao.records.models import Actor, ErasedIdentifier

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from xueqiao.records.xapi.facts import Facts


# For so long a process believes that nothing was erased yet, where a later look decides.
_BELIEVED_SECONDS = 1.0


class Erased(errors.Refusal):
    """The statement was erased on a decision that stands; it is not taken again."""

    code = "records.erased"


class Seen(NamedTuple):
    """What the gate found in a batch.

    Attributes:
        refused: sentence for each id that must not come in.
        identifiers: of the batch's agents, those of which something was erased, with the moment.
    """

    refused: dict[uuid.UUID, str]
    identifiers: dict[str, datetime]


NOTHING = Seen({}, {})


def is_clear(batches: Iterable[Mapping[uuid.UUID, tuple[int, Facts]]]) -> bool:
    """Whether nothing of some batches was erased before; one query until the first erasure."""
    return not tombstones.known() or all(look(good) == NOTHING for good in batches)


def seems_clear(good: Mapping[uuid.UUID, tuple[int, Facts]]) -> bool:
    """``is_clear`` of one batch, without a query each time while nothing was erased at all."""
    return not tombstones.known(believed_seconds=_BELIEVED_SECONDS) or look(good) == NOTHING


def look(good: Mapping[uuid.UUID, tuple[int, Facts]]) -> Seen:
    """What of a batch was erased before.

    Call it in the transaction that has inserted the batch: a statement that is being erased at
    this moment is then either still in the way of the insert or already known here.
    """
    tables = tombstones.known()
    if not tables:
        return NOTHING
    refused = {}
    if "ids" in tables:
        refused = {key: _id_text(key) for key in tombstones.is_tombstoned(good)}
    if "identifiers" not in tables:
        return Seen(refused, {})
    found = {key: each for key, (_position, each) in good.items()}
    named = (each.named.agents for each in found.values())
    erased = moments({each.actor for each in found.values()}.union(*named) - {""})
    for key, each in found.items():
        if each.actor in erased and each.event_at and each.event_at < erased[each.actor]:
            refused.setdefault(key, _replay_text(key, erased[each.actor]))
    return Seen(refused, erased)


def moments(identifiers: set[str]) -> dict[str, datetime]:
    """When each of some identifiers was erased, at the latest; others are left out."""
    hashes = {tombstones.hash_of(each): each for each in identifiers}
    found: dict[str, datetime] = {}
    for some in bulk.chunks(hashes):
        rows = ErasedIdentifier.objects.in_force().filter(hash__in=some).order_by("erased_at")
        for each, at in rows.values_list("hash", "erased_at"):
            assert at is not None
            found[hashes[each]] = at
    return found


def anew(identifiers: Mapping[str, datetime], numbers: Mapping[str, int]) -> dict[int, int]:
    """Numbers of identifiers that were erased after the batch had looked its numbers up.

    Who was erased keeps nothing: later statements belong to a new, unknown actor.

    Returns:
        The new number by the one that the batch has now.
    """
    held = {each: numbers[each] for each in identifiers if each in numbers}
    rows = Actor.objects.filter(pk__in=held.values()).values_list("pk", "ifi")
    right = {pk for pk, ifi in rows if held.get(ifi) == pk}
    stale = {each: number for each, number in held.items() if number not in right}
    if not stale:
        return {}
    fresh = names.actors(stale, max(identifiers.values()))
    return {number: fresh[each] for each, number in stale.items()}


def id_only(key: uuid.UUID) -> str:
    """All that quarantine keeps of an erased statement that was sent again."""
    return msgspec.json.encode({"id": str(key)}).decode()


def cleaned(held: Sequence[str]) -> list[str]:
    """Texts for quarantine; empty in place of one of before somebody it names was erased.

    Also in place of one that does not say of when it is.
    """
    if not held or "identifiers" not in tombstones.known():
        return list(held)
    return ["" if _is_of_before(text) else text for text in held]


def _is_of_before(text: str) -> bool:
    erased = moments(texts.identifiers(text))
    if not erased:
        return False
    happened = texts.happened(text)
    return happened is None or happened < max(erased.values())


def _id_text(key: uuid.UUID) -> str:
    text = _("The statement {id} was erased and is not taken again.")
    return text.format(id=key)


def _replay_text(key: uuid.UUID, at: datetime) -> str:
    text = _(
        "The statement {id} happened before its actor's statements were erased on {day}; it is not "
        "taken again."
    )
    return text.format(id=key, day=f"{at:%Y-%m-%d}")
