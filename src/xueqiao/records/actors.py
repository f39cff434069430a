"""Who stands behind an actor: what ``people`` knows, copied where filters and the lake need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery

from xueqiao.people import identity
from xueqiao.records.models import Actor
from xueqiao.records.personas import reading

if TYPE_CHECKING:
    from datetime import datetime


@transaction.atomic
def resolve(*, at: datetime) -> int:
    """Bring the person of every actor up to what ``people`` knows now. May be called at any time.

    Only an account that somebody linked to a person counts, and the identifiers that somebody
    joined with it to one persona; nobody is guessed. An account whose link was taken back stands
    for an unknown learner again.

    Returns:
        How many actors changed; their ``updated_at`` becomes ``at``, so that the lake follows.
    """
    return _by_account(at) + _by_persona(at)


def _by_account(at: datetime) -> int:
    # Named by string: only the people app imports its own models.
    links = apps.get_model("people", "OutsideAccount")._default_manager
    linked = links.filter(home_page=OuterRef("home_page"), name=OuterRef("name"))
    person = Subquery(linked.values("person_id")[:1], output_field=models.BigIntegerField())
    alone = Actor.objects.exclude(pk__in=reading.members().values("actor"))
    stale = alone.annotate(known_id=person).filter(
        (Q(known_id__isnull=False) & (Q(person=None) | ~Q(person_id=F("known_id"))))
        | Q(known_id__isnull=True, person__isnull=False)
    )
    changed = list(stale.values_list("pk", flat=True))
    for start in range(0, len(changed), 5000):
        some = Actor.objects.filter(pk__in=changed[start : start + 5000])
        some.update(person_id=person, updated_at=at)
    return len(changed)


def _by_persona(at: datetime) -> int:
    """A member is the person of its own link, else the one person of the others' links."""
    columns = ("persona", "actor", "actor__home_page", "actor__name", "actor__person")
    members = list(reading.members().values_list(*columns))
    linked = identity.persons_of([(home, name) for _of, _who, home, name, _now in members if name])
    persons: dict[int, set[int]] = {}
    for persona, _who, home, name, _now in members:
        persons.setdefault(persona, set()).update({linked.get((home, name), 0)} - {0})
    changed = 0
    for persona, actor, home, name, now in members:
        sole = min(persons[persona]) if len(persons[persona]) == 1 else None
        wanted = linked.get((home, name), sole)
        if wanted != now:
            changed += Actor.objects.filter(pk=actor).update(person_id=wanted, updated_at=at)
    return changed
