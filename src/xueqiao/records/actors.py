"""Who stands behind an actor: what ``people`` knows, copied where filters and the lake need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery

from xueqiao.records.models import Actor

if TYPE_CHECKING:
    from datetime import datetime


@transaction.atomic
def resolve(*, at: datetime) -> int:
    """Bring the person of every actor up to what ``people`` knows now. May be called at any time.

    Only an account that somebody linked to a person counts; nobody is guessed. An account whose
    link was taken back stands for an unknown learner again.

    Returns:
        How many actors changed; their ``updated_at`` becomes ``at``, so that the lake follows.
    """
    # Named by string: only the people app imports its own models.
    links = apps.get_model("people", "OutsideAccount")._default_manager
    linked = links.filter(home_page=OuterRef("home_page"), name=OuterRef("name"))
    person = Subquery(linked.values("person_id")[:1], output_field=models.BigIntegerField())
    known = Actor.objects.exclude(name="").annotate(known_id=person)
    stale = known.filter(
        (Q(known_id__isnull=False) & (Q(person=None) | ~Q(person_id=F("known_id"))))
        | Q(known_id__isnull=True, person__isnull=False)
    )
    changed = list(stale.values_list("pk", flat=True))
    for start in range(0, len(changed), 5000):
        some = Actor.objects.filter(pk__in=changed[start : start + 5000])
        some.update(person_id=person, updated_at=at)
    return len(changed)
